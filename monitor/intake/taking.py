"""The one transaction: mention, version, score, case, alert and deliveries are there together, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from monitor import policy
from monitor.cases import CaseValue, Event, EventKind
from monitor.config import SourceSettings
from monitor.intake.answers import reappeared, take_answers
from monitor.intake.casework import RECHECK_FIRST, happen
from monitor.intake.duty import on_duty
from monitor.intake.judging import Judged
from monitor.intake.routing import QUIET, Routing
from monitor.intake.silence import hold
from monitor.intake.telling import tell_case
from monitor.models import NOT_KEPT, CaseState, Json, Label, Level, Reason, Severity, Why
from monitor.store import Connection, alerts, cases, mentions
from monitor.store.alerts import NewAlert, hashed
from monitor.store.mentions import Known, Row

FLAP = timedelta(hours=24)  # a text seen within that time that comes back is a cache, not an edit
TOLD_ELSEWHERE = "the same text is told as m"
OWN_WORDS = frozenset({"stars", "topic", "danger", "audience"})  # reasons that quote nothing but in their `words`
WAITS_FOR_TEXT = "stars without text: waiting for the text"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch changed."""

    new: int = 0
    edited: int = 0
    known: int = 0
    alerts: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """What the first walk over a source finds is stored and judged, and not told, unless it is news all the same.

    `since` is when the source was added; `introduced`, whether its summary has been written.
    """

    since: datetime
    introduced: bool = False

    def holds(self, change: policy.Change, now: datetime) -> bool:
        """Say whether a change is history."""
        published = change.mention.published_at
        if change.kind == "edited" or published is None:
            return not self.introduced
        return not self.since < published <= now  # a time to come proves nothing


@dataclass(frozen=True, slots=True)
class _Decided:
    """A mention with the decision about it, what stood there before, and the case it belongs to."""

    judged: Judged
    decision: policy.Decision
    before: Known | None = None
    case_id: int | None = None
    opened: bool = False  # the case was opened for it just now
    waiting: bool = False  # its alert is still held until the text comes

    @property
    def version(self) -> int:
        return self.before.version + 1 if self.before else 1


def take(
    conn: Connection,
    source: SourceSettings,
    batch: Sequence[Judged],
    *,
    routing: Routing,
    now: datetime,
    first_look: bool = False,
    history: History | None = None,
    backfill_since: datetime | None = None,
) -> Taken:
    """Store a batch and decide what is told, in the caller's transaction.

    A new mention is inserted with its version, score and case; a changed one gets its next version;
    an older observation, a text that flapped back within a day and what was erased change nothing.
    Nobody is told at a `first_look`, nor of what is `history`, unless it was published after `backfill_since`.
    """
    batch = _without_erased(conn, source.name, batch)
    if not batch:
        return Taken()
    stored = mentions.known(conn, source.name, [judged.mention.external_id for judged in batch])
    decide = _Deciding(routing, source, now, first_look, history, backfill_since)
    decided = [
        *decide.new(conn, [judged for judged in batch if judged.mention.external_id not in stored]),
        *decide.edited(conn, _real_edits(conn, batch, stored, now)),
    ]
    decided = _with_cases(conn, decided, source, routing, now)
    if not source.kind.keeps_text:
        decided = [_as_kept(one) for one in decided]
    ids = _store(conn, source, decided, now)
    told = _tell(conn, source, decided, ids, routing, now)
    _answers(conn, source, batch, stored, decided, routing, now)
    back = [known for known in stored.values() if known.deleted_at is not None]
    reappeared(conn, source, back, routing, now)
    edited = sum(one.before is not None for one in decided)
    return Taken(len(decided) - edited, edited, len(stored) - edited, told)


def _as_kept(one: _Decided) -> _Decided:
    """Return a decision as it may be written down where the site's terms forbid to keep texts and names.

    It was judged by all of it; of the reasons those stay that are words of ours.
    """
    mention, score = one.judged.mention, one.judged.score
    bare = replace(mention, text="", title=None, author=None, same_as=None, flags=(*mention.flags, NOT_KEPT))
    judged = Judged(bare, replace(score, reasons=_own_words(score.reasons)))
    return replace(one, judged=judged, decision=replace(one.decision, why=_own_words(one.decision.why)))


