"""Commands that watch: run, poll, audit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, ago, counted, known, load, opened, span
from monitor.cli.screen import Column, say, show, show_json, show_table
from monitor.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from monitor.config import Settings
    from monitor.daemon import Daemon
    from monitor.polling import Look
    from monitor.store import Store

LEVELS = ("debug", "info", "warning", "error")


def run(
    once: Annotated[bool, typer.Option("--once", help="Look at every source once, tell, and end.")] = False,
    backfill: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="Also tell about bad ones of the last 7d, although they are history."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Sources looked at side by side.", min=1, max=256)] = 16,
    health_port: Annotated[
        int | None, typer.Option(help="Answer /healthz, /metrics and /push/ on this port.", min=1, max=65535)
    ] = None,
    health_host: Annotated[str | None, typer.Option(help="The address that listens.")] = None,
    log_level: Annotated[str, typer.Option(metavar="LEVEL", help="debug, info, warning or error.")] = "info",
    config: ConfigOption = None,
) -> None:
    """Watch the sources and tell people, until stopped.

    Ctrl-C or SIGTERM stops it within 20 seconds and nothing is lost; SIGHUP reads a changed configuration.
    With --once it looks at every source, tells what is to be told and ends: for cron, and for trying things out.

    Example: monitor run --health-port 8080
    """
    from monitor import clock

    if log_level not in LEVELS:
        raise UsageError(f"`{log_level}` is no log level; {', '.join(LEVELS[:-1])} or {LEVELS[-1]} are")
    history = span(backfill) if backfill else None
    clock.use_utc()
    settings = load(config, log_level)
    with _locked(settings, workers=workers) as daemon:
        if daemon is None:
            return
        if history:
            daemon.backfill(history)
        if once:
            daemon.make_all_due()
            daemon.run_once()
            _end(daemon)
        with _listening(daemon, daemon.store, health_host, health_port):
            daemon.run()


@contextmanager
def _locked(settings: Settings, **options: Any) -> Iterator[Daemon | None]:
    """Give the daemon once this process is the one that runs; None when it was stopped while waiting."""
    from monitor import clock
    from monitor.daemon import Daemon, hold_lock, signals

    with opened(settings, create=True) as store:
        daemon, stop = Daemon(settings, store, **options), threading.Event()
        with signals(daemon, also=stop.set):
            yield daemon if hold_lock(store, now=clock.now, say=say, stop=stop) else None


def _listening(daemon: Daemon, store: Store, host: str | None, port: int | None) -> AbstractContextManager[object]:
    """Listen where the options say, else where the configuration does; nowhere when neither does."""
    usual_host, usual_port = daemon.settings.listen or ("127.0.0.1", None)
    if (port := port or usual_port) is None:
        return nullcontext()
    from monitor.daemon import Arrivals
    from monitor.push import Watched, listening

    watched = Watched(store, daemon.now, daemon.totals, lambda: daemon.beaten_at, Arrivals(daemon))
    return listening(watched, host or usual_host, port)


def _end(daemon: Daemon) -> None:
    """Say how one round went, and end the command: 1 when a source could not be read or a message still waits."""
    counts = daemon.counts
    failed = f" ({counts.failed_looks:,} failed)" if counts.failed_looks else ""
    lost = f" ({counts.failed_sends:,} did not arrive)" if counts.failed_sends else ""
    say(
        f"{counted(counts.looks, 'look')}{failed}, {counts.new:,} new, {counts.edited:,} edited, "
        f"{counted(counts.sent, 'message')} sent{lost}"
    )
    unsent = daemon.unsent()
    for channel, why in unsent.items():
        say(f"{channel}: what is due there still waits, and goes out at the next run ({why})")
    raise typer.Exit(1 if counts.failed_looks or unsent else 0)


def poll(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Sources; all of them when none is named.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would come in; store and tell nothing.")
    ] = False,
    due: Annotated[bool, typer.Option("--due", help="Only those that are due.")] = False,
    backfill: Annotated[
        str | None, typer.Option(metavar="SPAN", help="Also tell about bad ones of the last 7d.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at sources now, once, and tell what is to be told.

    Example: monitor poll quay-street --dry-run
    """
    from monitor import clock

    if as_json and not dry_run:
        raise UsageError("--json belongs to --dry-run: without it there is nothing to show")
    history = span(backfill) if backfill else None
    clock.use_utc()
    settings = load(config, "warning" if dry_run else "info")
    there = [source.name for source in settings.sources]
    wanted = [known("source", name, there) for name in names or ()] or there
    if dry_run:
        _dry_run(settings, wanted, as_json=as_json)
    if _hand_over(settings, wanted, backfill=backfill):
        return
    with _locked(settings, only=frozenset(wanted)) as daemon:
        if daemon is None:
            return
        if history:
            daemon.backfill(history)
        if not due:
            daemon.make_all_due()
        daemon.run_once()
        _end(daemon)


