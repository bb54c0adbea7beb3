"""X through the whole program: what it costs, where it stops, pages, edits, answers, deletions."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor import polling
from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import x
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

CENT = 10_000
COMPLAINT = "Acme Coffee was dirty, and they took my money twice. Nobody answers. ({number})"
BRAND = '[[brands]]\nname = "acme"\nterms = ["Acme Coffee"]\nown_accounts = { x = ["12345"] }'
ACCOUNT = '[[accounts]]\nname = "x-acme"\ntoken = {{ env = "X_TOKEN" }}\ndaily_budget = "{budget}"'


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("x"), "limits", Limits(gap=timedelta(0)))


class Network:
    """The posts there are, as X's search, lookup and bill know them."""

    def __init__(self, site: Site) -> None:
        self.posts: dict[int, dict[str, Any]] = {}
        self.asked: list[Asked] = []
        self.charged = 0
        self.reaches = 0  # the oldest post that can still be asked for
        self.names = "tweet"
        self.instead: Answer | None = None
        site.routes["/2"] = self.answer

    def puts(self, number: int, minutes: float = 0, **changes: Any) -> None:
        at = (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        made = x.post if self.names == "tweet" else x.renamed
        self.posts[number] = made(number, **{"text": COMPLAINT.format(number=number), "created_at": at, **changes})

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        if asked.headers["authorization"] != "Bearer made-up-bearer-token":
            return Answer({"title": "Unauthorized", "type": "about:blank", "status": 401}, 401)
        if self.instead is not None:
            return self.instead
        if any(
            name.endswith(".fields") and name not in (f"{self.names}.fields", "user.fields") for name in asked.query
        ):
            return Answer({"errors": [{"message": "The query parameter [tweet.fields] is not one of [query]"}]}, 400)
        if asked.path == "/2/tweets":
            numbers = [int(number) for number in asked.query["ids"].split(",")]
            found = [self.posts[number] for number in numbers if number in self.posts]
            errors = {"errors": [x.missing(str(one)) for one in numbers if one not in self.posts]}
            return self._page(asked, found, errors if len(found) < len(numbers) else {}, {})
        if int(asked.query.get("since_id", self.reaches)) < self.reaches:
            return Answer({"errors": [{"message": "'since_id' must be a tweet id created after [2026-11-24]."}]}, 400)
        after, at = int(asked.query.get("since_id", 0)), int(asked.query.get("pagination_token", 10**19))
        found = [self.posts[one] for one in sorted(self.posts)[::-1] if after < one < at]
        if threads := re.findall(r"conversation_id:(\d+)", asked.query["query"]):
            found = [one for one in found if one["conversation_id"] in threads and one["author_id"] == "12345"]
        else:
            found = [one for one in found if one["author_id"] != "12345"]
        some = found[: int(asked.query["max_results"])]
        meta: dict[str, Any] = {"result_count": len(some)}
        if some:
            meta["newest_id"] = some[0]["id"]
        if len(found) > len(some):
            meta["next_token"] = some[-1]["id"]
        return self._page(asked, some, {}, {"meta": meta})

    def _page(self, asked: Asked, found: list[dict[str, Any]], errors: Any, meta: Any) -> Answer:
        users = {one["author_id"]: x.user(one["author_id"]) for one in found} if "expansions" in asked.query else {}
        self.charged += len(found) * CENT // 2 + len(users) * CENT
        includes = {"includes": {"users": list(users.values())}} if users else {}
        return Answer({**({"data": found} if found else {}), **includes, **errors, **meta})


def watched(site: Site, drive: Drive, *, budget: str = "1 USD", posts: int = 1) -> tuple[Driver, Network]:
    """Return a driver and a network on which so many posts name us."""
    network = Network(site)
    for number in range(1, posts + 1):
        network.puts(number, number - posts - 60, author_id=str(1000 + number), conversation_id=str(number))
    tables = [BRAND, ACCOUNT.format(budget=budget), source("x", "x", site, account="x-acme")]
    return drive(*tables, X_TOKEN="made-up-bearer-token"), network


def spent(driver: Driver) -> int:
    return int(driver.one("select coalesce(sum(amount), 0) from spend"))


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def test_each_post_is_read_and_paid_for_once(site: Site, drive_both: Drive) -> None:
    driver, network = watched(site, drive_both, posts=25)

    driver.walk("x")
    pages, cost = len(network.asked), network.charged
    driver.look("x", minutes=15)

    assert len(driver.ids()) == 25
    assert (pages, len(network.asked)) == (3, 4)
    assert spent(driver) == network.charged == cost == 25 * (CENT // 2 + CENT)


def test_when_the_budget_is_spent_nothing_is_asked_and_the_operator_hears_of_it_once(site: Site, drive: Drive) -> None:
    driver, network = watched(site, drive, budget="0.50 USD", posts=60)

    [looked] = driver.walk("x")
    asked = len(network.asked)
    for _ in range(3):
        driver.look("x", hours=1)

    assert str(looked.look.error) == "the budget of the day for x-acme is spent (0.5 USD)"
    assert driver.state("x").health == "paused"
    assert driver.told().count("source_broken") == 1
    assert len(network.asked) == asked == 3
    assert spent(driver) == network.charged == 45 * CENT <= 50 * CENT


def test_a_walk_that_the_budget_cut_short_goes_on_at_midnight_and_loses_nothing(site: Site, drive: Drive) -> None:
    driver, network = watched(site, drive, budget="0.50 USD", posts=40)
    driver.walk("x")
    network.puts(41, 30, author_id="1041", conversation_id="41")

    driver.clock.set(datetime(2026, 11, 25, tzinfo=UTC))
    assert driver.is_due("x")
    driver.look("x")
    driver.look("x", minutes=15)

    assert len(driver.ids()) == 41
    assert driver.state("x").health == "ok"
    assert driver.one("select max(amount) from spend") <= 50 * CENT


def test_looking_again_is_paid_from_the_same_budget_and_stops_with_it(site: Site, drive: Drive) -> None:
    driver, network = watched(site, drive, budget="0.50 USD", posts=20)
    driver.walk("x")
    for number in range(30, 33):
        network.puts(number, 1, conversation_id=str(number))
    driver.look("x", minutes=2)
    before = len(network.asked)

    for _ in range(20):
        recheck(driver, minutes=11)

    assert before < len(network.asked) < before + 40
    assert 44 * CENT < spent(driver) <= 50 * CENT
    assert network.charged == spent(driver)
    assert driver.state("x").not_before == datetime(2026, 11, 25, tzinfo=UTC)
    assert driver.told().count("source_broken") == 1


def test_an_outage_spends_nothing(site: Site, drive: Drive) -> None:
    driver, network = watched(site, drive, budget="0.20 USD")
    network.instead = Answer({"title": "Service Unavailable"}, 503)

    for _ in range(5):
        driver.look("x", hours=1)
    network.instead = None
    driver.look("x", hours=1)

    assert driver.ids() == ["1"]
    assert spent(driver) == CENT * 3 // 2


def test_credit_that_is_spent_at_x_pauses_the_source_until_midnight(site: Site, drive: Drive) -> None:
    driver, network = watched(site, drive)
    kind = "https://api.twitter.com/2/problems/usage-capped"
    network.instead = Answer({"title": "UsageCapExceeded", "type": kind, "period": "Monthly"}, 429)

    driver.look("x")

    assert driver.state("x").health == "paused"
    assert driver.state("x").not_before == datetime(2026, 11, 25, tzinfo=UTC)
    assert driver.told() == ["source_broken"]


def test_a_pause_of_more_than_seven_days_is_kept_as_a_gap_and_a_shorter_one_is_none(site: Site, drive: Drive) -> None:
    driver, network = watched(site, drive)
    driver.walk("x")
    network.puts(2, 60, conversation_id="2")
    driver.look("x", hours=2)
    before = driver.rows("select why from gaps")
    network.reaches = 3
    network.posts.clear()
    network.puts(3, 13 * 24 * 60, conversation_id="3")

    looked = driver.look("x", days=14)
    again = driver.look("x", minutes=15)

    assert before == []
    assert (looked.look.error, again.look.error) == (None, None)
    assert driver.ids() == ["1", "2", "3"]
    [gap] = driver.rows("select why from gaps")
    assert gap.why == "X shows seven days, and my last look was before them"


def test_new_names_cost_one_question_more_and_are_remembered(site: Site, drive: Drive) -> None:
    driver, network = watched(site, drive)
    driver.walk("x")
    network.names = "post"
    network.puts(2, 1, conversation_id="2")

    driver.look("x", minutes=2)
    first = len(network.asked)
    driver.look("x", minutes=15)

    assert driver.ids() == ["1", "2"]
    assert first == 3
    assert len(network.asked) == 4
    assert "post.fields" in network.asked[-1].query


def a_complaint(site: Site, drive: Drive) -> tuple[Driver, Network]:
    """Return a driver with one open case about post 700."""
    driver, network = watched(site, drive)
    driver.walk("x")
    network.puts(700, 1, conversation_id="700")
    driver.look("x", minutes=2)
    assert states(driver) == ["open"]
    return driver, network


def test_our_answer_in_the_conversation_ends_the_case(site: Site, drive: Drive) -> None:
    driver, network = a_complaint(site, drive)
    network.puts(701, 5, text="@nia Sorry.", conversation_id="700", author_id="888")
    recheck(driver, minutes=11)
    by_another = states(driver)
    to = [{"type": "replied_to", "id": "700"}]
    network.puts(702, 8, text="@nia We are sorry.", conversation_id="700", author_id="12345", referenced_tweets=to)

    recheck(driver, minutes=15)

    assert by_another == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "@nia We are sorry."
    assert driver.told()[:2] == ["summary", "new"]
    assert driver.told().count("new") == 1


def test_an_edit_under_a_new_id_is_the_same_mention_with_a_second_version(site: Site, drive: Drive) -> None:
    driver, network = a_complaint(site, drive)
    history = {"edit_history_tweet_ids": ["700", "705"]}
    network.posts[700] |= history
    network.puts(705, 9, text="Acme Coffee poisoned us, and lied about it.", conversation_id="700", **history)

    recheck(driver, minutes=11)
    driver.look("x", minutes=4)

    assert driver.ids() == ["1", "700"]
    assert driver.one("select version from mentions where external_id = '700'") == 2


def test_a_search_that_finds_an_edit_leaves_no_gap_behind(site: Site, drive: Drive) -> None:
    driver, network = a_complaint(site, drive)
    history = {"edit_history_tweet_ids": ["700", "705"], "conversation_id": "700"}
    network.puts(705, 9, text="Acme Coffee poisoned us.", **history)
    edited = driver.look("x", minutes=15)
    network.puts(800, 20, conversation_id="800")

    new = driver.look("x", minutes=15)

    assert (edited.taken.edited, new.taken.new) == (1, 1)
    assert driver.rows("select why from gaps") == []


def test_a_deleted_post_ends_its_case(site: Site, drive: Drive) -> None:
    driver, network = a_complaint(site, drive)
    del network.posts[700]

    recheck(driver, minutes=11)

    assert states(driver) == ["closed"]
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 1


def test_the_token_is_sent_and_never_stored(site: Site, drive: Drive) -> None:
    driver, network = watched(site, drive, posts=30)
    driver.bites(requests=1)

    driver.look("x")

    assert network.asked[0].headers["authorization"].endswith("made-up-bearer-token")
    assert b"made-up-bearer-token" not in b"".join(path.read_bytes() for path in driver.folder.glob("monitor.db*"))
    assert polling.look(driver.by_name["x"], driver.state("x"), driver.tools).error is None
