"""Commands for the work on cases: inbox, claim, assign, note, snooze, answer, close, reopen, away."""

from __future__ import annotations

import getpass
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, ago, known, load, number, opened, span
from monitor.cli.screen import Column, say, show, show_json, show_table
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.cases import CaseValue, EventKind
    from monitor.config import Settings
    from monitor.models import Person
    from monitor.store import Connection

LONGEST_NOTE = 2000  # characters
FAILED = 1
MORNING = time(9, 0)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Cases (c3), or mentions (m12) that have one.")]
OneId = Annotated[str, typer.Argument(metavar="ID", help="A case (c3), or a mention (m12) that has one.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who does it; else your login name.")]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What to write down beside it.")]


def claim(ids: Ids, by: By = None, note: Note = None, config: ConfigOption = None) -> None:
    """Take cases: you answer them.

    Of two who claim the same case one gets it, and the other is told who has it. Until the answer can be seen on
    the site the clock runs on.

    Example: monitor claim c3 --by ana
    """
    _do(ids, "claimed", by, config, text=note)


def assign(
    target: OneId,
    to: Annotated[str, typer.Argument(metavar="PERSON", help="Who is to answer; they are told.")],
    by: By = None,
    note: Note = None,
    config: ConfigOption = None,
) -> None:
    """Give a case to somebody, who is told.

    Example: monitor assign c3 ben
    """
    settings = load(config)
    _person(settings, to)
    _do([target], "assigned", by, config, to=to, text=note)


def note(
    target: OneId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to write down.")],
    by: By = None,
    config: ConfigOption = None,
) -> None:
    """Write something down beside a case; nobody is told.

    Example: monitor note c3 "called him, he comes in on Friday"
    """
    if not text.strip():
        raise UsageError("there is nothing to write down")
    _do([target], "noted", by, config, text=text)


def snooze(
    ids: Ids,
    until: Annotated[
        str, typer.Option(metavar="WHEN", help='2h, 3d, 16:30, tomorrow, "mon 09:00", 2026-12-01 or with a time.')
    ],
    by: By = None,
    note: Note = None,
    config: ConfigOption = None,
) -> None:
    """Put cases off until later.

    Nobody is reminded until then; the time to answer runs on.

    Example: monitor snooze c3 --until "tomorrow 09:00"
    """
    from monitor import clock

    settings = load(config)
    moment = later(until, clock.now(), settings.zone)
    _do(ids, "snoozed", by, config, until=moment, text=note)


def answer(ids: Ids, by: By = None, note: Note = None, config: ConfigOption = None) -> None:
    """Say that you have answered where I cannot see it.

    Where a site shows answers I go on looking for it: what counts is what the public can see. Where it shows none,
    this ends the reminders, and the case is counted as unverified.

    Example: monitor answer c3 --note "called her"
    """
    _do(ids, "answered_elsewhere", by, config, text=note)


def close(
    ids: Ids,
    why: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="How it was made right: apology, repaired, refund, replaced, called, explained, "
            '"none needed" or "false alarm".',
        ),
    ],
    by: By = None,
    note: Note = None,
    config: ConfigOption = None,
) -> None:
    """Close cases, and say how they were made right.

    A case that is edited to worse, or whose answer vanishes, opens again by itself.

    Example: monitor close c3 --why refund
    """
    from monitor.cases import RESOLUTIONS

    how = why.strip().lower().replace(" ", "_").replace("-", "_")
    known("way of making it right", how, RESOLUTIONS)
    _do(ids, "closed", by, config, resolution=how, text=note)


def reopen(ids: Ids, by: By = None, note: Note = None, config: ConfigOption = None) -> None:
    """Open cases again; the time to answer begins anew.

    Example: monitor reopen c3 --note "she wrote again"
    """
    _do(ids, "reopened", by, config, text=note)


