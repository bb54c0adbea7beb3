"""Commands that show: mentions, show, score, cases, deliveries, connectors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, ago, load, number, opened, show_json, show_table, span
from monitor.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("mentions")(mentions)
    app.command("show")(show)
    app.command("score")(score)
    app.command("cases")(cases)
    app.command("deliveries")(deliveries)
    app.command("connectors")(connectors)


def mentions(
    config: ConfigOption = None,
    bad: Annotated[bool, typer.Option("--bad", help="Only bad ones.")] = False,
    source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
    since: Annotated[str | None, typer.Option(help="Only of the last 7d.")] = None,
    batch: Annotated[str | None, typer.Option(help="Those that one message told of, by its id.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many; 0 shows all.", min=0)] = 50,
    as_json: JsonOption = False,
) -> None:
    """List what was said, newest first."""
    from monitor import clock
    from monitor.store import alerts
    from monitor.store import mentions as table

    settings = load(config)
    now = clock.now()
    with opened(settings) as store, store.read() as conn:
        if batch is not None:
            batch = alerts.find_id(conn, batch)
            if batch is None:
                raise UsageError("there is no message with that id; `monitor deliveries` lists them")
            limit = 0
        ids = table.listed(
            conn,
            label="bad" if bad else None,
            source=source,
            since=now - span(since) if since else None,
            batch=batch,
            limit=limit or None,
        )
        rows = table.full(conn, ids)
    listed = [_line(rows[mention_id]) for mention_id in ids]
    if as_json:
        show_json(listed)
        return
    columns = ("id", "when", "source", "stars", "label", "author", "text")
    show_table(
        columns,
        [
            (line["id"], ago(line["sort_at"], now), line["source"], line["rating"], line["label"], line["author"],
             line["text"][:160])
            for line in listed
        ],
        "Nothing stored yet. `monitor run` starts the watch.",
    )  # fmt: skip


def _line(row: Any) -> dict[str, Any]:
    return {
        "id": f"m{row['id']}",
        "sort_at": row["sort_at"],
        "source": row["source"],
        "rating": None if row["rating"] is None else f"{row['rating']:g} of {row['rating_best']:g}",
        "label": row["label"],
        "severity": row["severity"],
        "author": row["author"],
        "text": row["text"],
        "url": row["url"],
        "why_not_told": row["why_not_told"],
    }


def show(
    ref: Annotated[str, typer.Argument(help="A mention (m12) or a case (c3).")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one mention with its versions, answers and messages, or one case."""
    settings = load(config)
    with opened(settings) as store, store.read() as conn:
        from monitor.store import inspect

        if ref.strip().lower().startswith("c"):
            facts = inspect.case(conn, number(ref, "c"))
        else:
            facts = inspect.mention(conn, number(ref, "m"))
    if facts is None:
        raise UsageError(f"there is no {ref}")
    if as_json:
        show_json(facts)
    else:
        _print_facts(facts)


def _print_facts(facts: dict[str, Any], indent: str = "") -> None:
    from monitor.text import terminal

    for name, value in facts.items():
        if value is None or value == [] or value == {}:
            continue
        if isinstance(value, list) and value and isinstance(value[0], dict):
            print(f"{indent}{name}:")
            for one in value:
                _print_facts(one, indent + "    ")
                print()
        else:
            shown = f"{value:%Y-%m-%d %H:%M} UTC" if isinstance(value, datetime) else str(value)
            print(f"{indent}{name:<16} {terminal(shown)}")


def score(
    text: Annotated[str, typer.Argument(help="What somebody wrote.")],
    stars: Annotated[float | None, typer.Option(help="The stars beside it, 1 to 5.", min=0, max=5)] = None,
    language: Annotated[str | None, typer.Option(help="The language, when it is known: en, de…")] = None,
    scorer: Annotated[str | None, typer.Option(help="Which scorer; the configured one is the default.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what would be thought of a text, and why."""
    from monitor import scoring
    from monitor.models import Rating, Scorable

    rating = Rating(stars) if stars is not None else None
    [result] = scoring.scorer(scorer or scoring.DEFAULT).score([Scorable(text, rating, language)])
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
    from monitor.text import terminal

    print(f"{result.label}; {_level(result.level)}")
    for why in result.reasons:
        words = f" ({', '.join(chr(34) + word + chr(34) for word in why.words)})" if why.words else ""
        print(terminal(f"  because of {why.text}{words}"))
    if result.language is None and text.strip():
        print("  the language is not known, so the words were not read")


def _level(level: str) -> str:
    return {
        "alert": "people are told at once",
        "watch": "it goes to the daily summary",
        "quiet": "nobody is told",
    }[level]


def cases(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List what waits for an answer, the most pressing first."""
    from monitor import clock
    from monitor.store import cases as table

    settings = load(config)
    now = clock.now()
    with opened(settings) as store, store.read() as conn:
        rows = table.open_list(conn)
    if as_json:
        show_json([dict(row._mapping) for row in rows])
        return
    show_table(
        ("id", "mention", "source", "severity", "answer by", "who", "link"),
        [
            (f"c{row.id}", f"m{row.mention_id}", row.source, row.severity, ago(row.due_at, now),
             row.assignee or "nobody yet", row.url)
            for row in rows
        ],
        "Nothing to answer.",
    )  # fmt: skip


def deliveries(
    action: Annotated[str | None, typer.Argument(help="`retry` sends dead and waiting messages again now.")] = None,
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    as_json: JsonOption = False,
) -> None:
    """List messages and where they stand; `deliveries retry` sends what did not arrive again."""
    from monitor import clock
    from monitor.store import alerts

    if action not in (None, "retry"):
        raise UsageError(f"`{action}` is nothing one can do with deliveries; `retry` is")
    settings = load(config)
    now = clock.now()
    with opened(settings) as store:
        if action == "retry":
            with store.write() as conn:
                count = alerts.retry(conn, now)
            print(f"{count} messages are due again. The running monitor sends them; or: monitor run --once")
            return
        with store.read() as conn:
            rows = alerts.last_sent(conn, limit)
    if as_json:
        show_json([{name: getattr(row, name) for name in row.__dataclass_fields__} for row in rows])
        return
    show_table(
        ("id", "when", "channel", "to", "state", "tells of", "why"),
        [
            (row.id[:12], ago(row.created_at, now), row.channel, row.target, row.state, row.alert_count,
             row.last_error or row.held_reason)
            for row in rows
        ],
        "No message yet.",
    )  # fmt: skip


def connectors(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the kinds of sites that can be watched, what each sees and what it needs."""
    from monitor import plugins

    own = load(config).own_connectors if config else None
    rows = []
    for name in plugins.connector_names(own):
        kind = plugins.connector(name, own)
        rows.append(
            {
                "connector": name,
                "site": kind.title,
                "needs": kind.needs,
                "ready_in": kind.ready_in,
                "sees": kind.sees,
                "sees_answers": kind.sees_answers,
                "proven": kind.proven,
            }
        )
    if as_json:
        show_json(rows)
        return
    show_table(tuple(rows[0]), [tuple(row.values()) for row in rows], "No connectors found.")
