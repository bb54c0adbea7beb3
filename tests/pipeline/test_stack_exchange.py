"""Stack Exchange through the whole driver: pages, a backoff, edits, answers, deletions, the quota."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import stack_exchange
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

pytestmark = pytest.mark.slow  # what is special about it stands in the quick tests of its connector

COMPLAINT = "Acme is dirty, broken, and they took my money twice. Nobody answers."
BRAND = '[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = { stack_exchange = ["77"] }'
PER_PAGE = 100


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("stack_exchange"), "limits", Limits(gap=timedelta(0)))


class Network:
    """A site of the network: questions by activity, finds by creation, posts by number."""

    def __init__(self, site: Site) -> None:
        self.questions: dict[int, dict[str, Any]] = {}
        self.answers: list[dict[str, Any]] = []
        self.backoff: Callable[[Asked], int | None] = lambda asked: None
        self.refuses: Answer | None = None
        self.asked: list[Asked] = []
        site.routes["/2.3/"] = self.answer

    def puts(self, number: int, at: timedelta, **changes: Any) -> None:
        """Ask a question."""
        when = int((START + at).timestamp())
        dates = {"creation_date": when, "last_activity_date": when}
        self.questions[number] = stack_exchange.question(number, **{"body": "<p>How?</p>", **dates, **changes})

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        if self.refuses is not None:
            return self.refuses
        path, page = asked.path.removeprefix("/2.3/"), int(asked.query["page"])
        items = self._items(path, asked.query)
        some, more = items[(page - 1) * PER_PAGE : page * PER_PAGE], len(items) > page * PER_PAGE
        wait = self.backoff(asked)
        return Answer(stack_exchange.wrapped(*some, more=more, **({"backoff": wait} if wait else {})))

    def _items(self, path: str, query: Any) -> list[dict[str, Any]]:
        if path.endswith("/comments"):
            return []
        if path.endswith("/answers"):
            return self.answers
        if path.startswith("posts/"):
            numbers = [int(one) for one in path.removeprefix("posts/").split(";")]
            return [{"post_id": one, "post_type": "question"} for one in numbers if one in self.questions]
        assert path == "questions"
        since = int(query.get("min", 0))
        found = [one for one in self.questions.values() if one["last_activity_date"] >= since]
        found = [one for one in found if query["tagged"] in one["tags"]]
        return sorted(found, key=lambda one: -one["last_activity_date"])


@pytest.fixture
def network(site: Site) -> Network:
    return Network(site)


def watched(site: Site, drive: Drive, *tags: str) -> Driver:
    """Return a driver that watches questions by tags."""
    return drive(BRAND, source("stack", "stack_exchange", site, tags=list(tags or ("acme",)), every="5 min"))


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def a_complaint(site: Site, drive: Drive, network: Network) -> Driver:
    """Return a driver with one open case about question 700."""
    network.puts(1, timedelta(hours=-1))
    driver = watched(site, drive)
    driver.walk("stack")
    network.puts(700, timedelta(minutes=3), body=f"<p>{COMPLAINT}</p>")
    driver.look("stack", minutes=5)
    assert states(driver) == ["open"]
    return driver


def test_history_is_read_and_a_quiet_look_asks_once_for_each_tag(site: Site, drive: Drive, network: Network) -> None:
    for number in range(150):
        network.puts(1000 + number, timedelta(hours=-number - 60), tags=["acme", "widgets"][: 1 + number % 2])
    driver = watched(site, drive, "acme", "widgets")
    driver.walk("stack")
    first = len(network.asked)

    looked = driver.look("stack", minutes=5)

    assert len(driver.ids()) == 150
    assert first == 3
    assert (len(network.asked) - first, looked.look.error) == (2, None)


def test_a_backoff_ends_the_look_and_the_next_one_reads_the_rest(site: Site, drive: Drive, network: Network) -> None:
    for number in range(250):
        network.puts(1000 + number, timedelta(hours=-number - 1))
    network.backoff = lambda asked: 10 if asked.query["page"] == "1" and len(network.asked) == 1 else None
    driver = watched(site, drive)

    [looked] = driver.walk("stack")
    before = len(driver.ids())
    driver.walk("stack", minutes=5)

    assert looked.look.error is None
    assert looked.look.done  # nothing is asked again before the next look
    assert before == 100
    assert len(driver.ids()) == 250


def test_our_answer_ends_the_case_and_that_of_somebody_else_does_not(
    site: Site, drive: Drive, network: Network
) -> None:
    driver = a_complaint(site, drive, network)
    network.answers = [stack_exchange.answer(800, by=5, question_id=700)]
    recheck(driver, minutes=15)
    by_another = states(driver)
    network.answers.append(stack_exchange.answer(801, question_id=700))

    recheck(driver, minutes=15)

    assert by_another == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_a_question_that_was_deleted_ends_its_case(site: Site, drive: Drive, network: Network) -> None:
    driver = a_complaint(site, drive, network)
    del network.questions[700]

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 1


def test_an_edit_of_an_old_question_is_told_when_it_got_worse(site: Site, drive: Drive, network: Network) -> None:
    network.puts(1, timedelta(days=-90), title="A question about Acme")
    network.puts(2, timedelta(hours=-1))
    driver = watched(site, drive)
    driver.walk("stack")
    now = int((START + timedelta(minutes=4)).timestamp())
    network.questions[1] |= {"body": f"<p>{COMPLAINT}</p>", "last_edit_date": now, "last_activity_date": now}

    driver.look("stack", minutes=5)

    assert driver.told()[-1:] == ["edited_worse"]


def test_a_spent_quota_is_waited_for(site: Site, drive: Drive, network: Network) -> None:
    driver = watched(site, drive)
    driver.walk("stack")
    message = "too many requests from this IP, more requests available in 7200 seconds"
    said = {"error_id": 502, "error_name": "throttle_violation", "error_message": message}
    network.refuses = Answer(said, 400)

    looked = driver.look("stack", minutes=5)

    assert looked.look.error is not None
    assert driver.state("stack").not_before == driver.clock() + timedelta(hours=2)
