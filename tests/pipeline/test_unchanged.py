"""Conditional requests: a site may say that nothing is new, and is not believed further than that."""

from __future__ import annotations

from typing import Any

from monitor import polling
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_walks import company, pages
from tests.town import Answer, Asked, Site, review
from tests.town.sites import Branches, at


class Tagged:
    """A branch whose pages carry an ETag, and which notes with which one it was asked."""

    def __init__(self, branches: Branches) -> None:
        self.branches = branches
        self.tag = "one"
        self.asked_with: list[str | None] = []
        branches.instead["quay"] = self.answer

    def answer(self, asked: Asked) -> Answer:
        """Say 304 to whoever knows the tag."""
        given = asked.headers.get("if-none-match")
        self.asked_with.append(given)
        if given == f'"{self.tag}"':
            return Answer(b"", 304)
        page = int(asked.query.get("page", "1"))
        following = asked.path.replace("/branches", "https://branches.town.example/branches")
        shown = self.branches.pages["quay"]
        more = f"{following}?page={page + 1}" if page < len(shown) else None
        return Answer({"reviews": shown[page - 1], "next": more}, 200, {"ETag": f'"{self.tag}"'})


def tagged(site: Site, drive: Drive, *shown: list[dict[str, Any]], **options: Any) -> tuple[Driver, Tagged]:
    """Return a driver after its first look, and the branch it watches."""
    branches = Branches(site)
    branches.shows("quay", *(shown or ([review(1)],)))
    branch = Tagged(branches)
    driver = drive(company(site, **options))
    driver.walk("company")
    branch.asked_with.clear()
    return driver, branch


def test_what_is_unchanged_is_not_sent_again(site: Site, drive_both: Drive) -> None:
    driver, branch = tagged(site, drive_both)

    looked = driver.look("company", minutes=2)

    assert branch.asked_with == ['"one"']
    assert looked.look.not_modified
    assert looked.look.done
    assert driver.state("company").health == "ok"


def test_once_a_day_it_is_asked_for_whole_and_a_tag_that_stayed_hides_nothing_for_longer(
    site: Site, drive: Drive
) -> None:
    driver, branch = tagged(site, drive)
    branch.branches.shows("quay", [review(2, created=at(1)), review(1)])  # and the site forgot to change its tag

    for _ in range(5):
        driver.look("company", hours=5)

    assert branch.asked_with == ['"one"'] * 4 + [None]
    assert driver.ids() == ["r1", "r2"]


def test_a_page_that_hides_changes_is_asked_for_whole_each_time(site: Site, drive: Drive) -> None:
    asked_with: list[str | None] = []

    def answer(asked: Asked) -> Answer:
        asked_with.append(asked.headers.get("if-none-match"))
        number = f"https://blog.example/?p=7#comment-{len(asked_with)}"
        body = f'<rss version="2.0"><channel><item><guid>{number}</guid><title>So</title></item></channel></rss>'
        return Answer(body.encode(), 200, {"ETag": '"one"'})

    site.routes["/comments/feed/"] = answer
    driver = drive(source("blog", "feed", site, url="https://blog.example/comments/feed/", every="5 min"))

    for _ in range(2):
        driver.look("blog", minutes=5)

    assert asked_with == [None, None]
    assert len(driver.ids()) == 2


def test_a_page_with_new_content_gives_the_tag_for_the_next_look(site: Site, drive: Drive) -> None:
    driver, branch = tagged(site, drive)
    branch.tag = "two"
    driver.look("company", minutes=2)

    driver.look("company", minutes=2)

    assert branch.asked_with == ['"one"', '"two"']


def test_after_an_error_no_tag_is_kept(site: Site, drive: Drive) -> None:
    driver, branch = tagged(site, drive)
    branch.tag = "two"
    broken = {"id": "r9"}
    branch.branches.shows("quay", [review(2, created=at(1)), broken, broken])
    first = driver.look("company", minutes=2)

    branch.branches.shows("quay", [review(2, created=at(1)), review(9, created=at(1))])
    driver.look("company", minutes=20)

    assert first.look.problems
    assert branch.asked_with == ['"one"', '"one"']
    assert driver.ids() == ["r1", "r2", "r9"]


def test_tags_are_saved_with_the_items_or_not_at_all(site: Site, drive: Drive) -> None:
    driver, branch = tagged(site, drive)
    branch.tag = "two"
    branch.branches.shows("quay", [review(2, created=at(1)), review(1)])
    driver.clock.advance(minutes=2)
    polling.look(driver.by_name["company"], driver.state("company"), driver.tools)  # and killed before it is stored

    driver.look("company")

    assert branch.asked_with == ['"one"', '"one"']
    assert driver.ids() == ["r1", "r2"]


def test_that_one_page_is_unchanged_says_nothing_of_those_behind_it(site: Site, drive: Drive) -> None:
    driver, branch = tagged(site, drive, *pages(2))
    branch.branches.pages["quay"][1].append(review(9, id="late", created=at(-500)))
    branch.tag = "two"

    driver.look("company", minutes=2)

    assert branch.asked_with == [None, '"one"'], "the first page leads to another one: it is read each time"
    assert "late" in driver.ids()


def test_a_walk_that_must_see_everything_takes_no_unchanged_for_an_answer(site: Site, drive: Drive) -> None:
    driver, branch = tagged(site, drive, full_hours=1, lists_all=True)

    driver.look("company", minutes=61)
    driver.look("company", minutes=61)

    assert branch.asked_with == [None, None]
    assert driver.rows("select 1 from mentions where looks_missed > 0") == []


def test_a_site_may_say_unchanged_for_ever_without_counting_as_empty(site: Site, drive: Drive) -> None:
    driver, _ = tagged(site, drive)

    for _ in range(23):
        driver.look("company", minutes=10)

    assert driver.state("company").health == "ok"
    assert driver.told() == ["summary"]


def test_an_unasked_unchanged_is_an_error(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.instead["quay"] = Answer(b"", 304)
    driver = drive(company(site))

    looked = driver.look("company")

    assert looked.look.error is not None
    assert looked.look.error.code == "protocol"


def test_a_tag_of_a_megabyte_or_with_control_characters_is_ignored(site: Site, drive: Drive) -> None:
    driver, branch = tagged(site, drive)
    branch.tag = "x" * 513
    branch.branches.shows("quay", [review(2, created=at(1)), review(1)])
    driver.look("company", minutes=2)

    driver.look("company", minutes=2)

    assert branch.asked_with == ['"one"', '"one"']