def away(
    name: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="Who is away; else who you are.")] = None,
    days: Annotated[
        str | None, typer.Argument(metavar="[DAYS]", help="One day, or the first and the last: 2026-12-20..2027-01-03.")
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="They are back: forget what was said here.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who is away and when, or list it.

    The cases of who is away go to their stand-in, or back to the team. Days of the configuration count as well.

    Example: monitor away ana 2026-12-20..2027-01-03
    """
    from monitor import clock, intake

    settings = load(config)
    if name is not None:
        _person(settings, name)
    if name is None and back:
        raise UsageError("say who is back: `monitor away ana --back`")
    if name is not None and days is None and not back:
        raise UsageError(f"say when: `monitor away {name} 2026-12-20..2027-01-03`, or --back")
    with opened(settings) as store:
        if name is not None:
            with store.write() as conn:
                spans = () if back else (*intake.said_away(conn).get(name, ()), days_of(days or "", clock.now().date()))
                intake.say_away(conn, name, spans)
        with store.read() as conn:
            people = intake.people_now(conn, intake.Routing.of(settings))
    _show_away([person for person in people.values() if name in (None, person.name)], clock.now().date(), as_json)


def _show_away(people: Sequence[Person], today: date, as_json: bool) -> None:
    rows = [(one, first, last) for one in people for first, last in one.away if last >= today]
    if as_json:
        show_json(
            [
                {"person": one.name, "from": str(first), "to": str(last), "stand_in": one.stand_in}
                for one, first, last in rows
            ]
        )
        return
    show_table(
        ("person", "away from", "to", "who stands in"),
        [(one.name, str(first), str(last), one.stand_in or "the team") for one, first, last in rows],
        "Nobody is away.",
    )


def inbox(
    limit: Annotated[int, typer.Option(help="At most so many; 0 shows all.", min=0)] = 20,
    mine: Annotated[bool, typer.Option("--mine", help="Only what you have (see --by).")] = False,
    by: By = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what waits for an answer, first where it is worth most.

    Worth is severity, how many will still read it, whether somebody has it already, and the time that is left.

    Example: monitor inbox
    """
    from monitor import clock
    from monitor.inbox import waiting

    settings, now = load(config), clock.now()
    who = who_am_i(settings, by) if mine else None
    with opened(settings) as store, store.read() as conn:
        found, total = waiting(conn, now, limit=limit or None, assignee=who)
    if as_json:
        show_json([one.as_json() for one in found])
        return
    show_table(
        (
            "case", "mention", Column("where", 8), Column("said", 16), "answer by", Column("who", 6),
            Column("why now", 20, wraps=True),
        ),
        [
            (f"c{one.case_id}", f"m{one.mention_id}", one.where, one.text, _due(one.due_at, now),
             one.assignee or "nobody yet", one.why)
            for one in found
        ],
        "Nothing waits for an answer.",
    )  # fmt: skip
    if total > len(found):
        say(f"The first {len(found):,} of {total:,}; --limit 0 shows all.")


def _due(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "no time set"
    return f"overdue, {ago(moment, now)}" if moment < now else ago(moment, now)


# --- doing it ------------------------------------------------------------------------------------


def _do(ids: Sequence[str], kind: str, by: str | None, config: Any, *, text: str | None = None, **how: Any) -> None:
    """Do one thing with each case, and say how each stands then. What cannot be done is said; the others are done."""
    from monitor import clock
    from monitor import inbox as work
    from monitor.cases import EventKind, Refused
    from monitor.intake import Routing
    from monitor.text import clean

    settings, now = load(config), clock.now()
    who = who_am_i(settings, by)
    routing = Routing.of(settings)
    words = clean(text, LONGEST_NOTE).text.strip() if text else None
    refused = False
    with opened(settings) as store:
        with store.read() as conn:
            cases = list(dict.fromkeys(_case(conn, one) for one in ids))
        for case_id in cases:
            with store.write() as conn:
                after = work.act(
                    conn, routing, case_id, EventKind(kind), now=now, who=who, through="cli", text=words, **how
                )
                said = (
                    after if isinstance(after, Refused) else _said(conn, case_id, after, EventKind(kind), routing, now)
                )
            if isinstance(said, Refused):
                refused = True
                say(f"c{case_id}: {said.why}")
            else:
                show(said)
    if refused:
        raise typer.Exit(FAILED)


def _said(conn: Connection, case_id: int, after: CaseValue, kind: EventKind, routing: Any, now: datetime) -> str:
    """Return how a case stands now, and what happens next."""
    from monitor import intake, render
    from monitor.models import CaseState
    from monitor.store import cases as table

    row = table.get(conn, case_id)
    times = render.Times(now, routing.zone_of(after.team))
    if after.state is CaseState.CLOSED:
        return f"c{case_id} is closed: {(after.resolution or '').replace('_', ' ')}."
    holder = f"{after.assignee} has it" if after.assignee else "nobody has it"
    if kind.value == "noted":
        return f"c{case_id}: written down."
    if after.state is CaseState.ANSWERED:
        holder = "answered" if after.answer_seen_at else "answered, as you say"
    due = f"; answer by {times.at(after.due_at)}" if after.due_at and after.state is not CaseState.ANSWERED else ""
    following = render.next_step(after, intake.steps_of(row), row.next_step_at, routing.team(after.team), times)
    return f"c{case_id}: {holder}{due}. {following}".rstrip()


def _case(conn: Connection, text: str) -> int:
    """Return the case an id leads to. Raises UsageError."""
    from monitor.store import mentions

    if not text.strip().lower().startswith("m"):
        return number(text, "c")
    mention = number(text, "m")
    row = mentions.full(conn, [mention]).get(mention)
    if row is None:
        raise UsageError(f"there is no mention m{mention}")
    if row["case_id"] is None:
        raise UsageError(f"m{mention} has no case; `monitor cases` lists those there are")
    return int(row["case_id"])


def who_am_i(settings: Settings, by: str | None) -> str:
    """Return who does it: a person of the configuration where it names some. Raises UsageError."""
    people = list(settings.people)
    if by is not None:
        name = by.strip()
        if not name:
            raise UsageError("a name has at least one letter; say --by ana")
        return known("person", name, people) if people else name
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        name = ""
    if name and (not people or name in people):
        return name
    if len(people) == 1:
        return people[0]
    raise UsageError(f"say who you are: --by {people[0] if people else 'ana'}. Known: {', '.join(people) or 'nobody'}.")


def _person(settings: Settings, name: str) -> None:
    known("person", name, settings.people)


# --- when ----------------------------------------------------------------------------------------


def later(text: str, now: datetime, zone: str) -> datetime:
    """Return the moment that "2h", "16:30", "tomorrow", "mon 09:00" or "2026-12-01 09:00" means. Raises UsageError."""
    from monitor import calendar

    words = text.strip().lower().split()
    clock = _clock_of(words[-1]) if words else None
    day = words[:-1] if clock is not None else words
    try:
        if len(words) == 1 and clock is None and re.fullmatch(r"\d+ ?(m|min|h|d|w)", words[0]):
            return now + span(words[0])
        if clock is not None and not day:
            return calendar.next_daily(clock, zone, now)
        if day == ["today"] and clock is not None:
            found = calendar.at_local(_today(now, zone), clock, zone)
        elif day == ["tomorrow"]:
            found = calendar.at_local(_today(now, zone) + timedelta(days=1), clock or MORNING, zone)
        elif len(day) == 1 and day[0][:3] in WEEKDAYS and day[0] in _weekday_names():
            return calendar.next_weekly(WEEKDAYS.index(day[0][:3]), clock or MORNING, zone, now)
        elif len(day) == 1:
            found = calendar.at_local(date.fromisoformat(day[0]), clock or MORNING, zone)
        else:
            raise ValueError
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f'`{text}` is no time; write 2h, 3d, 16:30, tomorrow, "mon 09:00", 2026-12-01 or "2026-12-01 09:00"'
        ) from error
    if found <= now:
        raise UsageError(f"`{text}` has passed; say a later time")
    return found


def _weekday_names() -> set[str]:
    import calendar as almanac

    return {name.lower() for name in (*almanac.day_name, *almanac.day_abbr)}


def _clock_of(word: str) -> time | None:
    match = _CLOCK.fullmatch(word)
    return time(int(match[1]), int(match[2])) if match and int(match[1]) < 24 and int(match[2]) < 60 else None


def _today(now: datetime, zone: str) -> date:
    from zoneinfo import ZoneInfo

    return now.astimezone(ZoneInfo(zone)).date()


def days_of(text: str, today: date) -> tuple[date, date]:
    """Return the first and the last day of "2026-12-20..2027-01-03" or "2026-12-20". Raises UsageError."""
    first, dots, last = text.strip().partition("..")
    try:
        begin = date.fromisoformat(first.strip())
        end = date.fromisoformat(last.strip()) if dots else begin
    except ValueError as error:
        raise UsageError(f"`{text}` are no days; write 2026-12-20 or 2026-12-20..2027-01-03") from error
    if end < begin:
        raise UsageError(f"`{text}` ends before it begins")
    if end < today:
        raise UsageError(f"`{text}` has passed")
    return begin, end
