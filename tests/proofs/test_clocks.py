"""Two years of clock changes in twenty zones: no step of a ladder is lost or comes twice, and none in the night."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from monitor import calendar, config, followup, intake, policy
from monitor.cases import CaseValue
from monitor.match import Matcher
from monitor.models import CaseState, Hours, Rating, RawMention, Severity, Span, Step, Target
from monitor.scoring import scorer
from monitor.store import Connection, open_store, sources
from monitor.store import schema as t
from tests.proofs.histories import CONFIGURATION
from tests.test_calendar import DAYS, FIRST, ZONES
from tests.test_calendar import hours as opening
from tests.town import CONNECTORS

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUIET = Span(time(21), time(8))
TARGETS = (Target(HOUR), Target(4 * HOUR, working=True), Target(timedelta(), next_working_day=True))
LOCAL = (time(0, 30), time(2, 30), time(11, 50), time(19, 55))  # before, in and after the hour that comes twice


def weeks(zone: str) -> tuple[Hours, ...]:
    """Return hours of several shapes: an office, a shop that closes for lunch and for holidays, a bar."""
    return (
        calendar.office_hours(zone),
        opening(zone, "08:00-12:00 13:00-20:00", holidays="DE-BE"),
        opening(zone, "18:00-03:00"),
    )


def changes(zone: str) -> list[date]:
    """Return the days on which the clocks change within two years."""
    named = ZoneInfo(zone)
    found = []
    for number in range(DAYS):
        day = FIRST + number * DAY
        here, later = (datetime.combine(one, time(), tzinfo=named).utcoffset() for one in (day, day + DAY))
        if here != later:
            found.append(day)
    return found


def moments(zone: str, every: int) -> Iterator[datetime]:
    """Yield when cases open: around each change of the clocks, and every so many days."""
    days = {day + n * DAY for day in changes(zone) for n in (-1, 0)}
    days |= {FIRST + n * DAY for n in range(0, DAYS, every)}
    for day in sorted(days):
        for at in LOCAL:
            yield calendar.at_local(day, at, zone)


def test_the_zones_change_their_clocks_often_enough() -> None:
    assert len(ZONES) == 20
    assert sum(len(changes(zone)) for zone in ZONES) > 50


@pytest.mark.parametrize("zone", ZONES)
def test_every_step_comes_once_in_its_order_and_is_told_outside_the_quiet_hours(zone: str) -> None:
    for which in weeks(zone):
        for opened in moments(zone, every=97):
            for target in TARGETS:
                timing = policy.timing(target, which, opened, upper=True)
                _is_a_ladder(timing, target, which, opened)
                assert _taken(timing.steps, opened) == [0, 1, 2]
                for step in timing.steps:
                    told = calendar.quiet_until(QUIET, zone, step.at) or step.at
                    assert told - step.at <= 12 * HOUR  # the longest night there is
                    assert time(8) <= told.astimezone(ZoneInfo(zone)).time() < time(21)


def _is_a_ladder(timing: policy.Timing, target: Target, which: Hours, opened: datetime) -> None:
    holder, team, manager = timing.steps
    assert opened < holder.at < team.at < manager.at
    assert team.at == timing.due_at
    if target.working or target.next_working_day:
        for step in timing.steps:
            assert calendar.is_open(which, step.at - timedelta(microseconds=1))
        whole = calendar.open_time(which, opened, team.at)
        assert calendar.open_time(which, opened, holder.at) * 2 == whole
        assert calendar.open_time(which, opened, manager.at) * 2 == whole * 3


def _taken(steps: tuple[Step, ...], opened: datetime) -> list[int]:
    """Return which steps are taken by who looks at the timer, and at nothing else."""
    case = CaseValue(CaseState.OPEN, Severity.HIGH, opened)
    taken: list[int] = []
    now = opened
    while len(taken) < 9:
        done = taken[-1] + 1 if taken else 0
        at = policy.next_at(case, steps, now, done)
        assert at is not None
        if at - now == policy.IN_THE_DIGEST and done == len(steps):
            return taken
        assert policy.has_come(steps, done, at - timedelta(microseconds=1)) is None
        now = at
        number = policy.has_come(steps, done, now)
        assert number is not None
        taken.append(number)
    return taken


# --- on a real database --------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
def test_each_minute_of_the_daemon_takes_each_step_once(zone: str, tmp_path: Path) -> None:
    chance = random.Random(zone)
    path = tmp_path / "monitor.toml"
    text = CONFIGURATION.format(database=f"sqlite:///{tmp_path}/monitor.db", connectors=CONNECTORS)
    text = text.replace("[hours.shop]", f'[hours.shop]\ntimezone = "{zone}"')
    text = text.replace('timezone = "Europe/Berlin"', f'timezone = "{zone}"')
    path.write_text(text, encoding="utf-8")
    settings = config.load(path, {"HOOK": "https://out.example/hook"})
    routing = intake.Routing.of(settings)
    [source] = [one for one in settings.sources if one.name == "quay"]
    wanted = [sources.Wanted(one.name, one.connector, one.options_hash) for one in settings.sources]
    told = 0
    with open_store(settings.database, now=datetime(2026, 1, 1, tzinfo=UTC)) as store:
        with store.write() as conn:
            sources.sync(conn, wanted, datetime(2026, 1, 1, tzinfo=UTC))
        for number, opened in enumerate(moments(zone, every=180)):
            with store.write() as conn:
                raw = RawMention(f"r{number}", "Cold coffee and a long wait.", published_at=opened, rating=Rating(1))
                read = intake.normalised([raw], source, source.build(), Matcher(()), opened)
                judged = intake.judge(read.mentions, scorer("stars-vader"))
                intake.take(conn, source, judged, routing=routing, now=opened)
                told += _climbs(conn, routing, opened, zone, chance)
    assert told == 3 * (number + 1)


def _climbs(conn: Connection, routing: intake.Routing, opened: datetime, zone: str, chance: random.Random) -> int:
    """Let the minutes of some days pass over the newest case; returns how many steps were taken."""
    row = conn.execute(sa.select(t.cases).order_by(t.cases.c.id.desc()).limit(1)).one()
    steps = intake.steps_of(row)
    assert [step.to for step in steps] == ["holder", "team", "manager"]
    ticks = {opened + 3 * n * HOUR + chance.randrange(180) * MINUTE for n in range(8 * 5)}
    ticks |= {step.at + timedelta(seconds=n) for step in steps for n in (-1, 0, 1)}
    for now in sorted(ticks):
        followup.climb(conn, routing, now)
    a = t.alerts.c
    found = list(conn.execute(sa.select(t.alerts).where(a.case_id == row.id, a.reason.in_(("reminder", "escalation")))))
    assert [(one.facts["step"], one.created_at) for one in found] == [(step.to, step.at) for step in steps]
    links = sa.select(t.deliveries).join(t.delivery_alerts).where(
        t.delivery_alerts.c.alert_id.in_([one.id for one in found])
    )  # fmt: skip
    for delivery in conn.execute(links):
        shown = delivery.due_at.astimezone(ZoneInfo(zone)).time()
        assert time(8) <= shown < time(21)
        assert (delivery.state == "held") == (delivery.due_at > delivery.created_at)
    after = conn.execute(sa.select(t.cases).where(t.cases.c.id == row.id)).one()
    assert (after.step, after.messages) == (3, 4)
    conn.execute(t.cases.update().where(t.cases.c.id == row.id).values(state="closed", next_step_at=None))
    return len(found)
