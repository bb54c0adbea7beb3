"""Facts in, words out: the message that one person or channel gets. Pure; reads its templates and nothing else.

    from monitor.render import Scene, Told, message

A `Scene` holds everything the words are made of, `message` returns a finished `monitor.notifier.Message`.
The words themselves stand in monitor/templates/words, one file a reason. Facts of an alert, by reason (all
optional; what is missing is not said; times are ISO text; unknown keys are ignored):

    NEW, TEST         why [{code, text, words}] where the mention itself has no reasons
    EDITED_WORSE      why; new [{code, text, words}]: what the edit brought; reopened: bool; edited_at
    REMINDER          number: which reminder this is; handed: why it comes to you, who had nothing to do with it
    ESCALATION        had: who had it so far; had_since
    REPLY_GONE        answered_at: since when our answer stood there; reopened
    REOPENED          why: a sentence
    WON_BACK          answered_by; edited_at
    GOOD_NEWS         ask: bool, the day after: ask for a recommendation instead of thanks
    SUMMARY           source, site, place; found: how many; unit: "review"; average, best: the scale;
                      site_count: the site's own count; would_have_sent: alerts of the last 30 days with today's
                      settings; url; new_place: bool, one more place of a source that is watched.
                      The mentions of the scene are the unanswered ones.
    CAUGHT_UP         from, to; why: "the machine was off"; found, bad, sources_seen: counts;
                      sources [{source, site, place, found, bad}]; lost [{source, site, place, from, to, why}]
    SOURCE_BROKEN,    source, site, place; since; why: a sentence; code: "empty" when it answers with nothing, "partly"
                      when some pages can be read, "over_budget" when the money of the day is spent;
    STILL_BROKEN      permanent: bool; next_try; mend: a command; minutes: to mend; others_fine, others_all: counts
                      of the other sources; others_seen_at; also [{source, site, place, since}]; url: the page
    RECOVERED         source, site, place; since, until; caught_up: mentions found in the gap, bad: of them;
                      lost: a sentence; others_fine, others_all, others_seen_at; also
    CHANNEL_BROKEN    channel; where: "#support on Slack"; since; why; permanent; instead: where it goes now;
                      waiting: messages; mend
    CONFIG_BROKEN     path; problems [text]; since: of when the active one is
    STORE_BROKEN      why: a sentence; since: until when was watched
    KEY_ENDS          source, site, place; ends_at; mend; minutes; url
    DAMAGE            found [text]; left [text]: what could not be mended
    DIGEST            waiting: count, if more than the scene holds; answered, fastest_minutes, thanks: yesterday;
                      won_back [{author, from, to}] with "1"; met, of: last week's target; best [{text, mark,
                      place}]; stars [{place, average, change}]; seen, total: sources; seen_at; gaps [{source,
                      site, from, to, caught_up: bool}]; watch, held: counts. The mentions of the scene are those
                      to answer.

Several mentions in one scene are folded: counts, the worst three, and the way to every one of them.
"""

from monitor.render.compose import MUST_BE_HEARD, message
from monitor.render.phrases import Times, span
from monitor.render.pictures import Picture, card_html, gallery, mail_page
from monitor.render.sheet import folded_csv
from monitor.render.steps import next_step
from monitor.render.values import Before, CaseLine, Past, Scene, Told

__all__ = [
    "MUST_BE_HEARD",
    "Before",
    "CaseLine",
    "Past",
    "Picture",
    "Scene",
    "Times",
    "Told",
    "card_html",
    "folded_csv",
    "gallery",
    "mail_page",
    "message",
    "next_step",
    "span",
]
