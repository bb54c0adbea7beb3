"""Commands that look at what is there: mentions, cases, deliveries, score, connectors."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, ago, counted, known, load, load_if_there, opened, since
from monitor.cli.invocation import command
from monitor.cli.screen import Column, say, show, show_json, show_table
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.cli.unwatched import Unwatched
    from monitor.models import Score

EVERY_CASE = 1_000_000
SHORTEST_ID = 8  # characters of a message's id that must be given


def mentions(
    bad: Annotated[bool, typer.Option("--bad", help="Only bad ones.")] = False,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this source.")] = None,
    since_: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Only of the last 7d, or since 2026-11-01.")
    ] = None,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only by this author, as the site writes the name.")
    ] = None,
    batch: Annotated[
        str | None, typer.Option(metavar="ID", help="Only those that one message told of, by its id.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many; 0 shows all.", min=0)] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was said, newest first.

    Example: monitor mentions --bad --since 7d
    """
    from monitor import clock
    from monitor.store import mentions as table

    settings = load(config)
    now = clock.now()
    with opened(settings) as store, store.read() as conn:
        delivery = None if batch is None else _delivery(conn, batch)
        ids = table.listed(
            conn,
            label="bad" if bad else None,
            source=source,
            since=since(since_, now, settings.zone),
            author=author,
            batch=delivery,
            limit=None if delivery or not limit else limit + 1,
        )
        rows = table.full(conn, ids)
        if source is not None and not ids:
            known("source", source, {*(one.name for one in settings.sources), *table.sources(conn)})
    more = bool(limit) and delivery is None and len(ids) > limit
    listed = [_line(rows[mention_id]) for mention_id in (ids[:limit] if more else ids)]
    if as_json:
        show_json(listed)
        return
    show_table(
        (
            "id", "when", Column("source", 5), Column("stars", spare=True), "label",
            Column("author", 6, spare=True), Column("text", 16),
        ),
        [
            (line["id"], ago(line["sort_at"], now), line["source"], line["rating"], line["label"],
             line["author"], f"{line['title'] or ''} {line['text']}".strip() or "(no text)")
            for line in listed
        ],
        "Nothing of that kind is stored." if bad or source or since_ or author else "Nothing is stored yet.",
    )  # fmt: skip
    if more:
        say(f"The newest {limit:,}; --limit 0 shows all.")


def _delivery(conn: Any, beginning: str) -> str:
    from monitor.store import alerts

    found = alerts.find_id(conn, beginning)
    if found is None:
        raise UsageError(
            f"there is no message `{beginning}` ({SHORTEST_ID} characters of its id at least); "
            f"`{command()} deliveries` lists them"
        )
    return found


def _line(row: Any) -> dict[str, Any]:
    return {
        "id": f"m{row['id']}",
        "sort_at": row["sort_at"],
        "source": row["source"],
        "rating": None if row["rating"] is None else f"{row['rating']:g} of {row['rating_best']:g}",
        "label": row["label"],
        "severity": row["severity"],
        "author": row["author"],
        "title": row["title"],
        "text": row["text"],
        "url": row["url"],
        "case": f"c{row['case_id']}" if row["case_id"] else None,
        "why_not_told": row["why_not_told"],
    }


