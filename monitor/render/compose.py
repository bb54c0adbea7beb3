"""Scene in, Message out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from monitor.models import Json, Person, Reason
from monitor.notifier import Action, Attachment, Message, Quote
from monitor.render import templates
from monitor.render.actions import actions
from monitor.render.facts import AwayView, ChannelView, DayView, Facts, FirstView, SourceView
from monitor.render.inline import person
from monitor.render.phrases import Times, at_time, ended
from monitor.render.sheet import FILE_NAME, folded_csv
from monitor.render.values import Scene, Told
from monitor.render.views import STANDS_ALONE, View, plural_kind, source_counts, stars_counts, worst_first
from monitor.text import in_order, safe_link

QUOTED_OF_MANY = 3  # of a folded message
DATA_MENTIONS = 50  # mentions a webhook gets in full; the rest is reachable through `batch`
MAIL_TEXT = 6000  # characters of one text in a mail; the whole is at the link
MAIL_OF_MANY = 600  # characters of one text where a mail quotes several

MUST_BE_HEARD = {Reason.REMINDER, Reason.ESCALATION, Reason.EDITED_WORSE, Reason.REPLY_GONE, Reason.REOPENED}
"""A thread makes no sound: these address a person, or are shown in the channel as well."""

ONCE = "I write once about this."
SPENT = "I write at most once a day about a budget."
IS_A_TEST = "This is a test, asked for with monitor send-test: nobody has to answer, and nothing follows."
STOPS = {
    Reason.GOOD_NEWS: ONCE,
    Reason.WON_BACK: ONCE,
    Reason.SUMMARY: "From now on you hear of each new bad one as it comes.",
    Reason.CAUGHT_UP: ONCE,
    Reason.SOURCE_BROKEN: "I will write once a day, and once when it works again.",
    Reason.STILL_BROKEN: "I will write once a day, and once when it works again.",
    Reason.RECOVERED: ONCE,
    Reason.CHANNEL_BROKEN: "I write at most once a day about a channel.",
    Reason.CONFIG_BROKEN: "I write once about this change.",
    Reason.STORE_BROKEN: ONCE,
    Reason.KEY_ENDS: "I write 14, 3 and 1 days before it ends. A new key stops this.",
    Reason.DAMAGE: ONCE,
    Reason.DIGEST: "",
    Reason.TEST: "",
}


def message(scene: Scene) -> Message:
    """Return the finished words of one scene: card, mail and data. Pure; the same scene gives the same words."""
    times = Times(scene.now, scene.zone)
    facts = Facts(scene.facts)
    told = worst_first(scene.told) if _is_folded(scene) else list(scene.told)
    views = [View(one, times, scene.reader, facts) for one in told]
    quotes = _quotes(scene, views)
    attached = (folded_csv(told),) if scene.attach and _is_folded(scene) else ()
    words = templates.words(_template(scene), _context(scene, views, facts, times, attached))
    subject, headline = words["subject"], words["headline"]
    lines = words["lines"]
    if scene.test:
        subject, headline = f"TEST: {subject}", f"TEST · {headline}"
        lines = (IS_A_TEST, *lines)
    done = actions(scene, views, facts)
    finished = Message(
        id=scene.id,
        subject=subject,
        headline=headline,
        text="",
        quotes=quotes,
        lines=lines,
        actions=done,
        tag=_tag(scene),
        broadcast=scene.reason in MUST_BE_HEARD and not _tag(scene),
        attachments=attached,
        data=_data(scene, told, views),
        test=scene.test,
    )
    return _with_mail(finished, scene, views, words)


def _is_folded(scene: Scene) -> bool:
    return len(scene.told) > 1 and scene.reason in STANDS_ALONE


def _template(scene: Scene) -> str:
    if _is_folded(scene):
        return "folded"
    if scene.reason is Reason.TEST and scene.told:
        return "new"
    if scene.reason in STANDS_ALONE and not scene.told and scene.reason is not Reason.TEST:
        return "erased"  # what it was about has been erased in the meantime
    return scene.reason.value


def _tag(scene: Scene) -> tuple[str, ...]:
    if scene.tag:
        return scene.tag
    heard = scene.reason in MUST_BE_HEARD and scene.reader is not None and scene.reader.slack
    return (str(heard),) if heard else ()


# --- words ---------------------------------------------------------------------------------------


def _context(
    scene: Scene, views: Sequence[View], facts: Facts, times: Times, attached: Sequence[Attachment]
) -> dict[str, Any]:
    one = views[0] if views else None
    context: dict[str, Any] = {
        "t": one,
        "ts": views,
        "f": facts,
        "hello": f"Hello {person(scene.reader.name)}," if scene.reader else "Hello,",
        "stops": _stops(scene, views),
        "offers": scene.offers,
        "batch": scene.batch_command,
        "file": FILE_NAME if attached else "",
        "commands": "",
        "at": lambda when: times.at(when) if when else "",
    }
    if _is_folded(scene):
        context |= _folded(scene, views, times)
    elif one is not None:
        context |= {
            "climbs": _climbs(one, facts, times),
            "ask": _ask(one, facts),
            "answered_by": _answered_by(one, facts, scene.reader),
        }
    if scene.reason not in STANDS_ALONE:
        context |= {
            "src": SourceView(facts, times),
            "first": FirstView(facts, len(views)),
            "away": AwayView(facts, times),
            "day": DayView(facts, times, [view.one_line for view in views]),
            "chan": ChannelView(facts, times),
        }
    return context


def _stops(scene: Scene, views: Sequence[View]) -> str:
    if scene.stops:
        return ended(scene.stops)
    if scene.facts.get("code") == "over_budget":
        return SPENT
    if scene.reason in STOPS or scene.test:
        return STOPS.get(scene.reason, "")
    if len(views) != 1 or views[0].told.case is None or views[0].answered:
        return ONCE
    view = views[0]
    if view.told.sees_answers == "yes":
        return f"Once {view.site} shows your answer I stop by myself."
    if view.told.sees_answers == "late":
        return f"{view.site} shows answers late: once I see yours there I stop by myself."
    if "answer" in scene.offers:
        return f"I cannot see answers on {view.site}; tell me when you have answered: monitor answer {view.case}."
    return f"I cannot see answers on {view.site}, so I write once about this."


FOLDED = {
    Reason.EDITED_WORSE: "{} changed for the worse",
    Reason.REMINDER: "{} still without an answer",
    Reason.ESCALATION: "{} still without an answer",
    Reason.REPLY_GONE: "{} whose answer no longer stands there",
    Reason.REOPENED: "{} open again",
    Reason.WON_BACK: "{} changed for the better",
}


def _folded(scene: Scene, views: Sequence[View], times: Times) -> dict[str, Any]:
    told = [view.told for view in views]
    bad = sum(one.label == "bad" for one in told)
    good = sum(one.label == "good" for one in told)
    kinds = plural_kind(told, len(told))
    if scene.reason in FOLDED:
        how_many = FOLDED[scene.reason].format(kinds)
    elif len(told) in (bad, good):
        how_many = kinds.replace(" ", " bad " if bad else " good ", 1)
    else:
        how_many = f"{kinds}, {bad:,} of them bad" if bad else kinds
    if urgent := sum(view.urgent for view in views):
        how_many += f", {urgent:,} urgent"
    quoted = min(len(told), QUOTED_OF_MANY)
    places = {view.site_where for view in views}
    which = "worst" if scene.reason not in (Reason.GOOD_NEWS, Reason.WON_BACK) else "first"
    return {
        "number": len(told),
        "how_many": how_many,
        "counts": source_counts(views),
        "marks": stars_counts(told),
        "first_at": times.at(min(one.first_seen_at for one in told)),
        "top_place": views[0].site_where if len(places) == 1 else "",
        "quoted_words": f"{which} {({2: 'two', 3: 'three'})[quoted]}",
    }


def _climbs(view: View, facts: Facts, times: Times) -> str:
    """Why an escalation comes to whom it comes."""
    had, since = person(facts.text("had", 60)) or view.holder, facts.when("had_since")
    for_how_long = f" since {times.at(since)}" if since else ""
    held = f"{had} has had it{for_how_long}" if had else "nobody has taken it"
    due = f" and an answer was due {at_time(view.due)}" if view.overdue else ""
    return f"This comes to you because {held}{due}."


def _ask(view: View, facts: Facts) -> str:
    if facts.flag("ask"):
        gave = f"gave {view.where or 'you'} {view.mark}" if view.mark else f"praised {view.where or 'you'}"
        return (
            f"{view.somebody} {gave} {view.ago_long}. "
            "Today is a good day to ask whether they would recommend you to a friend."
        )
    if view.answered:
        return "It has its thank-you already."
    return "A short thank-you is enough: two sentences, with something from the text."


def _answered_by(view: View, facts: Facts, reader: Person | None) -> str:
    case = view.told.case
    name = case.answered_by if case and case.answered_by else facts.text("answered_by", 60)
    return "You" if reader is not None and name == reader.name else person(name)


# --- quotes --------------------------------------------------------------------------------------


def _quotes(scene: Scene, views: Sequence[View]) -> tuple[Quote, ...]:
    if scene.reason is Reason.DIGEST or not views:
        return ()
    if _is_folded(scene):
        return tuple(_quote(view, view.heading) for view in views[:QUOTED_OF_MANY])
    if scene.reason in (Reason.SUMMARY, Reason.CAUGHT_UP):
        return tuple(_quote(view, view.heading) for view in views[:5])
    view = views[0]
    if scene.reason in (Reason.EDITED_WORSE, Reason.WON_BACK) and view.told.before is not None:
        before = Quote(view.told.before.text, heading="Before")
        return (before, replace(_quote(view), heading="Now"))
    if scene.reason is Reason.REPLY_GONE and view.told.reply is not None and view.told.reply.text:
        return (_quote(view), Quote(view.told.reply.text, heading="Our answer, no longer shown"))
    if view.answered_after and view.told.reply is not None and view.told.reply.text:
        return (_quote(view), Quote(view.told.reply.text, heading="Our answer"))
    return (_quote(view),)


def _quote(view: View, heading: str | None = None) -> Quote:
    told = view.told
    text = f"{told.title}\n{told.text}" if told.title and told.text.strip() else told.title or told.text
    if not text.strip() and view.not_here:
        text = f"({view.not_here})"
    more = Action("Show all", safe_link(told.url), f"monitor show {told.ref}")
    return Quote(text, told.author, heading, more)


# --- mail ----------------------------------------------------------------------------------------


def _with_mail(done: Message, scene: Scene, views: Sequence[View], words: Mapping[str, Any]) -> Message:
    closing = list(words["closing"])
    if scene.test:
        closing.append(IS_A_TEST)
    commands = [f"{action.command} ({action.label})" for action in done.actions if action.command and not action.url]
    if commands and not _is_folded(scene):
        closing.append(f"On the command line: {', '.join(commands)}.")
    limit = MAIL_TEXT if len(done.quotes) < 3 else MAIL_OF_MANY
    mail = {
        "subject": done.subject,
        "kicker": in_order(done.headline).split(" · ") if len(views) == 1 and scene.reason in STANDS_ALONE else [],
        "opening": [in_order(line) for line in words["opening"]],
        "items": _items(scene, views),
        "quotes": [templates.quote(quote, limit) for quote in done.quotes],
        "after": [in_order(line) for line in words["after"]],
        "links": [] if scene.reason is Reason.DIGEST else _mail_links(done.actions),
        "closing": closing,
        "refs": " · ".join(_refs(views)),
        "tone": _tone(scene, views),
        "language": "en",
    }
    return replace(done, text=templates.mail_text(mail), html=templates.mail_html(mail))


def _items(scene: Scene, views: Sequence[View]) -> list[tuple[str, str | None]]:
    if scene.reason is not Reason.DIGEST:
        return []
    return [(in_order(view.one_line), safe_link(view.told.answer_url) or safe_link(view.told.url)) for view in views]


def _mail_links(done: Sequence[Action]) -> list[tuple[str, str, str]]:
    """Return what is written, what stands on the button, and the address."""
    links = []
    for action in done:
        if action.url:
            words = "Answer here" if action.label.startswith("Answer on ") else action.label
            links.append((words, action.label, action.url))
    return links


def _refs(views: Sequence[View]) -> list[str]:
    return [views[0].ref, *([views[0].case] if views[0].case else [])] if len(views) == 1 else []


def _tone(scene: Scene, views: Sequence[View]) -> str:
    if scene.reason in (Reason.GOOD_NEWS, Reason.WON_BACK, Reason.RECOVERED):
        return "good"
    if scene.reason in (
        Reason.SOURCE_BROKEN, Reason.STILL_BROKEN, Reason.CHANNEL_BROKEN, Reason.CONFIG_BROKEN, Reason.KEY_ENDS,
        Reason.STORE_BROKEN, Reason.DAMAGE,
    ):  # fmt: skip
        return "broken"
    if scene.reason in STANDS_ALONE and views:
        return "good" if all(view.told.label == "good" or view.answered_after for view in views) else "bad"
    return "calm"


# --- data ----------------------------------------------------------------------------------------


def _data(scene: Scene, told: Sequence[Told], views: Sequence[View]) -> dict[str, Json]:
    return {
        "version": 1,
        "reason": scene.reason.value,
        "tone": _tone(scene, views),
        "at": scene.now.isoformat(),
        "test": scene.test,
        "reader": scene.reader.name if scene.reader else None,
        "stops": _stops(scene, views),
        "count": len(told),
        "batch": scene.batch_command or None,
        "mentions": [_mention(one) for one in told[:DATA_MENTIONS]],
        "facts": dict(scene.facts),
    }


def _mention(one: Told) -> dict[str, Json]:
    case = one.case
    return {
        "id": one.ref,
        "source": one.source,
        "site": one.site,
        "kind": one.kind.value,
        "place": one.place,
        "product": one.product,
        "author": one.author,
        "title": one.title,
        "text": one.text,
        "rating": one.rating.value if one.rating else None,
        "rating_best": one.rating.best if one.rating else None,
        "rating_worst": one.rating.worst if one.rating else None,
        "language": one.language,
        "published_at": one.published_at.isoformat() if one.published_at else None,
        "first_seen_at": one.first_seen_at.isoformat(),
        "url": safe_link(one.url),
        "answer_url": safe_link(one.answer_url),
        "severity": one.severity.value if one.severity else None,
        "label": one.label.value,
        "reasons": [why.as_json() for why in one.reasons],
        "audience": one.audience.size if one.audience else None,
        "audience_kind": one.audience.kind if one.audience else None,
        "before": {"text": one.before.text, "rating": one.before.rating.value if one.before.rating else None}
        if one.before
        else None,
        "case": {
            "id": case.ref,
            "state": case.state.value,
            "assignee": case.assignee,
            "due_at": case.due_at.isoformat() if case.due_at else None,
        }
        if case
        else None,
    }
