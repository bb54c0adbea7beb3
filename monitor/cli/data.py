"""Commands that carry things in and out: export, import, report, backup, restore."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.common import ConfigOption, JsonOption, counted, load, opened, since
from monitor.cli.invocation import command
from monitor.cli.screen import Column, counting, say, show, show_json, show_table
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.imports import Result

SHOWN_PROBLEMS = 10


def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="csv, jsonl, xlsx or parquet; else what the file's name says.")
    ] = None,
    since_: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Only of the last 30d, or since 2026-11-01.")
    ] = None,
    bad: Annotated[bool, typer.Option("--bad", help="Only bad ones.")] = False,
    excel: Annotated[bool, typer.Option("--excel", help="Begin the CSV with a mark that Excel needs.")] = False,
    everything: Annotated[
        Path | None, typer.Option("--all", metavar="FOLDER", help="Write every table into this new folder.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write what was said into a file, or everything there is.

    One row a mention, oldest first; docs/csv.md has the columns. With --all every table becomes a CSV in a new
    folder, with a README of their types and of the keys to revoke; `import --all` reads it back.

    Example: monitor export --output reviews.csv --since 30d
    """
    from monitor import clock, reports

    if (output is None) == (everything is None):
        raise UsageError("say where to: --output reviews.csv, or --all FOLDER for every table")
    if everything is not None and (since_ or bad or format_ or excel):
        raise UsageError("--all writes everything: leave --since, --bad, --format and --excel out")
    settings, now = load(config), clock.now()
    with opened(settings) as store:
        if everything is not None:
            count = reports.export_all(store, everything, settings, now=now)
            show(f"{counted(count, 'row')} in {everything}; its README says what is what, and what to revoke where.")
            return
        assert output is not None  # one of the two is there
        with counting("mentions written") as progress:
            count = reports.export(
                store,
                output,
                format=format_,
                since=since(since_, now, settings.zone),
                bad=bad,
                excel=excel,
                progress=progress,
            )
    tell = show if output.is_file() else say  # it may be the standard output that was written
    tell(f"{counted(count, 'mention')} in {output}")


def import_(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A CSV, JSON or JSON Lines file.")] = None,
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="The name they are kept under; else the file's.")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="text='Review Text', rating=Stars… once per column."),
    ] = None,
    best: Annotated[float, typer.Option(metavar="MARK", help="The best mark of the scale.")] = 5.0,
    worst: Annotated[float, typer.Option(metavar="MARK", help="The worst mark of the scale.")] = 1.0,
    zone: Annotated[
        str | None, typer.Option(help="The zone of times that name none; else that of the configuration.")
    ] = None,
    tell: Annotated[bool, typer.Option("--tell", help="Tell people about the bad ones of the last 72 hours.")] = False,
    everything: Annotated[
        Path | None, typer.Option("--all", metavar="FOLDER", help="Read back a folder that export --all wrote.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read reviews from a file; nobody is told unless you say so.

    Columns whose names say what they are need no --map. What is read again is known again. A row that cannot be
    read is named with its line, and the others come in. docs/commands.md lists the fields.

    Example: monitor import reviews.csv --source old-shop --map "text=Review Text" --map rating=Stars
    """
    from monitor import imports, reports

    if (file is None) == (everything is None):
        raise UsageError("name one file to import, or --all FOLDER")
    settings = load(config)
    if file is None:
        assert everything is not None  # one of the two is there
        with opened(settings, create=True) as store:
            count = reports.import_all(store, everything)
        show(f"{counted(count, 'row')} read back from {everything}")
        return
    mapping = imports.mapping(map_ or [])
    with opened(settings, create=True) as store, counting("rows read") as progress:
        result = imports.run(
            store, settings, file, source=source or file.stem, mapping=mapping, best=best, worst=worst,
            zone=zone or settings.zone, tell=tell, progress=progress,
        )  # fmt: skip
    if as_json:
        show_json(result.as_json())
    else:
        _print_imported(result)
    raise typer.Exit(1 if result.problems and not (result.new or result.edited or result.known) else 0)


def _print_imported(result: Result) -> None:
    for problem in result.problems[:SHOWN_PROBLEMS]:
        say(str(problem))
    if (more := len(result.problems) - SHOWN_PROBLEMS) > 0:
        say(f"and {counted(more, 'more row')} that could not be read; --json names them all")
    unreadable = f", {len(result.problems):,} unreadable" if result.problems else ""
    print(f"{result.new:,} new, {result.edited:,} edited, {result.known:,} known already{unreadable}")
    if result.columns:
        used = ", ".join(f"{field} from `{column}`" for field, column in result.columns.items() if field != column)
        if used:
            show(f"Read: {used}.")


def report(
    since_: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Only of the last 52w, or since 2026-01-01.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show stars, bad ones and those answered in time, by month.

    One row a month and source. A figure that nobody can know yet is left empty; cases closed without anybody having
    seen an answer are counted apart, as unverified.

    Example: monitor report --since 52w
    """
    from dataclasses import asdict

    from monitor import clock, reports

    settings = load(config)
    now = clock.now()
    with opened(settings) as store:
        months = reports.monthly(store, now=now, since=since(since_, now, settings.zone), zone=settings.zone)
    if as_json:
        show_json([asdict(month) for month in months])
        return
    show_table(
        ("month", Column("source", 5), "mentions", "stars", "bad", "in time", Column("unverified", spare=True)),
        [
            (month.month, month.source, f"{month.mentions:,}", "" if month.stars is None else f"{month.stars:.2f}",
             f"{month.bad:,}", f"{month.in_time} of {month.due}" if month.due else "", month.unverified or "")
            for month in months
        ],
        "Nothing is stored yet.",
    )  # fmt: skip


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    config: ConfigOption = None,
) -> None:
    """Copy the database, also while the monitor runs.

    The copy holds the tokens, too: it is readable by you alone. Keep it so.

    Example: monitor backup monitor-backup.db
    """
    from monitor import clock
    from monitor.store import backup as copy

    settings = load(config)
    with opened(settings) as store:
        copy(store, file, now=clock.now())
    show(f"Copied to {file}. To bring it back: {command()} restore {file}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that backup or an upgrade made.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
) -> None:
    """Bring a copy of the database back; asks once.

    What was there is kept beside it. Stop the daemon first.

    Example: monitor restore monitor-backup.db
    """
    from monitor import clock
    from monitor.store import restore as bring_back
    from monitor.text import terminal

    settings = load(config)

    def ask(question: str) -> bool:
        if yes:
            return True
        try:
            return typer.confirm(terminal(question))
        except typer.Abort:
            say("" if sys.stdin is not None and sys.stdin.isatty() else "\nWhere nobody can answer, say --yes.")
            return False

    if bring_back(settings.database, file, ask, now=clock.now(), say=say, folder=settings.path.absolute().parent):
        print(f"Restored from {file}.")
    else:
        print("Nothing was changed.")
        raise typer.Exit(1)
