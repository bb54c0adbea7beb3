"""Commands that watch: run, poll, status, audit."""

from __future__ import annotations

import sys
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, ago, load, opened, say, show_json, show_table, span
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.config import Settings, SourceSettings
    from monitor.store import Store
    from monitor.store.sources import SourceState


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("run")(run)
    app.command("poll")(poll)
    app.command("status")(status)
    app.command("audit")(audit)


def run(
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Look at every source once, tell, and end.")] = False,
    workers: Annotated[int, typer.Option(help="Sources looked at side by side.", min=1, max=256)] = 16,
    health_port: Annotated[
        int | None, typer.Option(help="Answer /healthz and /metrics on this port.", min=1, max=65535)
    ] = None,
    health_host: Annotated[str, typer.Option(help="The address that listens.")] = "127.0.0.1",
    backfill: Annotated[
        str | None, typer.Option(help="Also tell about bad ones of the last 7d, although they are history.")
    ] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Watch: poll the sources on their schedule and tell people, until stopped."""
    from monitor import clock, logs
    from monitor.daemon import Daemon, hold_lock, signals

    if log_level not in ("debug", "info", "warning", "error"):
        raise UsageError(f"`{log_level}` is no log level; debug, info, warning or error are")
    clock.use_utc()
    logs.use(log_level)
    settings = load(config)
    with opened(settings) as store:
        daemon = Daemon(settings, store, workers=workers)
        stop = threading.Event()
        with signals(daemon, also=stop.set):
            if not hold_lock(store, now=clock.now, say=say, stop=stop):
                return
            if backfill:
                daemon.backfill(span(backfill))
            if once:
                daemon.make_all_due()
                daemon.run_once()
                raise typer.Exit(1 if daemon.counts.failed_looks else 0)
            if health_port is None:
                daemon.run()
            else:
                from monitor.push import Watched, listening

                watched = Watched(store, daemon.now, daemon.totals, lambda: daemon.beaten_at)
                with listening(watched, health_host, health_port):
                    daemon.run()


def poll(
    names: Annotated[list[str] | None, typer.Argument(help="Sources; all of them when none is named.")] = None,
    config: ConfigOption = None,
    due: Annotated[bool, typer.Option("--due", help="Only those that are due.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would come in; store and tell nothing.")
    ] = False,
    backfill: Annotated[str | None, typer.Option(help="Also tell about bad ones of the last 7d.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Look at sources now, once, and tell what is to be told."""
    from monitor import clock, logs
    from monitor.daemon import Daemon, hold_lock, signals

    clock.use_utc()
    logs.use("warning" if dry_run else "info")
    settings = load(config)
    wanted = _named(settings, names or [])
    with opened(settings) as store:
        daemon = Daemon(settings, store, only=frozenset(wanted))
        if dry_run:
            _dry_run(daemon, wanted, as_json=as_json)
            return
        stop = threading.Event()
        with signals(daemon, also=stop.set):
            if not hold_lock(store, now=clock.now, say=say, stop=stop):
                return
            if backfill:
                daemon.backfill(span(backfill))
            if not due:
                daemon.make_all_due()
            daemon.run_once()
        _closing_line(daemon)
        raise typer.Exit(1 if daemon.counts.failed_looks else 0)


def _named(settings: Settings, names: list[str]) -> list[str]:
    import difflib

    known = [source.name for source in settings.sources]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise UsageError(f"there is no source `{name}`.{hint} Known: {', '.join(known) or 'none'}.")
    return names or known


def _closing_line(daemon: Any) -> None:
    counts = daemon.counts
    say(f"{counts.looks} looks, {counts.new} new, {counts.edited} edited, {counts.sent} messages sent")


def _dry_run(daemon: Any, names: list[str], *, as_json: bool) -> None:
    """Look, judge and show; nothing is written."""
    from monitor import polling
    from monitor.store import sources

    rows = []
    failed = False
    for name in names:
        source = daemon.by_name[name]
        state = daemon.read(lambda conn, name=name: sources.get(conn, name)) or unseen(source, daemon.now())
        look = polling.look(source, state, daemon.tools)
        if look.error is not None:
            failed = True
            say(f"{name}: {look.error}")
        for problem in look.problems:
            say(f"{name}: an entry could not be read: {problem.what}")
        for judged in look.judged:
            mention, score = judged.mention, judged.score
            stars = mention.rating
            rows.append(
                {
                    "source": name,
                    "published_at": mention.published_at,
                    "rating": f"{stars.value:g} of {stars.best:g}" if stars else None,
                    "label": score.label,
                    "author": mention.author.name if mention.author else None,
                    "text": mention.text[:200],
                    "reasons": "; ".join(why.text for why in score.reasons),
                }
            )
    if as_json:
        show_json(rows)
    else:
        columns = ("source", "published_at", "rating", "label", "author", "text", "reasons")
        show_table(columns, [list(row.values()) for row in rows], "Nothing new.")
    raise typer.Exit(1 if failed else 0)


def unseen(source: SourceSettings, now: datetime) -> SourceState:
    """Return the state of a source that nobody has looked at yet."""
    from monitor.store.sources import SourceState

    return SourceState(source.name, source.connector, source.options_hash, added_at=now, next_poll_at=now)


def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show on one screen how everything is doing."""
    settings = load(config)
    with opened(settings) as store:
        facts = _status(settings, store)
    if as_json:
        show_json(facts)
        return
    _print_status(facts)


def _status(settings: Settings, store: Store) -> dict[str, Any]:
    from monitor import clock
    from monitor.store import alerts, cases, sources

    now = clock.now()
    with store.read() as conn:
        alive_at = sources.get_meta(conn, "alive_at")
        since = sources.get_meta(conn, "alive_since")
        gaps = {gap.source: gap for gap in sources.gaps_since(conn, now - timedelta(days=1))}
        states = alerts.channel_states(conn)
        rows = [
            {
                "source": state.name,
                "health": state.health,
                "last_look": state.last_look_at,
                "next_look": state.next_poll_at,
                "why": state.last_error,
                "gap_from": gaps[state.name].from_at if state.name in gaps else None,
                "gap_to": gaps[state.name].to_at if state.name in gaps else None,
            }
            for state in sources.all_active(conn)
        ]
        channels = [
            {
                "channel": channel.name,
                "to": channel.build().describe(),
                "state": states[channel.name].state if channel.name in states else "ok",
                "last_sent": states[channel.name].last_sent_at if channel.name in states else None,
                "why": states[channel.name].last_error if channel.name in states else None,
            }
            for channel in settings.channels
        ]
        running = alive_at is not None and now - datetime.fromisoformat(alive_at) < timedelta(minutes=3)
        return {
            "now": now,
            "running": running,
            "alive_since": since if running else None,
            "alive_at": alive_at,
            "sources": rows,
            "channels": channels,
            "deliveries": alerts.counts(conn),
            "cases": cases.summary(conn, now),
        }


def _print_status(facts: dict[str, Any]) -> None:
    now = facts["now"]
    if facts["running"]:
        since = datetime.fromisoformat(facts["alive_since"])
        print(f"Running since {since:%Y-%m-%d %H:%M} UTC.")
    elif facts["alive_at"]:
        print(f"Not running; last alive {ago(datetime.fromisoformat(facts['alive_at']), now)}. Start it: monitor run")
    else:
        print("Not running yet. Start it: monitor run")
    print()
    show_table(
        ("source", "health", "last look", "next look", "not seen", "why"),
        [
            (
                row["source"], row["health"], ago(row["last_look"], now), ago(row["next_look"], now),
                _gap(row), row["why"],
            )
            for row in facts["sources"]
        ],
        "No sources yet.",
    )  # fmt: skip
    print()
    show_table(
        ("channel", "to", "state", "last message", "why"),
        [
            (row["channel"], row["to"], row["state"], ago(row["last_sent"], now), row["why"])
            for row in facts["channels"]
        ],
        "No channels yet.",
    )
    print()
    waiting = sum(facts["deliveries"].get(state, 0) for state in ("pending", "held", "sending", "uncertain"))
    cases = facts["cases"]
    print(f"To answer: {cases['open']}, of these overdue: {cases['overdue']}. Messages waiting: {waiting}.")


def _gap(row: dict[str, Any]) -> str:
    if row["gap_from"] is None:
        return ""
    to = f"{row['gap_to']:%H:%M}" if row["gap_to"] else "now"
    return f"{row['gap_from']:%d %b %H:%M} to {to}"


def audit(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Ask whether every bad mention was told, or has a reason why not; mends nothing."""
    from monitor import audit as auditor
    from monitor import clock

    settings = load(config)
    with opened(settings) as store, store.read() as conn:
        found = auditor.findings(conn, clock.now())
    if as_json:
        show_json({"untold": found.untold, "silent": found.silent, "late": found.late, "clean": found.clean})
    elif found.clean:
        print("Clean: every bad mention was told or has a reason on record; no message is late.")
    else:
        print(f"Bad mentions nobody was told of: {', '.join(f'm{i}' for i in found.untold) or 'none'}")
        print(f"Alerts without a message: {len(found.silent)}. Messages late: {len(found.late)}.")
        print("The running monitor mends this within a minute.")
    sys.exit(0 if found.clean else 1)
