"""The company's answers that a site shows, and what they do to a case.

An answer is a part of a mention, or a post by one of our own accounts whose parent or thread is a
mention we know. One that two looks have lacked is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor import policy
from monitor.cases import DELETED, CaseValue, Event, EventKind, Refused
from monitor.config import SourceSettings
from monitor.intake.casework import happen
from monitor.intake.routing import Routing
from monitor.intake.telling import tell_case
from monitor.models import CaseState, Mention, Reason, Reply, ReplyState, Severity
from monitor.store import Connection, cases, mentions, purging
from monitor.store.mentions import Known, KnownReply

LOOK_AFTER = timedelta(minutes=1)  # sites take a moment to show an answer
_EVENTS = {ReplyState.VISIBLE: EventKind.ANSWER_SEEN, ReplyState.PENDING: EventKind.ANSWER_PENDING}


def observe(
    conn: Connection,
    source: SourceSettings,
    observed: Sequence[Mention],
    seen: Collection[str],
    *,
    routing: Routing,
    now: datetime,
) -> None:
    """Note what a look saw of mentions that are known and unchanged: that they stand, and their answers."""
    mentions.seen_again(conn, mentions.ids_of(conn, source.name, sorted(seen)), now)
    if observed:
        stored = mentions.known(conn, source.name, [mention.external_id for mention in observed])
        take_answers(conn, source, observed, stored, routing, now)


def removed(conn: Connection, source: SourceSettings, ids: Sequence[int], *, routing: Routing, now: datetime) -> None:
    """Note that the site no longer shows these: their cases close, and an answer of ours among them is gone.

    Texts and names go, for what was deleted there is not kept here; the figures stay.
    """
    fresh = mentions.delete(conn, ids, now)
    for mention_id, row in mentions.full(conn, fresh).items():
        if row["own"]:
            for reply in mentions.answered_by(conn, source.name, row["external_id"]):
                mentions.end_reply(conn, reply)
                _gone(conn, reply.mention_id, source, routing, now)
        elif row["case_id"] is not None and not mentions.shown_of_case(conn, row["case_id"]):
            event = Event(EventKind.DELETED, now, through="site")
            happen(conn, row["case_id"], event, key=f"deleted:{mention_id}:{now.isoformat()}")
    purging.clear(conn, fresh, gone=True)


def reappeared(
    conn: Connection, source: SourceSettings, back: Sequence[Known], routing: Routing, now: datetime
) -> None:
    """Open the cases again that closed because the site no longer showed what it shows now, and say so.

    An answer that is shown again with what it answers counts as before.
    """
    for known in back:
        case = cases.get(conn, known.case_id) if known.case_id is not None else None
        if case is None:
            continue
        after: CaseValue | Refused | None = None
        if case.resolution == DELETED:
            timing = _timing_again(source, routing, known.severity, now, case.team)
            event = Event(EventKind.REOPENED, now, through="site")
            after = happen(conn, case.id, event, key=f"back:{known.id}:{now.isoformat()}", timing=timing)
        if not _stands(conn, known.id, now) and isinstance(after, CaseValue):
            tell_case(
                conn,
                routing,
                Reason.REOPENED,
                key=("back", known.id, now),
                source=source,
                team=after.team,
                people=[after.assignee] if after.assignee else [],
                mention_id=known.id,
                version=known.version,
                case_id=case.id,
                facts={"why": "it had been taken down, and the site shows it again"},
                now=now,
            )


def posted(conn: Connection, mention_id: int, reply: Reply, text: str, who: str, now: datetime) -> None:
    """Note an answer that we have posted for somebody: it counts when a look sees it, and the next look is at once."""
    said = replace(reply, text=reply.text or text, state=ReplyState.PENDING)
    if reply.state is not ReplyState.REJECTED:
        mentions.put_reply(conn, mention_id, said, now)
    row = mentions.full(conn, [mention_id])[mention_id]
    if row["case_id"] is None:
        return
    key = f"posted:{mention_id}:{now.isoformat()}"
    happen(conn, row["case_id"], Event(EventKind.ANSWER_PENDING, now, who=who, through="cli", text=text), key=key)
    cases.update(conn, row["case_id"], recheck_at=now + LOOK_AFTER, rechecks=0)


def take_answers(
    conn: Connection,
    source: SourceSettings,
    shown: Sequence[Mention],
    stored: Mapping[str, Known],
    routing: Routing,
    now: datetime,
) -> None:
    """Store the answers that are shown, and let them move their cases."""
    by_id = {stored[mention.external_id].id: mention for mention in shown if mention.external_id in stored}
    found = _found(conn, source.name, by_id)
    if not found and source.build().sees_answers == "no":
        return
    bare = purging.textless(conn, found)
    found |= {mention_id: [_without_text(reply) for reply in found[mention_id]] for mention_id in bare}
    known = mentions.replies_to(conn, [*by_id, *found])
    for mention_id, replies in found.items():
        _store_new(conn, mention_id, replies, known.get(mention_id, ()), now)
    for mention_id, stored_replies in known.items():
        mention = by_id.get(mention_id)
        if mention is None or mention.own or mention.reply is not None or "reply" in mention.absent:
            continue
        for reply in stored_replies:
            part_of_mention = reply.external_id == ""
            # One that waits to be shown was never there to vanish.
            stood = reply.state not in (ReplyState.GONE, ReplyState.PENDING)
            if part_of_mention and stood and mentions.miss_reply(conn, reply):
                _gone(conn, mention_id, source, routing, now)


def _found(conn: Connection, source: str, by_id: Mapping[int, Mention]) -> dict[int, list[Reply]]:
    """Return the answers on a page by the id of the mention they answer."""
    found: dict[int, list[Reply]] = {}
    for mention_id, mention in by_id.items():
        if mention.reply is not None:
            found.setdefault(mention_id, []).append(mention.reply)
    own = [mention for mention in by_id.values() if mention.own and (mention.parent_id or mention.thread_id)]
    named = [name for mention in own for name in (mention.parent_id, mention.thread_id) if name]
    parents = mentions.relatives(conn, source, named) if named else {}
    for mention in own:
        parent = parents.get(mention.parent_id or "") or parents.get(mention.thread_id or "")
        if parent is not None:
            found.setdefault(parent, []).append(_as_reply(mention))
    return found


def _without_text(reply: Reply) -> Reply:
    """Return the answer to something whose text is not kept: it may quote and name."""
    return replace(reply, text="", author=None, url=None)


def _as_reply(mention: Mention) -> Reply:
    author = mention.author.name if mention.author else None
    return Reply(mention.text, ReplyState.VISIBLE, mention.published_at, author, mention.external_id, mention.url)


def _store_new(
    conn: Connection, mention_id: int, shown: Iterable[Reply], known: Sequence[KnownReply], now: datetime
) -> None:
    earlier = {reply.external_id: reply for reply in known}
    for reply in shown:
        before = earlier.get(reply.external_id or "")
        if before and (before.text, before.state) == (reply.text, reply.state) and not before.looks_missed:
            continue
        mentions.put_reply(conn, mention_id, reply, now)
        if before is None or before.state != reply.state:
            _seen(conn, mention_id, reply, now)
        elif before.text != reply.text:
            _seen(conn, mention_id, reply, now, again="rewritten")


def _stands(conn: Connection, mention_id: int, now: datetime) -> bool:
    """Let an answer that is known, and shown with a mention that is back, answer its case; say whether one does."""
    for known in mentions.replies_to(conn, [mention_id]).get(mention_id, ()):
        if known.state == ReplyState.VISIBLE and not known.looks_missed:
            reply = Reply(known.text, ReplyState.VISIBLE, known.published_at, external_id=known.external_id)
            if _seen(conn, mention_id, reply, now, again="back"):
                return True
    return False


def _seen(conn: Connection, mention_id: int, reply: Reply, now: datetime, *, again: str = "") -> bool:
    """Let an answer move its case. Returns whether it did.

    One that is known may count `again`, rewritten or back; a case that is answered already is left alone.
    """
    kind = _EVENTS.get(reply.state)
    row = mentions.full(conn, [mention_id]).get(mention_id)
    if kind is None or row is None or row["case_id"] is None:
        return False
    case = cases.get(conn, row["case_id"])
    if again and (case is None or case.answer_seen_at is not None):
        return False
    edited_at = row["updated_at"] if row["version"] > 1 else None
    event = Event(kind, now, who=reply.author, through="site", published_at=reply.published_at, edited_at=edited_at)
    key = f"{kind}:{mention_id}:{reply.external_id or ''}:{now.isoformat()}:{again}"
    return isinstance(happen(conn, row["case_id"], event, key=key), CaseValue)


def _gone(conn: Connection, mention_id: int, source: SourceSettings, routing: Routing, now: datetime) -> None:
    row = mentions.full(conn, [mention_id])[mention_id]
    if row["case_id"] is None:
        return
    case = cases.get(conn, row["case_id"])
    since = case.answered_at if case else None
    timing = _timing_again(source, routing, row["severity"], now, case.team if case else None)
    event = Event(EventKind.ANSWER_GONE, now, through="site")
    after = happen(conn, row["case_id"], event, key=f"gone:{mention_id}:{now.isoformat()}", timing=timing)
    waited = case is not None and case.state in (CaseState.OPEN, CaseState.CLAIMED)  # then its clock runs on
    if isinstance(after, CaseValue) and not waited:
        tell_case(
            conn,
            routing,
            Reason.REPLY_GONE,
            key=("gone", mention_id, now),
            source=source,
            team=after.team,
            people=[after.assignee] if after.assignee else [],
            mention_id=mention_id,
            version=row["version"],
            case_id=row["case_id"],
            facts={"reopened": True, "answered_at": since.isoformat() if since else None},
            now=now,
        )


def _timing_again(
    source: SourceSettings, routing: Routing, severity: str | None, now: datetime, team: str | None
) -> policy.Timing:
    """Return the clock of a case that opens again."""
    hurry = Severity(severity or Severity.NORMAL)
    return routing.timing(team or source.team, hurry, now, verifiable=routing.verifiable(source))