def _own_words(reasons: Sequence[Why]) -> tuple[Why, ...]:
    return tuple(replace(why, words=()) for why in reasons if why.code.partition(":")[0] in OWN_WORDS)


def _without_erased(conn: Connection, source: str, batch: Sequence[Judged]) -> Sequence[Judged]:
    if not batch or not mentions.has_tombstones(conn):
        return batch
    keys = {hashed(source, judged.mention.external_id): judged for judged in batch}
    erased = mentions.erased(conn, list(keys))
    return [judged for key, judged in keys.items() if key not in erased]


def _real_edits(
    conn: Connection, batch: Sequence[Judged], stored: Mapping[str, Known], now: datetime
) -> list[tuple[Judged, Known]]:
    """Return what was truly changed on the site, with what stood there before."""
    changed = []
    for judged in batch:
        known = stored.get(judged.mention.external_id)
        if known is None or known.content_hash == judged.mention.content_hash:
            continue
        seen_at, stored_at = judged.mention.updated_at, known.updated_at
        if seen_at and stored_at and seen_at < stored_at:
            continue  # an older observation: an index or a cache that lags behind
        changed.append((judged, known))
    if not changed:
        return []
    recent = mentions.hashes_since(conn, [known.id for _, known in changed], now - FLAP)
    return [(judged, known) for judged, known in changed if (known.id, judged.mention.content_hash) not in recent]


@dataclass(frozen=True, slots=True)
class _Deciding:
    """Decisions about one batch of one source."""

    routing: Routing
    source: SourceSettings
    now: datetime
    first_look: bool
    history: History | None
    backfill_since: datetime | None

    def new(self, conn: Connection, batch: Sequence[Judged]) -> list[_Decided]:
        """Decide about new mentions; a text that another source showed already is told there."""
        shared = [judged.mention.same_as for judged in batch if judged.mention.same_as]
        twins = mentions.twins(conn, shared, not_in=self.source.name) if shared else {}
        decided = []
        for judged in batch:
            decision = self._decide(self._change("new", judged))
            twin = twins.get(judged.mention.same_as or "")
            if twin is not None and decision.reason is not None:
                why = f"{TOLD_ELSEWHERE}{twin.id}"
                decision = replace(decision, reason=None, channels=(), opens_case=False, why_not_told=why)
            decided.append(_Decided(judged, decision, case_id=twin.case_id if twin else None))
        return decided

    def edited(self, conn: Connection, edits: Sequence[tuple[Judged, Known]]) -> list[_Decided]:
        """Decide about edits, against what stood there before."""
        if not edits:
            return []
        texts = mentions.text_of(conn, [(known.id, known.version) for _, known in edits])
        waiting = alerts.held_for(conn, [known.id for _, known in edits], WAITS_FOR_TEXT)
        decided = []
        for judged, known in edits:
            before = policy.Before(
                rating=mentions.rating_of(texts[known.id, known.version]),
                badness=known.badness,
                level=Level(known.level),
                label=Label(known.label),
                severity=Severity(known.severity) if known.severity else None,
            )
            waits = known.id in waiting
            change = replace(self._change("edited", judged), before=before, waiting=waits)
            decided.append(_Decided(judged, self._decide(change), known, known.case_id, waiting=waits))
        return decided

    def _change(self, kind: Literal["new", "edited"], judged: Judged) -> policy.Change:
        return policy.Change(kind, judged.mention, judged.score, source=self.source.name, team=self.source.team)

    def _decide(self, change: policy.Change) -> policy.Decision:
        silent = self.first_look or (self.history is not None and self.history.holds(change, self.now))
        return self.routing.decider.decide(change, now=self.now, first_look=silent, backfill_since=self.backfill_since)


