"""The scenes of the golden files: a café with two places and a shop, seen from London."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.models import (
    Audience,
    CaseState,
    Kind,
    Label,
    Person,
    Rating,
    Reason,
    Reply,
    ReplyState,
    Severity,
    SiteTotal,
    Why,
)
from monitor.render import Before, CaseLine, Past, Scene, Told

NOW = datetime(2026, 11, 24, 13, 34, tzinfo=UTC)
"""A Tuesday, 13:34 in London."""

MARA = Person("mara", "mara@example.org", "U0MARA")
ANA = Person("ana", "ana@example.org", "U0ANA")


def at(hour: int, minute: int = 0, *, day: int = 24, month: int = 11, year: int = 2026) -> datetime:
    """Return a moment, 24 November unless said otherwise."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def a_told(**changes: Any) -> Told:
    """Return a one-star review of a café, 14 minutes old at NOW."""
    values: dict[str, Any] = {
        "ref": "m12",
        "source": "google-quay",
        "site": "Google",
        "place": "Quay Street",
        "author": "Jonas K.",
        "text": "Waited 40 minutes for two coffees, then they were cold. Nobody said a word.",
        "rating": Rating(1),
        "language": "en",
        "published_at": NOW - timedelta(minutes=14),
        "first_seen_at": NOW - timedelta(minutes=1),
        "url": "https://maps.example/r/12",
        "answer_url": "https://business.example/r/12/reply",
        "severity": Severity.HIGH,
        "reasons": (
            Why("stars", "1 star"),
            Why("topic:waiting", "waiting", ("waited 40 minutes",)),
            Why("topic:ignored", "ignored", ("nobody said a word",)),
        ),
        "total": SiteTotal(412, 4.4),
        "case": CaseLine("c118", due_at=at(16, 30)),
        "sees_answers": "yes",
        "history": (Past(at(10, day=3, month=5), Rating(5), "ana"),),
    }
    return Told(**{**values, **changes})


def a_scene(reason: Reason = Reason.NEW, *told: Told, **changes: Any) -> Scene:
    """Return a scene for one delivery at NOW, in London."""
    values: dict[str, Any] = {"id": "d-0001", "now": NOW, "zone": "Europe/London"}
    return Scene(reason=reason, told=told, **{**values, **changes})


OFFERS = frozenset({"claim", "draft", "snooze", "close", "mark", "mail", "answer"})

EDITED = a_told(
    text="Wrote to them a week ago. No reply. Never again.",
    reasons=(Why("edited", "the stars fell from 4 to 1"), Why("topic:no follow-up", "no follow-up", ("no reply",))),
    before=Before("Nice place, a bit slow.", Rating(4), at(9, day=2, month=5)),
    reply=Reply("Thank you, Jonas.", ReplyState.OUTDATED, at(10, day=3, month=5)),
    case=CaseLine("c118", CaseState.CLAIMED, "ana", at(17), at(10, day=3, month=5), "ana"),
    published_at=at(9, day=2, month=5),
    history=(),
)

BROKEN_FACTS = {
    "source": "facebook-harbour",
    "site": "Facebook",
    "place": "Harbour Café",
    "since": at(9, 40).isoformat(),
    "why": "Facebook says the access ended with a password change",
    "permanent": True,
    "mend": "monitor connect facebook-harbour",
    "minutes": 3,
    "others_fine": 5,
    "others_all": 5,
    "others_seen_at": at(10, 20).isoformat(),
    "url": "https://www.facebook.example/harbour",
}

DIGEST_FACTS = {
    "best": [{"text": "Best flat white in town", "mark": "5 of 5", "place": "Mill Lane"}],
    "answered": 3,
    "fastest_minutes": 25,
    "won_back": [{"author": "Jonas K.", "from": "1", "to": "4"}],
    "thanks": 4,
    "met": 9,
    "of": 10,
    "stars": [
        {"place": "Quay Street", "average": 4.4, "change": 0.0},
        {"place": "Mill Lane", "average": 4.6, "change": 0.1},
    ],
    "seen": 6,
    "total": 6,
    "seen_at": at(8, 25).isoformat(),
    "gaps": [
        {
            "site": "Facebook",
            "from": at(9, 40, day=23).isoformat(),
            "to": at(11, 5, day=23).isoformat(),
            "caught_up": True,
        }
    ],
    "watch": 2,
}

WAITING = (
    a_told(case=CaseLine("c118", due_at=at(10, 30))),
    a_told(
        ref="m14",
        place="Shop",
        rating=Rating(2),
        reasons=(Why("stars", "2 stars"), Why("topic:broken", "broken", ("came in pieces",))),
        case=CaseLine("c119", CaseState.CLAIMED, "ben", at(17)),
        answer_url="https://shop.example/reviews/14",
    ),
)


