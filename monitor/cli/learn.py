"""Commands by which staff teach the monitor: mark, and accuracy, which shows what has come of it."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, counted, known, load, number, opened, since
from monitor.cli.invocation import command
from monitor.cli.screen import Column, show, show_json, show_table
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.reports.accuracy import Accuracy, Share
    from monitor.scoring.offset import Offset
    from monitor.store import Connection
    from monitor.store.marks import Marked

WORDS = {"false-alarm": "false_alarm", "missed": "missed", "right": "right"}
LONGEST_NAME, LONGEST_NOTE = 100, 2000  # characters
LOUDEST = 10  # mentions that are named one by one


def mark(
    words: Annotated[
        list[str],
        typer.Argument(metavar="ID... MARK", help="Mentions (m12) or cases (c3), then false-alarm, missed or right."),
    ],
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Why you think so; kept beside the mark.")] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who says so; else your login name.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the marks of these back; no mark is named then.")] = False,
    config: ConfigOption = None,
) -> None:
    """Say that something was a false alarm, missed, or right.

    Marking again replaces the mark. From 50 marks on a source, of posts whose words decide, they move what alerts
    there, within bounds; stars, words of danger and other languages decide as before.

    Example: monitor mark m12 m15 false-alarm --note "a joke of ours"
    """
    from monitor import clock, intake
    from monitor.scoring import scorer
    from monitor.store import marks

    ids, what = _asked(words, undo=undo)
    who = _name(by)
    note = _note(note)
    settings = load(config)
    judge, now = scorer(settings.scorer), clock.now()
    with opened(settings) as store, store.write() as conn:
        mentions = list(dict.fromkeys(_mention(conn, text) for text in ids))
        rows = _rows(conn, mentions)
        before = marks.of(conn, mentions)
        if what is None:
            marks.remove(conn, mentions)
        else:
            marks.put(conn, mentions, what, who=who, note=note, now=now)
        after = marks.of(conn, mentions)
        learned = {
            name: intake.learn(conn, name, judge, now) for name in sorted({row["source"] for row in rows.values()})
        }
    for mention in mentions[:LOUDEST]:
        show(_said_back(mention, before.get(mention), after.get(mention)))
    if (more := len(mentions) - LOUDEST) > 0:
        show(f"and {counted(more, 'more mention')} likewise.")
    for name, offset in learned.items():
        show(f"{name}: {_effect(offset)}")


def _asked(words: Sequence[str], *, undo: bool) -> tuple[list[str], str | None]:
    """Return the ids and the mark, None when marks are taken back. Raises UsageError."""
    named = [word for word in words if word.lower().replace("_", "-") in WORDS]
    ids = [word for word in words if word not in named]
    if undo and named:
        raise UsageError(f"--undo takes a mark back: leave `{named[0]}` out")
    if not undo and not named:
        last = f"`{ids[-1]}` is no mark" if len(ids) > 1 else "the mark is missing"
        raise UsageError(f"{last}; say false-alarm, missed or right, or --undo")
    if len(named) > 1:
        raise UsageError(f"`{named[0]}` and `{named[1]}`: one mark at a time")
    if not ids:
        raise UsageError("say which: `monitor mark m12 false-alarm`; `monitor mentions` lists them")
    return ids, None if undo else WORDS[named[0].lower().replace("_", "-")]


def _name(by: str | None) -> str | None:
    if by is None:
        try:
            return getpass.getuser()[:LONGEST_NAME]
        except (OSError, KeyError):  # a user without a name, as in a container
            return None
    name = by.strip()
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise UsageError(f"a name has 1 to {LONGEST_NAME} characters and no line breaks; say --by ana")
    return name


def _note(note: str | None) -> str | None:
    from monitor.text import clean

    cleaned = clean(note, LONGEST_NOTE).text.strip() if note is not None else ""
    return cleaned or None


def _mention(conn: Connection, text: str) -> int:
    """Return the mention an id leads to. Raises UsageError for one that is not there, and for a case about several."""
    from monitor.store import inspect

    if not text.strip().lower().startswith("c"):
        return number(text, "m")
    facts = inspect.case(conn, number(text, "c"))
    if facts is None:
        raise UsageError(f"there is no case {text}")
    about = [one["id"] for one in facts["mentions"]]
    if len(about) != 1:
        raise UsageError(f"{facts['id']} is about {', '.join(about) or 'no mention'}: say which of them")
    return number(about[0], "m")


def _rows(conn: Connection, mentions: Sequence[int]) -> Mapping[int, Any]:
    from monitor.store import mentions as table

    rows = table.full(conn, mentions)
    for mention in mentions:
        if mention not in rows:
            raise UsageError(f"there is no mention m{mention}")
        if rows[mention]["own"]:
            raise UsageError(f"m{mention} is a post of your own; those are not judged")
    return rows


def _said_back(mention: int, before: Marked | None, after: Marked | None) -> str:
    if after is None:
        return f"m{mention} is no longer marked." if before else f"m{mention} was not marked."
    by = f", by {after.who}" if after.who else ""
    changed = before is not None and before.mark != after.mark
    instead = f" instead of {_MARKS[before.mark]}" if before is not None and changed else ""
    return f"m{mention} is marked {_MARKS[after.mark]}{instead}{by}. {_MEANS[after.mark, after.alerted]}"


_MARKS = {"false_alarm": "a false alarm", "missed": "missed", "right": "right"}
_MEANS = {
    ("false_alarm", True): "It alerted and should not have.",
    ("false_alarm", False): "It did not alert, and should not.",
    ("missed", True): "It did alert; that counts as right.",
    ("missed", False): "It should have alerted.",
    ("right", True): "It alerted, and should.",
    ("right", False): "It did not alert, and should not.",
}


def _effect(offset: Offset) -> str:
    from monitor.scoring.offset import LEAST_MARKS

    if not offset.in_use:
        return (
            f"{counted(offset.marks, 'mark')} of the {LEAST_MARKS} from which on they move what alerts there. "
            "Those count where words decide: English, no stars or three, no danger."
        )
    if not offset.shift:
        return f"{offset.marks:,} marks, and nothing to move: what alerted was as right as the words promise."
    return f"from now on {_moved(offset)}, after {offset.marks:,} marks."


def _moved(offset: Offset) -> str:
    way = "sooner" if offset.shift > 0 else "later"
    return f"words alert {way}: what stood at .50 stands at {_short(offset.middle)}"


def _short(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")


# --- accuracy ------------------------------------------------------------------------------------


def accuracy(
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Only this source.")] = None,
    since_: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Only marks of the last 30d, or since 2026-11-01.")
    ] = None,
    at: Annotated[
        list[float] | None,
        typer.Option(metavar="BADNESS", help="A further threshold to count for, such as 0.7; several may be named."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how right the alerts were, by what you marked.

    By source: of the marked alerts, how many were right (precision); of the marked ones that should have alerted,
    how many did (recall); each with the range in which the true share lies 95 times of 100. Then how many alerts a
    week another threshold would have meant.

    Example: monitor accuracy --since 90d --at 0.7
    """
    from monitor import clock
    from monitor.reports import accuracy as figures
    from monitor.scoring import scorer
    from monitor.store import mentions as table

    for line in at or ():
        if not 0 < line < 1:
            raise UsageError(f"--at {line:g}: a threshold lies between 0 and 1, such as 0.7")
    settings, now = load(config), clock.now()
    with opened(settings) as store:
        if source is not None:
            with store.read() as conn:
                known("source", source, {*(one.name for one in settings.sources), *table.sources(conn)})
        found = figures.accuracy(
            store, scorer(settings.scorer), now=now, source=source, since=since(since_, now, settings.zone), at=at or ()
        )
    if as_json:
        show_json([_as_json(one) for one in found])
    else:
        _print(found)