def _with_cases(
    conn: Connection,
    decided: Sequence[_Decided],
    source: SourceSettings,
    routing: Routing,
    now: datetime,
) -> list[_Decided]:
    """Open a case for each decision that asks for one and has none."""
    asking = [one for one in decided if one.decision.opens_case and one.case_id is None]
    wanted = [new_case(one.decision, source, routing, now) for one in asking]
    opened = iter(cases.open_cases(conn, wanted, now))
    return [
        replace(one, case_id=next(opened), opened=True) if one.decision.opens_case and one.case_id is None else one
        for one in decided
    ]


def new_case(decision: policy.Decision, source: SourceSettings, routing: Routing, now: datetime) -> cases.NewCase:
    """Return the case a decision opens."""
    team = decision.team or source.team
    severity = decision.severity or Severity.NORMAL
    timing = routing.timing(team, severity, now, verifiable=decision.verifiable and routing.verifiable(source))
    return cases.NewCase(
        severity,
        timing.due_at,
        team,
        ladder=tuple(step.as_json() for step in timing.steps),
        next_step_at=timing.steps[0].at if timing.steps else now + policy.IN_THE_DIGEST,
        recheck_at=now + RECHECK_FIRST,
        messages=1 if decision.reason is not None else 0,
    )


def _store(conn: Connection, source: SourceSettings, decided: Sequence[_Decided], now: datetime) -> list[int]:
    """Write new mentions and next versions; returns the mention ids in the order of `decided`."""
    rows = [
        Row(one.judged.mention, one.judged.score, one.decision.severity, one.case_id, one.decision.why_not_told)
        for one in decided
    ]
    new = [row for one, row in zip(decided, rows, strict=True) if one.before is None]
    edits = [(one.before, row) for one, row in zip(decided, rows, strict=True) if one.before is not None]
    fresh = iter(mentions.insert(conn, source.name, source.connector, new, now))
    mentions.add_versions(conn, edits, now)
    return [one.before.id if one.before else next(fresh) for one in decided]


def _tell(
    conn: Connection,
    source: SourceSettings,
    decided: Sequence[_Decided],
    ids: Sequence[int],
    routing: Routing,
    now: datetime,
) -> int:
    wanted = []
    edited = [one.case_id for one in decided if one.before is not None and one.case_id is not None]
    stood = cases.by_ids(conn, edited) if edited else {}
    for mention_id, one in zip(ids, decided, strict=True):
        decision = one.decision
        if one.before is not None and one.case_id is not None and not one.opened:
            _edited(conn, one, mention_id, source, routing, now)
        if decision.reason is None:
            continue
        if one.waiting:
            _release(conn, one, mention_id, source, routing, now)
            continue
        wanted.append(
            new_alert(
                conn,
                mention_id, one.version, one.case_id, decision, source, routing, now, one.before,
                first=one.before is None, case=stood.get(one.case_id or 0),
            )
        )  # fmt: skip
    return alerts.enqueue(conn, hold(conn, wanted, routing, now), now)


def _release(
    conn: Connection,
    one: _Decided,
    mention_id: int,
    source: SourceSettings,
    routing: Routing,
    now: datetime,
) -> None:
    """Let an alert go that waited for the text, to whoever the text concerns, too; not into somebody's quiet hours."""
    due_at, held = _when(routing, one.decision, source, now)
    released = alerts.release(
        conn, mention_id, one.version, WAITS_FOR_TEXT, due_at=due_at, held=held, severity=one.decision.severity
    )
    routes = [route for _, channel in one.decision.channels for route in routing.routes(channel, due_at, held)]
    for alert_id in released:
        alerts.route(conn, alert_id, routes, now)