def a_flood(number: int = 37) -> tuple[Told, ...]:
    """Return many bad reviews of two places, one a second, the last of them just now."""
    return tuple(
        a_told(
            ref=f"m{place + 100}",
            site="Google" if place % 5 else "Trustpilot",
            place="Quay Street" if place % 5 else None,
            author=f"Guest {place}",
            text=f"Card machine broken, no cash taken, sent away. Visit {place}.",
            rating=Rating(1 if place % 7 else 2),
            severity=Severity.CRITICAL if place == 17 else Severity.HIGH,
            first_seen_at=NOW - timedelta(seconds=number - place),
            published_at=NOW - timedelta(seconds=number - place),
            url=f"https://maps.example/r/{place}",
            case=None,
            history=(),
        )
        for place in range(number)
    )


SCENES: dict[str, Scene] = {
    "new": a_scene(Reason.NEW, a_told(), reader=MARA, offers=OFFERS),
    "new_answered": a_scene(
        Reason.NEW,
        a_told(
            reply=Reply("I am sorry, Jonas. Your next two are on us. Mara", ReplyState.VISIBLE, at(13, 32)),
            case=CaseLine("c118", CaseState.ANSWERED, "ana", at(16, 30), at(13, 32), "ana"),
        ),
    ),
    "new_without_stars": a_scene(
        Reason.NEW,
        a_told(
            site="Bluesky",
            kind=Kind.POST,
            place=None,
            rating=None,
            author="mara.example",
            text="Acme Coffee charged my card twice and nobody answers the phone.",
            audience=Audience(12_400, "followers"),
            total=None,
            severity=Severity.CRITICAL,
            reasons=(Why("danger:money", "money", ("charged my card twice",)),),
            sees_answers="no",
            history=(),
        ),
    ),
    "new_thumb_down": a_scene(
        Reason.NEW,
        a_told(
            site="Steam",
            place=None,
            product="Tiny Farm",
            rating=Rating(0, best=1, worst=0),
            text="",
            author=None,
            reasons=(Why("stars", "thumb down"),),
            case=None,
            history=(),
            total=None,
            answer_url=None,
            sees_answers="late",
        ),
    ),
    "edited_worse": a_scene(
        Reason.EDITED_WORSE,
        EDITED,
        reader=ANA,
        offers=frozenset({"draft"}),
        facts={
            "reopened": True,
            "edited_at": (NOW - timedelta(minutes=20)).isoformat(),
            "new": [{"code": "topic:no follow-up", "text": "no follow-up", "words": ["no reply"]}],
        },
    ),
    "folded": a_scene(
        Reason.NEW, *a_flood(), reader=MARA, batch_command="monitor mentions --batch d-0001", attach=True
    ),
    "summary": a_scene(
        Reason.SUMMARY,
        a_told(published_at=at(9, day=20), case=None),
        a_told(ref="m7", rating=Rating(2), author="Priya", text="Two stars for the tea.", published_at=at(9, day=9)),
        a_told(ref="m3", rating=Rating(1), author=None, text="", published_at=at(9, day=1)),
        facts={
            "source": "google-quay",
            "site": "Google",
            "place": "Quay Street",
            "found": 412,
            "average": 4.4,
            "would_have_sent": 4,
        },
    ),
    "caught_up": a_scene(
        Reason.CAUGHT_UP,
        a_told(),
        facts={
            "from": at(18, 2, day=20).isoformat(),
            "to": at(9, 15).isoformat(),
            "why": "the machine was off",
            "found": 37,
            "bad": 4,
            "sources_seen": 6,
            "sources": [
                {"source": "google-quay", "site": "Google", "place": "Quay Street", "found": 30, "bad": 3},
                {"source": "x-acme", "site": "X", "found": 7, "bad": 1},
            ],
            "lost": [
                {
                    "source": "x-acme",
                    "site": "X",
                    "from": at(18, 2, day=20).isoformat(),
                    "to": at(9, 15, day=22).isoformat(),
                    "why": "its search goes back seven days only",
                }
            ],
        },
    ),
    "source_broken": a_scene(Reason.SOURCE_BROKEN, facts=BROKEN_FACTS, now=at(10, 20), reader=MARA),
    "source_broken_empty": a_scene(
        Reason.SOURCE_BROKEN,
        facts={
            "source": "app-us",
            "site": "App Store",
            "since": at(9, 40).isoformat(),
            "why": "it answers, but with nothing where there always was something",
            "code": "empty",
            "permanent": False,
            "mend": "monitor poll app-us --dry-run",
            "others_fine": 3,
            "others_all": 5,
        },
    ),
    "source_broken_partly": a_scene(
        Reason.SOURCE_BROKEN,
        facts={
            **BROKEN_FACTS,
            "why": "1 of 5 pages could not be read; the first: the site answered 500",
            "code": "partly",
            "minutes": 0,
            "permanent": False,
            "next_try": at(10, 25).isoformat(),
            "mend": "monitor poll facebook-harbour --dry-run",
        },
    ),
    "source_broken_spent": a_scene(
        Reason.SOURCE_BROKEN,
        facts={
            **BROKEN_FACTS,
            "why": "the budget of the day for facebook-acme is spent (1 USD)",
            "code": "over_budget",
            "minutes": 0,
            "permanent": False,
            "next_try": at(0, 0, day=25).isoformat(),
            "mend": "",
        },
    ),
    "still_broken": a_scene(
        Reason.STILL_BROKEN, facts={**BROKEN_FACTS, "since": at(9, 40, day=23).isoformat()}, now=at(10, 20)
    ),
    "recovered": a_scene(
        Reason.RECOVERED,
        facts={**BROKEN_FACTS, "until": at(11, 5).isoformat(), "caught_up": 4, "bad": 1},
        now=at(11, 6),
    ),
    "channel_broken": a_scene(
        Reason.CHANNEL_BROKEN,
        facts={
            "channel": "support-slack",
            "where": "#support on Slack",
            "since": at(10, 2).isoformat(),
            "why": "Slack refused the message (token_revoked): the token was revoked",
            "permanent": True,
            "instead": "ops-mail",
        },
    ),
    "channel_broken_once": a_scene(
        Reason.CHANNEL_BROKEN,
        facts={
            "channel": "team-mail",
            "where": "mail to mara@example.org through mail.example.org",
            "since": at(10, 2).isoformat(),
            "why": "mail.example.org answered 552 5.3.4: the mail is too large",
            "permanent": False,
            "instead": "#support on Slack",
            "mend": "monitor send-test team-mail",
        },
    ),
    "config_broken": a_scene(
        Reason.CONFIG_BROKEN,
        facts={
            "path": "monitor.toml",
            "since": at(9).isoformat(),
            "problems": ['sources[2] "shop-us": unknown key `contry`. Did you mean `countries`?'],
        },
    ),
    "good_news": a_scene(
        Reason.GOOD_NEWS,
        a_told(
            rating=Rating(5),
            text="Best flat white in town. The barista remembered my name.",
            author="Lena",
            place="Mill Lane",
            label=Label.GOOD,
            severity=None,
            reasons=(),
            case=None,
            history=(),
        ),
        offers=frozenset({"draft"}),
    ),
    "good_news_ask": a_scene(
        Reason.GOOD_NEWS,
        a_told(
            rating=Rating(5),
            text="Best flat white in town.",
            author="Lena",
            place="Mill Lane",
            label=Label.GOOD,
            reasons=(),
            case=None,
            published_at=at(9, 10, day=23),
            history=(),
        ),
        facts={"ask": True},
    ),
    "reminder": a_scene(
        Reason.REMINDER,
        a_told(
            case=CaseLine("c118", CaseState.CLAIMED, "ana", at(14, 9), next_step="At 14:09 I tell the whole team"),
            published_at=at(11, 20),
        ),
        reader=ANA,
        facts={"number": 1},
    ),
    "escalation": a_scene(
        Reason.ESCALATION,
        a_told(case=CaseLine("c118", CaseState.CLAIMED, "ana", at(13, 30)), published_at=at(9, 20)),
        reader=MARA,
        facts={"had": "ana", "had_since": at(10, 5).isoformat()},
    ),
    "reply_gone": a_scene(
        Reason.REPLY_GONE,
        a_told(
            case=CaseLine("c118", CaseState.OPEN, None, at(17), at(10, day=3)),
            reply=Reply("We are sorry, Jonas. The next one is on us.", ReplyState.GONE),
            published_at=at(9, day=2),
        ),
        facts={"answered_at": at(10, day=3).isoformat()},
    ),
    "reopened": a_scene(
        Reason.REOPENED,
        a_told(published_at=at(9, day=2)),
        facts={"why": "Ana opened it again: the refund has not arrived"},
    ),
    "won_back": a_scene(
        Reason.WON_BACK,
        a_told(
            rating=Rating(4),
            text="They called, apologised and sent new cups. Fair enough.",
            before=Before("Wrote to them a week ago. No reply. Never again.", Rating(1)),
            label=Label.GOOD,
            case=CaseLine("c118", CaseState.CLOSED, "ana", None, at(10, day=23), "ana"),
        ),
        reader=ANA,
    ),
    "digest": a_scene(Reason.DIGEST, *WAITING, facts=DIGEST_FACTS, now=at(8, 30), reader=MARA),
    "digest_quiet": a_scene(
        Reason.DIGEST, facts={"seen": 6, "total": 6, "seen_at": at(8, 25).isoformat()}, now=at(8, 30)
    ),
    "key_ends": a_scene(
        Reason.KEY_ENDS,
        facts={
            "source": "trustpilot-shop",
            "site": "Trustpilot",
            "ends_at": at(12, day=27).isoformat(),
            "mend": "monitor connect trustpilot-shop",
            "minutes": 2,
        },
    ),
    "store_broken": a_scene(
        Reason.STORE_BROKEN,
        facts={
            "why": "monitor.db was deleted or replaced while the program runs; nothing more is written",
            "since": at(10, 2).isoformat(),
        },
    ),
    "damage": a_scene(
        Reason.DAMAGE,
        facts={"found": ["2 bad mentions had no alert; they are told now"], "left": []},
    ),
    "test": a_scene(Reason.TEST, a_told(), test=True),
    "test_empty": a_scene(Reason.TEST, test=True),
}
