"""The command `erase`: what somebody said, or one thing that was said, goes for good."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, counted, known, load, local, number, opened
from monitor.cli.invocation import command
from monitor.cli.screen import Column, say, show, show_json, show_table
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.followup import Outcome

SHOWN = 20


def erase(
    ref: Annotated[str | None, typer.Argument(metavar="ID", help="A mention (m12).")] = None,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Everything by somebody: a name with --source, or an id.")
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Where the author wrote it.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Only the files once more, after something could not be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase what somebody said, or a mention, for good; asks once.

    Texts, names and all that hangs on them go from the database, its log and the copies beside it; what waits to be
    sent is called off, cases close, and it does not come back at the next look. Says what it cannot reach. The monitor
    may run meanwhile.

    Example: monitor erase --author "Jonas K." --source quay
    """
    from monitor import clock, followup
    from monitor.store import mentions

    if (ref is None) == (author is None):
        raise UsageError("say what: a mention (m12), or --author NAME --source NAME")
    if ref is not None and source is not None:
        raise UsageError("--source goes with --author; a mention is named by its number alone")
    settings = load(config)
    with opened(settings) as store:
        with store.read() as conn:
            if source is not None:
                known(
                    "source", source, dict.fromkeys([*(one.name for one in settings.sources), *mentions.sources(conn)])
                )
            wanted = followup.Wanted(number(ref, "m") if ref is not None else None, author, source)
            rows = followup.to_erase(conn, wanted)
        if not (rows or again):
            raise UsageError(_nothing(ref, author, source))
        if rows and not as_json:
            _print(rows, settings.zone)
        if not (yes or _confirmed(len(rows))):
            print("Nothing was changed.")
            raise typer.Exit(1)
        folder = settings.path.absolute().parent
        ids = [row["id"] for row in rows]
        done = followup.erase(store, ids, wanted, folder=folder, now=clock.now())
    if as_json:
        show_json(done.as_json())
    else:
        _print_done(done, postgres=not settings.database.startswith("sqlite"))
    raise typer.Exit(1 if done.trouble else 0)


def _nothing(ref: str | None, author: str | None, source: str | None) -> str:
    if ref is not None:
        return f"there is no mention {ref}: it never was, or is erased already"
    if source is not None:
        return f"nothing by {author} is stored of {source}; names are compared as the site writes them"
    return f"nothing by an author with the id {author} is stored; for a name, say on which source: --source NAME"


def _print(rows: Sequence[Any], zone: str) -> None:
    shown = []
    for row in rows[:SHOWN]:
        by = row["author"] or ("our own" if row["own"] else "")
        text = f"{row['title'] or ''} {row['text']}".strip()[:200]
        shown.append((f"m{row['id']}", row["source"], local(row["sort_at"], zone), by, text))
    show_table(("id", Column("source", 5), "written", "author", Column("text", 10)), shown, "")
    if (more := len(rows) - SHOWN) > 0:
        show(f"and {counted(more, 'more mention')}")


def _confirmed(count: int) -> bool:
    what = "this mention" if count == 1 else f"these {count:,} mentions"
    erased = f"Erase {what}, with texts, names, answers, marks and alerts, here and in the copies beside the database?"
    if not count:
        erased = "Nothing of it is in the tables. Write the database file anew, and the copies beside it without it?"
    question = f"{erased} A copy that cannot be rewritten is deleted. Nothing brings it back."
    try:
        return typer.confirm(question)
    except typer.Abort:
        say("" if sys.stdin is not None and sys.stdin.isatty() else "\nWhere nobody can answer, say --yes.")
        return False


def _print_done(done: Outcome, *, postgres: bool) -> None:
    show(
        f"{counted(done.mentions, 'mention')} erased; {counted(done.cases_closed, 'case')} closed, "
        f"{counted(done.called_off, 'waiting message')} called off. It will not be taken in again."
    )
    if done.trouble is None and not postgres:
        show("The database file was written anew and its log emptied: nothing of it is left in them.")
    elif done.trouble is None:
        show(
            "The tables were written anew. PostgreSQL's own log, replicas and backups of the server keep older states "
            "for as long as it is set up so: that is for whoever runs it."
        )
    else:
        say(f"Not done: {done.trouble}. When that is mended: the same command with --again")
    if done.copies.rewritten:
        show(f"Copies rewritten without it: {', '.join(done.copies.rewritten)}.")
    if done.copies.deleted:
        show(
            "Copies deleted, because they are damaged or of another version and could not be rewritten: "
            f"{', '.join(done.copies.deleted)}. For a new one: {command()} backup FILE"
        )
    if done.told:
        where = ", ".join(f"{channel} ({counted(count, 'message')})" for channel, count in done.told)
        show(f"Out of my reach, for you to delete there: what was sent to {where}.")
    if done.copies.may_hold:
        files = ", ".join(done.copies.may_hold)
        show(f"Files that hold it or, being packed, may hold it, and are not mine to change: {files}.")
    show("Exports, reports and backups that you put elsewhere are not reached either: delete what they hold of it.")
