"""From rows to words: gathers what a message needs to say, for `render` to say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor import intake, plugins, render
from monitor.connector import Connector
from monitor.errors import UsageError
from monitor.models import ANSWERS_UNSEEN, CaseState, Json, Person, Reason, Reply, ReplyState, Severity, Why
from monitor.store import Connection, alerts, cases, mentions
from monitor.store.alerts import Delivery

CHASES = (Reason.REMINDER, Reason.ESCALATION)
OFFERS = frozenset({"claim", "snooze", "answer", "close", "mark"})  # what staff can do by a command


def scene(conn: Connection, delivery: Delivery, routing: intake.Routing, now: datetime) -> render.Scene:
    """Return what one delivery says: its alerts, the mentions they are about, and for whom."""
    rows = _once_each(alerts.alerts_of(conn, delivery.id))
    reasons = {row.reason for row in rows}
    first = rows[0]
    facts: dict[str, Json] = dict(first.facts)
    about = [row for row in rows if row.mention_id is not None]
    return render.Scene(
        id=delivery.id,
        reason=Reason(first.reason) if len(reasons) == 1 else Reason.NEW,
        now=now,
        zone=_zone(routing, delivery),
        told=told(conn, [_About.of(row) for row in about] or _worst_of(facts), routing, now),
        facts=facts,
        reader=_reader(routing, delivery),
        offers=OFFERS,
        tag=_tag(routing, facts) if len(rows) == 1 else (),
        batch_command=f"monitor mentions --batch {delivery.id[:12]}",
    )


def _once_each(rows: Sequence[Any]) -> list[Any]:
    """Return one alert for each mention: what is news of it, or else what was said of it last."""
    kept: dict[object, Any] = {}
    for row in rows:
        about = row.mention_id if row.mention_id is not None else ("alert", row.id)
        if about not in kept or kept[about].reason in CHASES or row.reason not in CHASES:
            kept[about] = row
    return list(kept.values())


class _About:
    """Which version of which mention an alert is about, what stood there before, and why it was told."""

    __slots__ = ("before", "mention_id", "version", "why")

    def __init__(
        self, mention_id: int, version: int | None = None, before: int | None = None, why: Sequence[Json] = ()
    ) -> None:
        self.mention_id = mention_id
        self.version = version
        self.before = before
        self.why = tuple(Why.from_json(one) for one in why)

    @classmethod
    def of(cls, row: Any) -> _About:
        why = row.facts.get("why")
        return cls(row.mention_id, row.version, row.facts.get("before"), why if isinstance(why, list) else ())


def _worst_of(facts: Mapping[str, Json]) -> list[_About]:
    """Return the mentions that a message about a source shows as examples."""
    return [_About(mention_id) for mention_id in facts.get("worst", ())]


def told(
    conn: Connection, about: Sequence[_About | int], routing: intake.Routing, now: datetime
) -> tuple[render.Told, ...]:
    """Return what there is to say about some mentions, in the order given."""
    wanted = [_About(one) if isinstance(one, int) else one for one in about]
    rows = mentions.full(conn, [one.mention_id for one in wanted])
    earlier = mentions.text_of(conn, [(one.mention_id, one.before) for one in wanted if one.before])
    answers = mentions.replies_to(conn, list(rows))
    case_rows = cases.by_ids(conn, [row["case_id"] for row in rows.values() if row["case_id"]])
    single = len(wanted) == 1
    # One source may see answers where its kind cannot.
    shown = {row["source"] for row in rows.values()}
    sees_answers = {one.name: one.build().sees_answers for one in routing.settings.sources if one.name in shown}
    result = []
    for one in wanted:
        if (row := rows.get(one.mention_id)) is None:
            continue
        mention, score = mentions.as_mention(row), mentions.as_score(row)
        kind = _kind_of(row["connector"], routing)
        before = earlier.get((one.mention_id, one.before)) if one.before else None
        result.append(
            render.Told(
                ref=f"m{one.mention_id}",
                source=row["source"],
                site=kind.title or row["source"],
                place=mention.subject.place,
                product=mention.subject.product,
                kind=mention.kind,
                author=mention.author.name if mention.author else None,
                title=mention.title,
                text=mention.text,
                rating=mention.rating,
                language=score.language or mention.language,
                published_at=mention.published_at,
                first_seen_at=row["first_seen_at"],
                url=mention.url,
                answer_url=mention.answer_url or mention.url,
                severity=Severity(row["severity"]) if row["severity"] else None,
                label=score.label,
                reasons=one.why or score.reasons,  # those of the decision know of the audience, too
                audience=mention.audience,
                total=mentions.last_total(conn, row["source"]) if single else None,
                case=_case(case_rows.get(row["case_id"]), routing, now),
                sees_answers="no"
                if ANSWERS_UNSEEN in mention.flags
                else sees_answers.get(row["source"], kind.sees_answers),
                history=_history(conn, row) if single else (),
                before=_before(before),
                reply=_reply(answers.get(one.mention_id, ()), case_rows.get(row["case_id"])),
                flags=mention.flags,
            )
        )
    return tuple(result)


def _kind_of(name: str, routing: intake.Routing) -> type[Connector[Any]]:
    """Return the connector of a mention; one that is gone, or a file, has only the facts of the base."""
    try:
        return plugins.connector(name, routing.settings.own_connectors)
    except UsageError:
        return Connector


def _case(row: Any, routing: intake.Routing, now: datetime) -> render.CaseLine | None:
    if row is None:
        return None
    times = render.Times(now, routing.zone_of(row.team))
    steps = intake.steps_of(row)
    return render.CaseLine(
        ref=f"c{row.id}",
        state=CaseState(row.state),
        assignee=row.assignee,
        due_at=row.due_at,
        answered_at=row.answered_at,
        next_step=render.next_step(intake.value_of(row), steps, row.next_step_at, routing.team(row.team), times),
    )


def _history(conn: Connection, row: mentions.RowMapping) -> tuple[render.Past, ...]:
    if not row["author_id"]:
        return ()
    rows = mentions.history(conn, row["connector"], row["author_id"], before=row["id"])
    return tuple(
        render.Past(past.published_at or past.first_seen_at, mentions.rating_of(past), past.answered_by)
        for past in rows
    )


def _before(version: Any) -> render.Before | None:
    if version is None:
        return None
    return render.Before(version.text, mentions.rating_of(version), version.seen_at)


def _reply(found: Sequence[mentions.KnownReply], case: Any) -> Reply | None:
    # An answer that fits would have answered the case: under one that waits it is older than the edit.
    waits = case is not None and case.state in (CaseState.OPEN, CaseState.CLAIMED, CaseState.SNOOZED)
    for known in found:
        state = ReplyState(known.state)
        if state is not ReplyState.GONE:
            return Reply(known.text, ReplyState.OUTDATED if waits and state is ReplyState.VISIBLE else state)
    return None


def _zone(routing: intake.Routing, delivery: Delivery) -> str:
    source = next((s for s in routing.settings.sources if s.name == delivery.source), None)
    return routing.zone_of(source.team if source else None)


def _tag(routing: intake.Routing, facts: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the member ids of the people an alert is for."""
    people = [routing.settings.people.get(name) for name in facts.get("tag", ())]
    return tuple(person.slack for person in people if person is not None and person.slack)


def _reader(routing: intake.Routing, delivery: Delivery) -> Person | None:
    for person in routing.settings.people.values():
        if delivery.target and person.mail and person.mail.casefold() == delivery.target.casefold():
            return person
    return None
