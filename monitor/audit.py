"""The audit: asks the database by queries of its own whether every bad mention was told, and mends what it can.

It trusts no code path: what matters is what lies in the tables. The heartbeat beats only while it is clean.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from monitor import intake
from monitor.models import Reason
from monitor.store import Connection, alerts, cases, damage, mentions

GRACE = timedelta(minutes=1)  # between storing and telling nothing can be asked
LOOK_BACK = timedelta(days=4)  # each minute; `monitor audit` looks at everything
LATE = timedelta(minutes=5)
TOLD_AT_MOST = 20  # of one kind by name; the rest as a number


@dataclass(frozen=True, slots=True)
class Findings:
    """What the audit found: ids, and for some what goes with them."""

    untold: tuple[int, ...] = ()  # bad mentions without an alert and without a reason
    caseless: tuple[int, ...] = ()  # told as bad and without a case, or with one that is not there
    silent: tuple[int, ...] = ()  # alerts without a delivery
    stuck: tuple[str, ...] = ()  # deliveries that wait without end
    empty: tuple[str, ...] = ()  # deliveries that tell of nothing
    about_nothing: tuple[int, ...] = ()  # cases that wait, and the site shows nothing of what they are about
    answered: tuple[tuple[int, datetime | None], ...] = ()  # cases that wait although an answer stands on the site
    torn: tuple[int, ...] = ()  # cases whose row contradicts itself, or has lost its ladder
    unrecorded: tuple[tuple[int, str], ...] = ()  # cases that stand as no event has left them, and what is missing
    idle: tuple[int, ...] = ()  # open cases for which nothing is planned
    late: tuple[str, ...] = ()  # deliveries overdue although their channel works
    mended: int = 0

    @property
    def damage(self) -> int:
        """Return how much there is to mend. What is late is not: it goes out, or its channel says why not."""
        return sum(len(getattr(self, one.name)) for one in fields(self) if one.name not in ("late", "mended"))

    @property
    def clean(self) -> bool:
        """Say whether nothing is left that was not mended."""
        return self.damage <= self.mended and not self.late


def findings(conn: Connection, now: datetime, *, since: datetime | None = None) -> Findings:
    """Return what is missing, without touching it."""
    before = now - GRACE
    untold = tuple(mentions.untold_bad(conn, older_than=before, since=since))
    empty = tuple(damage.empty(conn))
    return Findings(
        untold=untold,
        caseless=tuple(one for one in damage.without_case(conn, before, since) if one not in untold),
        silent=tuple(alerts.without_delivery(conn, older_than=before, since=since)),
        stuck=tuple(one for one in damage.stuck(conn, now - LATE, now) if one not in empty),
        empty=empty,
        about_nothing=tuple(damage.without_mention(conn)),
        answered=tuple(damage.answered_unseen(conn)),
        torn=tuple(damage.torn(conn)),
        unrecorded=tuple(damage.unrecorded(conn, before, since)),
        idle=tuple(cases.without_next_step(conn, before)),
        late=tuple(alerts.overdue(conn, now - LATE)),
    )


def run(conn: Connection, routing: intake.Routing, now: datetime, *, everything: bool = False) -> Findings:
    """Find what is missing and mend it."""
    found = findings(conn, now, since=None if everything else now - LOOK_BACK)
    mended = _mend(conn, found, routing, now) if found.damage else 0
    if found.damage:
        _say(conn, found, mended, routing, now)
    return replace(found, mended=mended)


def _mend(conn: Connection, found: Findings, routing: intake.Routing, now: datetime) -> int:
    """Mend what can be: messages first, then what cases are about, how they stand, and what comes next."""
    return (
        damage.drop(conn, found.empty)
        + damage.free(conn, found.stuck, now)
        + intake.tell_again(conn, found.untold, routing, now)
        + intake.give_case(conn, found.caseless, routing, now)
        + intake.route_again(conn, found.silent, routing, now)
        + intake.set_right(conn, found.torn, routing, now)
        + intake.give_mention(conn, found.about_nothing, now)
        + intake.see_answers(conn, found.answered, now)
        + intake.record(conn, found.unrecorded, now)
        + intake.plan(conn, found.idle, now)
    )


def _say(conn: Connection, found: Findings, mended: int, routing: intake.Routing, now: datetime) -> None:
    """Tell the operator what was out of order, once; of what cannot be mended once a day."""
    words = in_words(found) + [
        f"a message about {_what(row)} led nowhere" for row in alerts.by_ids(conn, found.silent[:TOLD_AT_MOST])
    ]
    left = found.damage - mended
    intake.tell_operator(
        conn,
        routing,
        Reason.DAMAGE,
        key=("damage", now.date(), *words),
        facts={"found": words, "left": [f"{left} of them"] if left > 0 else []},
        now=now,
    )


def in_words(found: Findings) -> list[str]:
    """Return a sentence for each thing that was found, but for messages that led nowhere."""
    several = (
        ("nobody had been told of m{}", found.untold),
        ("m{} had no case", found.caseless),
        ("message {:.12} waited without end", found.stuck),
        ("message {:.12} told of nothing", found.empty),
        ("the site no longer shows what case c{} is about", found.about_nothing),
        ("case c{} waited although its answer can be seen", [case_id for case_id, _ in found.answered]),
        ("case c{} contradicted itself", found.torn),
        ("how case c{} came to stand as it does was not on record", [case_id for case_id, _ in found.unrecorded]),
        ("nothing was planned for case c{}", found.idle),
    )
    words: list[str] = []
    for sentence, ids in several:
        words += [sentence.format(one) for one in ids[:TOLD_AT_MOST]]
        if len(ids) > TOLD_AT_MOST:
            words.append(f"and {len(ids) - TOLD_AT_MOST:,} more like it")
    return words


def _what(row: Any) -> str:
    return f"m{row.mention_id}" if row.mention_id is not None else row.source or "the watch itself"
