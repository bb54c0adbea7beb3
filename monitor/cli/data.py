"""Commands that carry things in and out: export, import, report, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import ConfigOption, JsonOption, load, opened, progress, say, show_json, show_table, span
from monitor.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("export")(export)
    app.command("import")(import_)
    app.command("report")(report)
    app.command("backup")(backup)
    app.command("restore")(restore)


def export(
    config: ConfigOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write.")] = None,
    format_: Annotated[str | None, typer.Option("--format", help="csv, jsonl, xlsx or parquet.")] = None,
    since: Annotated[str | None, typer.Option(help="Only of the last 30d.")] = None,
    bad: Annotated[bool, typer.Option("--bad", help="Only bad ones.")] = False,
    excel: Annotated[bool, typer.Option("--excel", help="Begin the CSV with a mark that Excel needs.")] = False,
    everything: Annotated[Path | None, typer.Option("--all", help="Write every table into this folder.")] = None,
) -> None:
    """Write what was said as CSV, one row a mention; or with --all everything there is."""
    from monitor import clock, reports

    if (output is None) == (everything is None):
        raise UsageError("say where to: --output reviews.csv, or --all FOLDER for every table")
    settings = load(config)
    with opened(settings) as store:
        if everything is not None:
            count = reports.export_all(store, everything, settings, now=clock.now())
            print(f"{count} rows in {everything}; its README says what is what, and which keys to revoke where.")
            return
        assert output is not None  # one of the two is there
        count = reports.export(
            store,
            output,
            format=format_,
            since=clock.now() - span(since) if since else None,
            bad=bad,
            excel=excel,
            progress=progress("mentions written"),
        )
    print(f"{count} mentions in {output}")


def import_(
    file: Annotated[Path | None, typer.Argument(help="A CSV, JSON or JSON Lines file.")] = None,
    config: ConfigOption = None,
    source: Annotated[str | None, typer.Option(help="The name these mentions are kept under.")] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="text=Review Text, rating=Stars… once per column.")
    ] = None,
    best: Annotated[float, typer.Option(help="The best mark of the scale.")] = 5.0,
    worst: Annotated[float, typer.Option(help="The worst mark of the scale.")] = 1.0,
    zone: Annotated[str | None, typer.Option(help="The zone of times that name none.")] = None,
    tell: Annotated[bool, typer.Option("--tell", help="Tell people about the bad ones of the last 72 hours.")] = False,
    everything: Annotated[
        Path | None, typer.Option("--all", help="Read back a folder that export --all wrote.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read reviews from a file, with a mapping of its columns; silent unless --tell is given."""
    from monitor import imports, reports

    settings = load(config)
    with opened(settings) as store:
        if everything is not None:
            count = reports.import_all(store, everything)
            print(f"{count} rows read back from {everything}")
            return
        if file is None:
            raise UsageError("name a file to import, or --all FOLDER")
        mapping = imports.mapping(map_ or [])
        result = imports.run(
            store, settings, file, source=source or file.stem, mapping=mapping, best=best, worst=worst,
            zone=zone, tell=tell,
        )  # fmt: skip
    if as_json:
        show_json(result.as_json())
        return
    for problem in result.problems[:10]:
        say(str(problem))
    if len(result.problems) > 10:
        say(f"and {len(result.problems) - 10} more rows that could not be read")
    print(f"{result.new} new, {result.edited} edited, {result.known} known already, {len(result.problems)} unreadable")
    raise typer.Exit(1 if result.problems and not (result.new or result.edited or result.known) else 0)


def report(
    config: ConfigOption = None,
    since: Annotated[str | None, typer.Option(help="Only of the last 52w.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show month by month and source by source: mentions, stars, bad ones, and the share answered in time."""
    from dataclasses import asdict

    from monitor import clock, reports

    settings = load(config)
    now = clock.now()
    with opened(settings) as store:
        months = reports.monthly(store, now=now, since=now - span(since) if since else None, zone=settings.zone)
    rows = [asdict(month) for month in months]
    if as_json:
        show_json(rows)
        return
    columns = tuple(rows[0]) if rows else ()
    shown = [tuple(f"{v:.2f}" if isinstance(v, float) else v for v in row.values()) for row in rows]
    show_table(columns, shown, "Nothing stored yet.")


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    config: ConfigOption = None,
) -> None:
    """Copy the database while the monitor runs."""
    from monitor import clock
    from monitor.store import backup as copy

    settings = load(config)
    with opened(settings) as store:
        copy(store, file, now=clock.now())
    print(f"Copied to {file}. Bring it back: monitor restore {file}")


def restore(
    file: Annotated[Path, typer.Argument(help="A copy that backup or an upgrade made.")],
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Bring a copy of the database back; asks once."""
    from monitor import clock
    from monitor.store import restore as bring_back

    settings = load(config)

    def ask(question: str) -> bool:
        return yes or typer.confirm(question)

    if bring_back(settings.database, file, ask, now=clock.now(), say=say, folder=settings.path.parent):
        print(f"Restored from {file}.")
    else:
        print("Nothing changed.")
