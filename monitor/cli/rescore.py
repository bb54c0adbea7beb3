"""The command `rescore`: what is stored is scored again, quietly."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from monitor.cli.common import ConfigOption, JsonOption, counted, known, load, opened, since
from monitor.cli.invocation import command
from monitor.cli.screen import say, show, show_json, show_table

if TYPE_CHECKING:
    from monitor.rescoring import Result

SHOW_EVERY = 0.1  # seconds between two counts on a terminal
SAY_EVERY = 10.0  # seconds between two lines where there is none
SURE_AFTER = 1.0  # seconds of work before anything is said of how long it takes


def rescore(
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this source.")] = None,
    since_: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Only of the last 30d, or since 2026-11-01.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what this scorer has scored already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score what is stored again; nobody is told.

    For when the scorer or its version has changed: takes what another one has scored, the newest first. The old scores
    are kept beside the new ones, and cases stay as they are. The monitor may run meanwhile. Stopped at any moment, the
    same command goes on from there.

    Example: monitor rescore --dry-run
    """
    from monitor import clock, rescoring, scoring
    from monitor.store import mentions as table

    settings = load(config)
    now = clock.now()
    from_ = since(since_, now, settings.zone)
    with opened(settings) as store:
        if source is not None:
            with store.read() as conn:
                known("source", source, dict.fromkeys([*(one.name for one in settings.sources), *table.sources(conn)]))
        scorer = scoring.scorer(settings.scorer)
        which = rescoring.Which(scorer.id, source, from_, everything)
        progress = Progress(sys.stderr, clock.monotonic)
        try:
            if dry_run:
                result = rescoring.preview(store, scorer, which, progress=progress)
            else:
                result = rescoring.run(store, scorer, which, now, progress=progress)
        except KeyboardInterrupt:
            progress.end()
            if not dry_run:
                say("what is done is kept; the same command goes on from there")
            raise
        progress.end()
    if as_json:
        show_json(result.as_json())
    elif not result.scored:
        show(f"Nothing to score again: {scorer.id} has scored all of it.")
    elif dry_run:
        _print_preview(result)
    else:
        _print(result)


def _print(result: Result) -> None:
    show(f"{counted(result.scored, 'mention')} scored by {result.scorer}. Nobody was told of anything.")
    show(f"{result.up + result.down:,} changed level: {result.up:,} up, {result.down:,} down.")
    _print_examples(result)
    if result.left:
        say(
            f"Another scorer has scored {counted(result.left, 'mention')} meanwhile: the running monitor still has its "
            f"older configuration or version. Restart it, then do this again: {command()} rescore"
        )


def _print_preview(result: Result) -> None:
    show(f"{counted(result.scored, 'mention')} would be scored by {result.scorer}. Nothing was changed.")
    show(f"{result.up + result.down:,} would change level: {result.up:,} up, {result.down:,} down.")
    _print_examples(result)


def _print_examples(result: Result) -> None:
    if result.examples:
        print()
        rows = [(f"m{one.id}", one.source, one.was, one.now) for one in result.examples]
        show_table(("for example", "source", "was", "now"), rows, "")


class Progress:
    """Says how many are done, of how many, and how long it still takes.

    On a terminal in one line that changes; elsewhere in a line of its own every ten seconds, and none for short work.
    """

    def __init__(self, stream: TextIO | None, monotonic: Callable[[], float]) -> None:
        self._stream, self._monotonic = stream, monotonic
        self._watched = stream is not None and stream.isatty()
        self._began = self._shown = monotonic()
        self._longest = 0

    def __call__(self, done: int, total: int) -> None:
        """Note that so many are done."""
        now = self._monotonic()
        if self._stream is None or now - self._shown < (SHOW_EVERY if self._watched else SAY_EVERY):
            return
        self._shown = now
        line = f"{done:,} of {total:,} scored"
        if now - self._began >= SURE_AFTER:
            line += f", {_left((now - self._began) / done * (total - done))}"
        self._longest = max(self._longest, len(line))
        self._stream.write(f"\r{line:<{self._longest}}" if self._watched else f"{line}\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave nothing of the line that changes."""
        if self._stream is not None and self._watched and self._longest:
            self._stream.write(f"\r{' ' * self._longest}\r")
            self._stream.flush()


def _left(seconds: float) -> str:
    if seconds < 60:
        return "less than a minute still"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} min still"
    return f"about {seconds / 3600:.0f} h still"