def _print(found: Sequence[Accuracy]) -> None:
    from monitor.reports.accuracy import SPAN
    from monitor.scoring.stars import ALERT_AT

    show_table(
        (
            Column("source", 5), "marks", "right alerts (precision)", "found (recall)",
            Column("moved by marks", 16, wraps=True),
        ),
        [
            (one.source or "all", f"{sum(one.marks.values()):,}", _share(one.precision), _share(one.recall),
             _offset_cell(one))
            for one in found
        ],
        "Nothing is stored yet.",
    )  # fmt: skip
    if not found:
        return
    print()
    if any(sum(one.marks.values()) for one in found):
        show("A bad one that nobody saw is marked by nobody: fewer were found than this says. And where only false "
             "alarms are marked, alerts look worse than they are; mark right ones, too.")  # fmt: skip
    else:
        show(f"Nothing is marked. To say what was wrong or right: {command()} mark m12 false-alarm")
    print()
    lines = list(found[0].a_week)
    show_table(
        (Column("alerts a week", 5), *(f"at {_short(line)}{' (now)' if line == ALERT_AT else ''}" for line in lines)),
        [(one.source or "all", *(f"{one.a_week[line]:.1f}" for line in lines)) for one in found],
        "",
    )
    short = [f"{one.source}: {counted(round(one.days), 'day')}" for one in found if one.source and one.days < SPAN.days]
    less = f" ({', '.join(short)})" if short else ""
    show(f"Counted over the last {SPAN.days} days{less}, before rules, quiet hours and folding.")


def _share(share: Share) -> str:
    interval = share.interval
    if interval is None:
        return ""
    low, high = (round(100 * value) for value in interval)
    return f"{share.hits} of {share.of} ({low}-{high} %)"


def _offset_cell(one: Accuracy) -> str:
    from monitor.scoring.offset import LEAST_MARKS

    if one.source is None:
        return ""
    if one.offset is None or not one.offset.in_use:
        return f"not yet: {one.offset.marks if one.offset else 0} of {LEAST_MARKS} marks"
    if not one.offset.shift:
        return "by nothing"
    return f"{one.offset.shift:+.2f}: .50 stands at {_short(one.offset.middle)}"


def _as_json(one: Accuracy) -> dict[str, Any]:
    return {
        "source": one.source,
        "marks": dict(one.marks),
        "precision": _share_json(one.precision),
        "recall": _share_json(one.recall),
        "offset": None
        if one.offset is None
        else {"shift": one.offset.shift, "marks": one.offset.marks, "in_use": one.offset.in_use},
        "alerts_a_week": {f"{line:g}": round(count, 2) for line, count in one.a_week.items()},
        "days": one.days,
    }


def _share_json(share: Share) -> dict[str, Any]:
    low, high = share.interval or (None, None)
    return {
        "hits": share.hits,
        "of": share.of,
        "value": None if share.value is None else round(share.value, 4),
        "low": None if low is None else round(low, 4),
        "high": None if high is None else round(high, 4),
    }