def _hand_over(settings: Settings, names: list[str], *, backfill: str | None) -> bool:
    """Let the monitor that is running look at these sources now; False when none is running."""
    from monitor import clock
    from monitor.store import sources

    with opened(settings, create=True) as store:
        holder = store.lock_holder()
        if holder is None:
            return False
        if backfill:
            raise UsageError(
                f"a monitor is running ({holder}); stop it first, or start it with run --backfill {backfill}"
            )
        with store.write() as conn:
            for name in names:
                sources.update(conn, name, next_poll_at=clock.now(), not_before=None)
    show(f"The running monitor ({holder}) looks at {', '.join(names)} now.")
    return True


def _dry_run(settings: Settings, names: list[str], *, as_json: bool) -> None:
    """Look, judge, show and end the command; nothing is written."""
    from monitor.cli.check import working

    rows: list[dict[str, Any]] = []
    failed = False
    with working(settings) as daemon:
        for name in names:
            look = _look(daemon, name)
            failed |= look.error is not None
            _say_how_it_went(name, look)
            rows += _lines(look)
        now = daemon.now()
    if as_json:
        show_json(rows)
    else:
        show_table(
            (
                "when", "source", Column("stars", spare=True), "label", Column("author", 6, spare=True),
                Column("text", 16), Column("why", 12),
            ),
            [
                (ago(row["published_at"], now), row["source"], row["rating"], row["label"], row["author"],
                 row["text"], row["reasons"])
                for row in rows
            ],
            "Nothing new.",
        )  # fmt: skip
    raise typer.Exit(1 if failed else 0)


def _look(daemon: Daemon, name: str) -> Look:
    from monitor import polling
    from monitor.store import sources
    from monitor.store.sources import SourceState

    source, now = daemon.by_name[name], daemon.now()
    state = daemon.read(lambda conn: sources.get(conn, name))
    unseen = SourceState(name, source.connector, source.options_hash, added_at=now, next_poll_at=now)
    return polling.look(source, state or unseen, daemon.tools)


def _say_how_it_went(name: str, look: Look) -> None:
    say(f"{name}: {counted(len(look.seen), 'mention')} seen, {len(look.judged):,} of them new or changed")
    if look.error is not None:
        say(f"{name}: {look.error}")
    for problem in look.problems:
        say(f"{name}: an entry could not be read: {problem.what}")


def _lines(look: Look) -> Iterator[dict[str, Any]]:
    for judged in look.judged:
        mention, score = judged.mention, judged.score
        stars = mention.rating
        yield {
            "source": look.source,
            "external_id": mention.external_id,
            "published_at": mention.published_at,
            "rating": f"{stars.value:g} of {stars.best:g}" if stars else None,
            "label": score.label,
            "author": mention.author.name if mention.author else None,
            "text": mention.text,
            "url": mention.url,
            "reasons": "; ".join(why.text for why in score.reasons),
        }


def audit(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Ask whether every bad mention was told, or has a reason.

    And whether every open case has a next step. It mends nothing: the running monitor asks the same each minute,
    and does.

    Example: monitor audit
    """
    from dataclasses import asdict, replace

    from monitor import audit as auditor
    from monitor import clock

    settings = load(config)
    with opened(settings) as store, store.read() as conn:
        found = auditor.findings(conn, clock.now())
    if as_json:
        show_json({**asdict(found), "clean": found.clean})
    elif found.clean:
        show(
            "Clean: every bad mention was told or has a reason on record, "
            "no message is late, and every open case has a next step."
        )
    else:
        show(f"Bad mentions nobody was told of: {', '.join(f'm{i}' for i in found.untold) or 'none'}.")
        show(f"Alerts without a message: {len(found.silent):,}. Messages late: {len(found.late):,}.")
        for sentence in auditor.in_words(replace(found, untold=())):
            show(f"{sentence[0].upper()}{sentence[1:]}.")
        show("The running monitor mends this within a minute.")
    raise typer.Exit(0 if found.clean else 1)