def cases(
    limit: Annotated[int, typer.Option(help="At most so many; 0 shows all.", min=0)] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what waits for an answer, the most pressing first.

    Example: monitor cases
    """
    from monitor import clock
    from monitor.store import cases as table

    settings = load(config)
    now = clock.now()
    with opened(settings) as store, store.read() as conn:
        rows = table.open_list(conn, limit + 1 if limit else EVERY_CASE)
    more = bool(limit) and len(rows) > limit
    rows = rows[:limit] if more else rows
    if as_json:
        show_json([{**row._mapping, "id": f"c{row.id}", "mention_id": f"m{row.mention_id}"} for row in rows])
        return
    show_table(
        (
            "id", "mention", Column("source", 5), Column("severity", spare=True), "answer by",
            Column("who", 6), Column("link", 16, spare=True),
        ),
        [
            (f"c{row.id}", f"m{row.mention_id}", row.source, row.severity, _due(row.due_at, now),
             row.assignee or "nobody yet", row.url)
            for row in rows
        ],
        "Nothing waits for an answer.",
    )  # fmt: skip
    if more:
        say(f"The most pressing {limit:,}; --limit 0 shows all.")


def _due(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "no time set"
    return f"overdue, {ago(moment, now)}" if moment < now else ago(moment, now)


def deliveries(
    action: Annotated[
        str | None, typer.Argument(metavar="retry", help="Send again, now, what waits or was given up.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List messages and where they stand, or send them again.

    pending: goes out next. held: waits for a reason, such as quiet hours. sending: on its way. uncertain: may have
    arrived, is looked up or sent again under the same id. sent: arrived. dead: given up.

    Example: monitor deliveries retry
    """
    from dataclasses import asdict

    from monitor import clock
    from monitor.store import alerts

    if action not in (None, "retry"):
        raise UsageError(f"`{action}` is nothing one can do with deliveries; `retry` is")
    settings = load(config)
    now = clock.now()
    with opened(settings) as store:
        if action == "retry":
            with store.write() as conn:
                _say_retried(alerts.retry(conn, now), running=store.lock_holder() is not None)
            return
        with store.read() as conn:
            rows = alerts.last_sent(conn, limit)
    if as_json:
        show_json([asdict(row) for row in rows])
        return
    show_table(
        (
            "id", "when", "channel", Column("to", 8, spare=True), "state", Column("tells of", spare=True),
            Column("why", 16, wraps=True),
        ),
        [
            (row.id[:12], ago(row.created_at, now), row.channel, row.target, row.state, row.alert_count,
             None if row.state == "sent" else row.last_error or row.held_reason)
            for row in rows
        ],
        "No message yet.",
    )  # fmt: skip


def _say_retried(count: int, *, running: bool) -> None:
    if not count:
        print("No message waits and none was given up.")
    elif running:
        print(f"{counted(count, 'message')} due now; the running monitor sends them.")
    else:
        print(f"{counted(count, 'message')} due now. To send them: {command()} run --once")


def score(
    text: Annotated[str, typer.Argument(help="What somebody wrote.")],
    stars: Annotated[float | None, typer.Option(help="The stars beside it, 1 to 5.", min=1, max=5)] = None,
    language: Annotated[str | None, typer.Option(help="The language, when it is known: en, de…")] = None,
    scorer: Annotated[str | None, typer.Option(help="Which scorer; the configured one is the default.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what would be thought of a text, and why.

    Nothing is stored and nobody is told; it needs no configuration.

    Example: monitor score "Waited 40 minutes, then it was cold" --stars 2
    """
    from monitor import scoring
    from monitor.models import Rating, Scorable

    if scorer is None:
        settings = load_if_there(config)
        scorer = settings.scorer if settings else scoring.DEFAULT
    rating = Rating(stars) if stars is not None else None
    [result] = scoring.scorer(scorer).score([Scorable(text, rating, language)])
    if as_json:
        show_json(
            {
                "badness": result.badness,
                "level": result.level,
                "label": result.label,
                "topics": result.topics,
                "dangers": result.dangers,
                "language": result.language,
                "scorer": result.scorer,
                "reasons": [why.as_json() for why in result.reasons],
            }
        )
        return
    print(f"{result.label}: {LEVELS[result.level]}")
    for line in _reasons(result, text):
        show(line, lead="- ", indent="  ")


def _reasons(result: Score, text: str) -> Iterator[str]:
    """Yield the reasons of a score in their order, in words for people; last, why a text was not read."""
    for why in result.reasons:
        if why.code != "language":
            words = ", ".join(f'"{word}"' for word in why.words)
            yield f"{PLAINLY.get(why.code, why.text)}{f' ({words})' if words else ''}"
    if result.language is None and text.strip():
        yield "the language is not known, so the words were not read"
    elif any(why.code == "language" for why in result.reasons):
        yield f"the words were not read: they are in another language ({result.language})"


PLAINLY = {"words": "words that are usual in complaints"}
LEVELS = {
    "alert": "people are told at once",
    "watch": "it goes to the daily summary",
    "quiet": "nobody is told",
}


def connectors(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the sites that can be watched, and those that cannot.

    Of the latter it says why, and which way in there is all the same.
    Your own connectors are among them where the configuration names their folder.

    Example: monitor connectors
    """
    from monitor import plugins

    settings = load_if_there(config)
    own = settings.own_connectors if settings else None
    rows = [_facts(name, plugins.connector(name, own)) for name in plugins.connector_names(own)]
    there = {row["connector"] for row in rows}
    missing = {state: [one for one in sites if one.name not in there] for state, sites in unwatched().items()}
    if as_json:
        show_json([*rows, *(_missing(one, state, there) for state, sites in missing.items() for one in sites)])
        return
    for row in rows:
        print(f"{row['connector']} ({row['site']})" if row["site"] else row["connector"])
        show(row["sees"], lead="    ")
        needs = "Needs nothing" if row["needs"] == "nothing" else f"Needs {row['needs']}"
        show(f"{needs}; ready in {row['ready_in']}; {ANSWERS[row['sees_answers']]}.", lead="    ")

    for state, sites in missing.items():
        print()
        show(f"{state.capitalize()}, {STATES[state]}:")
        for one in sites:
            show(one.title)
            ways = "; or ".join(words for _, words in one.ways_in(there))
            show(f"{one.why} Way in: {ways}.", lead="    ")


def unwatched() -> dict[str, tuple[Unwatched, ...]]:
    """Return the sites that no connector reads, by the state they are in."""
    from monitor.cli.unwatched import NO_INTERFACE, NOT_NOW

    return {"not now": NOT_NOW, "no usable interface": NO_INTERFACE}


STATES = {
    "not now": "because too little is documented or access is not to be had",
    "no usable interface": "and so no connector",
}
ANSWERS = {"yes": "sees your answers", "late": "sees your answers late", "no": "cannot see your answers"}


def _facts(name: str, kind: Any) -> dict[str, Any]:
    return {
        "connector": name,
        "site": kind.title,
        "needs": kind.needs,
        "ready_in": kind.ready_in,
        "sees": kind.sees,
        "sees_answers": kind.sees_answers,
        "default_every_seconds": int(kind.default_every.total_seconds()),
        "fastest_seconds": int(kind.fastest.total_seconds()),
        "proven": kind.proven,
        "state": "built",
    }


def _missing(site: Unwatched, state: str, connectors: Collection[str]) -> dict[str, Any]:
    ways = [{"way": way, "words": words} for way, words in site.ways_in(connectors)]
    return {"connector": site.name, "site": site.title, "state": state, "why": site.why, "ways": ways}
