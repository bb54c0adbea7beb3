"""The command `status`: one screen that says how everything is doing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitor.cli.common import ConfigOption, JsonOption, ago, counted, load, local, opened
from monitor.cli.invocation import command
from monitor.cli.screen import Column, show, show_json, show_table

if TYPE_CHECKING:
    from monitor.config import Settings
    from monitor.store import Connection, Store
    from monitor.store.sources import SourceState

ONE_SCREEN = 15  # sources; of more, those that are fine are counted
LATE = timedelta(minutes=3)  # without a sign of life: the loop stands still
WAITING = ("pending", "held", "sending", "uncertain")


def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show on one screen how everything is doing.

    Example: monitor status
    """
    settings = load(config)
    with opened(settings) as store:
        facts = _facts(settings, store)
    if as_json:
        show_json(facts)
    else:
        _print(facts, settings.zone)


def _facts(settings: Settings, store: Store) -> dict[str, Any]:
    from monitor import clock
    from monitor.store import alerts, cases, sources

    now = clock.now()
    holder = store.lock_holder()
    with store.read() as conn:
        alive_at, since = (_instant(sources.get_meta(conn, name)) for name in ("alive_at", "alive_since"))
        return {
            "now": now,
            "running": holder is not None,
            "holder": holder,
            "alive_since": since if holder else None,
            "alive_at": alive_at,
            "sources": _sources(settings, conn, now),
            "channels": _channels(settings, conn),
            "deliveries": alerts.counts(conn),
            "cases": cases.summary(conn, now),
            "other_scorer": _other_scorer(settings, conn),
        }


def _instant(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _sources(settings: Settings, conn: Connection, now: datetime) -> list[dict[str, Any]]:
    from monitor.store import sources

    states = {state.name: state for state in sources.all_active(conn)}
    gaps = {gap.source: gap for gap in sources.gaps_since(conn, now - timedelta(days=1))}
    names = dict.fromkeys([*states, *(source.name for source in settings.sources)])
    return [_source(name, states.get(name), gaps.get(name)) for name in names]


def _source(name: str, state: SourceState | None, gap: Any) -> dict[str, Any]:
    return {
        "source": name,
        "health": state.health if state else "new",
        "last_look": state.last_look_at if state else None,
        "last_good": state.last_good_at if state else None,
        "next_look": state.next_poll_at if state else None,
        "not_before": state.not_before if state else None,
        "why": state.last_error if state else None,
        "gap_from": gap.from_at if gap else None,
        "gap_to": gap.to_at if gap else None,
    }


def _channels(settings: Settings, conn: Connection) -> list[dict[str, Any]]:
    from monitor.store import alerts

    states = alerts.channel_states(conn)
    rows = []
    for channel in settings.channels:
        state = states.get(channel.name)
        rows.append(
            {
                "channel": channel.name,
                "to": channel.build().describe(),
                "state": state.state if state else "ok",
                "last_sent": state.last_sent_at if state else None,
                "why": state.last_error if state else None,
            }
        )
    return rows


def _other_scorer(settings: Settings, conn: Connection) -> str | None:
    """Return another scorer, or version, than that of new mentions, whose scores some still have; loads no scorer."""
    from monitor.store import rescored

    ends = rescored.oldest_and_newest(conn)
    if ends is None:
        return None
    others = [scorer for scorer in ends if scorer.partition("/")[0] != settings.scorer]
    return next(iter(others), ends[0] if ends[0] != ends[1] else None)


# --- the screen ----------------------------------------------------------------------------------


def _print(facts: Mapping[str, Any], zone: str) -> None:
    show(_life(facts, zone))
    show(_work(facts))
    if facts["other_scorer"]:
        show(f"Some mentions have scores of {facts['other_scorer']}. To score them like new ones: {command()} rescore")
    print()
    _print_sources(facts, zone)
    print()
    show_table(
        ("channel", "state", "last message", Column("to", 12, wraps=True), Column("why", 16, wraps=True)),
        [(c["channel"], c["state"], ago(c["last_sent"], facts["now"]), c["to"], c["why"]) for c in facts["channels"]],
        "No channels yet.",
    )


def _life(facts: Mapping[str, Any], zone: str) -> str:
    now, alive_at = facts["now"], facts["alive_at"]
    if not facts["running"]:
        last = f"; last alive {ago(alive_at, now)}" if alive_at else " yet"
        return f"Not running{last}. Start it: {command()} run"
    since = facts["alive_since"]
    words = f"Running since {local(since, zone)} ({zone})" if since else "Running"
    if alive_at is None or now - alive_at > LATE:
        return f"{words}, but it last gave a sign of life {ago(alive_at, now)}: look at its log ({facts['holder']})."
    return f"{words}."


def _work(facts: Mapping[str, Any]) -> str:
    cases, deliveries = facts["cases"], facts["deliveries"]
    waiting = sum(deliveries.get(state, 0) for state in WAITING)
    late = f", {cases['overdue']:,} of them overdue" if cases["overdue"] else ""
    given_up = deliveries.get("dead", 0)
    dead = f" Given up: {given_up:,} (see {command()} deliveries)." if given_up else ""
    return f"To answer: {cases['open']:,}{late}. Messages waiting: {waiting:,}.{dead}"


def _print_sources(facts: Mapping[str, Any], zone: str) -> None:
    rows, now = facts["sources"], facts["now"]
    fine = [row for row in rows if row["health"] in ("ok", "new") and row["gap_from"] is None]
    troubled = [row for row in rows if row not in fine]
    listed = rows if len(rows) <= ONE_SCREEN else troubled[:ONE_SCREEN]
    show_table(
        (
            "source", "health", Column("last look", spare=True), "next look",
            Column("not seen", 12, wraps=True), Column("why", 16, wraps=True),
        ),
        [
            (row["source"], row["health"], ago(row["last_look"], now),
             _next(row, now) if facts["running"] else None, _gap(row, zone), row["why"])
            for row in listed
        ],
        "No sources yet." if not rows else "Nothing is wrong with any source.",
    )  # fmt: skip
    if len(listed) == len(rows):
        return
    if more := len(troubled) - len(listed):
        show(f"And {counted(more, 'more source')} in trouble.")
    seen = max((row["last_good"] for row in fine if row["last_good"]), default=None)
    show(f"Fine: {counted(len(fine), 'source')}, the newest look {ago(seen, now)}. Each of them: status --json")


def _next(row: Mapping[str, Any], now: datetime) -> str:
    times = [at for at in (row["next_look"], row["not_before"]) if at is not None]
    return ago(max(times), now) if times and max(times) > now else "now"


def _gap(row: Mapping[str, Any], zone: str) -> str:
    if row["gap_from"] is None:
        return ""
    begin, end = local(row["gap_from"], zone), local(row["gap_to"], zone)
    return f"{begin[5:]} to {end[11:] if end[:10] == begin[:10] else end[5:]}" if end else f"since {begin[5:]}"