def new_alert(
    conn: Connection,
    mention_id: int,
    version: int,
    case_id: int | None,
    decision: policy.Decision,
    source: SourceSettings,
    routing: Routing,
    now: datetime,
    before: Known | None = None,
    *,
    first: bool = False,
    case: Any = None,
) -> NewAlert:
    """Return the alert a decision asks for; `first` for a mention that is stored in this transaction.

    `case` is the row of its case as it stood before: whoever has it is addressed, for a thread makes no sound.
    """
    assert decision.reason is not None  # the caller has asked
    facts: dict[str, Json] = {"why": [why.as_json() for why in decision.why]}
    if before is not None:
        facts["before"] = before.version
    if case is not None:
        facts["reopened"] = case.state in (CaseState.ANSWERED, CaseState.CLOSED)
        facts["tag"] = [case.assignee] if case.assignee else []
    due_at, held = _when(routing, decision, source, now)
    routes = [route for _, channel in decision.channels for route in routing.routes(channel, due_at, held)]
    if decision.severity is Severity.CRITICAL and decision.opens_case:
        routes += routing.ringing(on_duty(conn, routing, decision.team or source.team, now), due_at, held)
    return NewAlert(
        key=hashed("mention", mention_id, version, decision.reason),
        reason=decision.reason,
        routes=tuple(routes),
        rule=decision.channels[0][0] if decision.channels else None,
        severity=decision.severity,
        mention_id=mention_id,
        version=version,
        case_id=case_id,
        source=source.name,
        facts=facts,
        first=first,
        team=decision.team or source.team,
    )


def _when(
    routing: Routing, decision: policy.Decision, source: SourceSettings, now: datetime
) -> tuple[datetime, str | None]:
    """Return when an alert may go out, and in words why not at once."""
    team = decision.team or source.team
    if (quiet := routing.quiet_until(team, decision.severity, now)) is not None:
        return quiet, f"{QUIET} of {team}"
    if decision.hold_until is not None and decision.hold_until > now:
        return decision.hold_until, WAITS_FOR_TEXT
    return now, None


def _edited(
    conn: Connection,
    one: _Decided,
    mention_id: int,
    source: SourceSettings,
    routing: Routing,
    now: datetime,
) -> None:
    """Let an edit move the case of its mention: worse opens it again, better is noted."""
    kinds = {"worse": EventKind.EDITED_WORSE, "better": EventKind.EDITED_BETTER}
    kind = kinds.get(one.decision.edit or "")
    if kind is None or one.case_id is None:
        return
    severity, team = one.decision.severity or Severity.NORMAL, one.decision.team or source.team
    worse = kind is EventKind.EDITED_WORSE
    verifiable = one.decision.verifiable and routing.verifiable(source)
    timing = routing.timing(team, severity, now, verifiable=verifiable) if worse else None
    event = Event(kind, now, through="site", severity=one.decision.severity)
    after = happen(conn, one.case_id, event, key=f"{kind}:{mention_id}:{one.version}", timing=timing)
    if kind is EventKind.EDITED_BETTER and isinstance(after, CaseValue):
        _won_back(conn, one, mention_id, after, source, routing, now)


def _won_back(
    conn: Connection,
    one: _Decided,
    mention_id: int,
    case: CaseValue,
    source: SourceSettings,
    routing: Routing,
    now: datetime,
) -> None:
    """Tell whoever answered that the review was changed for the better; whoever has the case while nobody has."""
    before = one.before.version if one.before else None
    answered_by = case.assignee if case.answered_at is not None else None
    tell_case(
        conn,
        routing,
        Reason.WON_BACK,
        key=("won_back", mention_id, one.version),
        source=source,
        team=case.team,
        people=[case.assignee] if case.assignee else [],
        mention_id=mention_id,
        version=one.version,
        case_id=one.case_id,
        facts={"before": before, "answered_by": answered_by, "edited_at": now.isoformat()},
        now=now,
    )


def _answers(
    conn: Connection,
    source: SourceSettings,
    batch: Sequence[Judged],
    stored: Mapping[str, Known],
    decided: Sequence[_Decided],
    routing: Routing,
    now: datetime,
) -> None:
    shown = [judged.mention for judged in batch]
    fresh = [
        one.judged.mention.external_id
        for one in decided
        if one.before is None and (one.judged.mention.reply or one.judged.mention.own)
    ]
    if fresh:
        stored = {**stored, **mentions.known(conn, source.name, fresh)}
    take_answers(conn, source, shown, stored, routing, now)
