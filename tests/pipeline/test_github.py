"""GitHub through the whole driver: pages, edits, answers, deletions, a limit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import github
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers."
BRAND = '[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = { github = ["acme"] }'


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("github"), "limits", Limits(gap=timedelta(0)))


class Hub:
    """One repository: its issues and comments by their last change."""

    def __init__(self, site: Site) -> None:
        self.issues: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.refuses: Answer | None = None
        self.asked: list[Asked] = []
        site.routes["/repos/acme/widgets/issues"] = self.answer

    def puts(self, number: int, at: timedelta, **changes: Any) -> None:
        self.issues[number] = github.issue(number, created_at=stamp(at), updated_at=stamp(at), **changes)

    def says(self, number: int, at: timedelta, **changes: Any) -> None:
        self.comments[number] = github.comment(number, created_at=stamp(at), updated_at=stamp(at), **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        if self.refuses is not None:
            return self.refuses
        path = asked.path.removeprefix("/repos/acme/widgets/issues").strip("/").split("/")
        if path == [""]:
            return self._listed(asked, list(self.issues.values()))
        if path == ["comments"]:
            return self._listed(asked, list(self.comments.values()))
        if path[0] == "comments":
            found = self.comments.get(int(path[1]))
        elif path[1:] == ["comments"]:
            below = [one for one in self.comments.values() if one["issue_url"].endswith(f"/{path[0]}")]
            return self._listed(asked, below)
        else:
            found = self.issues.get(int(path[0]))
        return Answer(found) if found else Answer({"message": "This was deleted"}, 410)

    def _listed(self, asked: Asked, items: list[dict[str, Any]]) -> Answer:
        page, size = int(asked.query["page"]), int(asked.query["per_page"])
        changed = [one for one in items if one["updated_at"] >= asked.query.get("since", "")]
        changed.sort(key=lambda one: one["updated_at"], reverse=True)
        return Answer(changed[(page - 1) * size : page * size])


def stamp(at: timedelta) -> str:
    return f"{START + at:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def hub(site: Site) -> Hub:
    return Hub(site)


def watched(site: Site, drive: Drive) -> Driver:
    return drive(BRAND, source("hub", "github", site, every="5 min", repositories=["acme/widgets"]))


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def a_complaint(site: Site, drive: Drive, hub: Hub) -> Driver:
    """Return a driver with one open case about comment 700."""
    hub.puts(12, timedelta(hours=-1))
    driver = watched(site, drive)
    driver.walk("hub")
    hub.says(700, timedelta(minutes=3), body=COMPLAINT)
    driver.look("hub", minutes=5)
    assert states(driver) == ["open"]
    return driver


def test_history_is_read_and_a_quiet_look_asks_once_for_each_list(site: Site, drive: Drive, hub: Hub) -> None:
    for number in range(150):
        hub.puts(1000 + number, timedelta(hours=-number - 1))
    driver = watched(site, drive)
    driver.walk("hub")
    first = len(hub.asked)

    looked = driver.look("hub", minutes=5)

    assert len(driver.ids()) == 150
    assert first == 3
    assert (len(hub.asked) - first, looked.look.error, looked.taken.new) == (2, None, 0)


def test_our_comment_ends_the_case_and_that_of_somebody_else_does_not(site: Site, drive: Drive, hub: Hub) -> None:
    driver = a_complaint(site, drive, hub)
    hub.says(701, timedelta(minutes=8), body="Same here.")
    recheck(driver, minutes=15)
    by_another = states(driver)
    hub.says(702, timedelta(minutes=18), body="We are sorry.", author_association="MEMBER")

    recheck(driver, minutes=15)

    assert by_another == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_a_comment_that_was_deleted_ends_its_case(site: Site, drive: Drive, hub: Hub) -> None:
    driver = a_complaint(site, drive, hub)
    del hub.comments[700]

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 1


def test_an_old_issue_that_gets_worse_is_told_and_a_new_label_is_no_edit(site: Site, drive: Drive, hub: Hub) -> None:
    hub.puts(1, timedelta(days=-90), body="How?", title="A question")
    hub.puts(2, timedelta(hours=-1))
    driver = watched(site, drive)
    driver.walk("hub")
    hub.issues[2]["updated_at"] = stamp(timedelta(minutes=3))
    hub.issues[1] |= {"body": COMPLAINT, "updated_at": stamp(timedelta(minutes=4))}

    looked = driver.look("hub", minutes=5)

    assert driver.told()[-1:] == ["edited_worse"]
    assert looked.taken.edited == 1


def test_a_spent_limit_is_waited_for(site: Site, drive: Drive, hub: Hub) -> None:
    driver = watched(site, drive)
    driver.walk("hub")
    hub.refuses = Answer({"message": "API rate limit exceeded"}, 403, headers={"Retry-After": "2700"})

    looked = driver.look("hub", minutes=5)

    assert looked.look.error is not None
    assert driver.state("hub").not_before == driver.clock() + timedelta(minutes=45)
