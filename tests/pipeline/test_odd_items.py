"""Entries as strangers send them: late, twice, between two pages, of nine megabytes, with senseless marks and dates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.pipeline.driving import Drive, Driver
from tests.pipeline.test_walks import company, pages
from tests.town import START, Answer, Asked, Site, bad, review
from tests.town.sites import Branches, at

DAY = 24 * 60


def known(site: Site, drive: Drive, **options: Any) -> tuple[Driver, Branches]:
    """Return a driver that knows thirty reviews, ten a page, an hour apart."""
    branches = Branches(site)
    shown = [review(n, created=at(-60 * n)) for n in range(1, 31)]
    branches.shows("quay", *(shown[start : start + 10] for start in range(0, 30, 10)))
    driver = drive(company(site, newest_first=True, **options))
    driver.walk("company")
    return driver, branches


def shows(branches: Branches, every: list[dict[str, Any]]) -> None:
    """Let the branch show these, the newest first, ten a page."""
    ordered = sorted(every, key=lambda one: one["created"], reverse=True)
    branches.shows("quay", *(ordered[start : start + 10] for start in range(0, len(ordered), 10)))


def everything(branches: Branches) -> list[dict[str, Any]]:
    """Return what the branch shows."""
    return [one for page in branches.pages["quay"] for one in page]


# --- stored exactly once -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "told"),
    [
        ([bad(90, created=at(-60 * 25.5))], 1),
        ([bad(90, created=at(-60 * 47))], 1),
        ([bad(90, created=at(-60 * 3)), bad(91, created=at(-60 * 3))], 2),
        ([bad(90, created=at(-60 * 1))], 1),
    ],
    ids=["a day late", "two days late", "in the same second as each other", "in the same second as a known one"],
)
def test_what_appears_late_is_stored_and_told_once(
    late: list[dict[str, Any]], told: int, site: Site, drive_both: Drive
) -> None:
    driver, branches = known(site, drive_both)
    shows(branches, [*everything(branches), *late])

    for _ in range(3):
        driver.walk("company", minutes=2)

    assert len(driver.ids()) == 30 + len(late)
    assert len(set(driver.ids())) == len(driver.ids())
    assert driver.told().count("new") == told


def test_what_moves_to_the_next_page_while_it_is_read_is_stored_once(site: Site, drive_both: Drive) -> None:
    driver, branches = known(site, drive_both)
    everyone = everything(branches)

    def shifting(asked: Asked) -> Answer:
        del branches.instead["quay/1"]
        answer = branches.answer(asked)
        shows(branches, [*everyone, *(bad(n, created=at(n)) for n in (90, 91, 92))])
        return answer

    shows(branches, [*everyone, bad(89, created=at(0.5))])
    branches.instead["quay/1"] = shifting
    driver.walk("company", minutes=2)
    driver.walk("company", minutes=120)

    assert len(driver.ids()) == len(set(driver.ids())) == 34
    assert driver.told().count("new") == 4


def test_what_slips_forward_while_a_page_is_read_is_found_by_the_next_look(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    shown = [review(n, created=at(-60 * n)) for n in range(1, 31)]
    shows(branches, shown)
    driver = drive(company(site, newest_first=True))

    def shrinking(asked: Asked) -> Answer:
        del branches.instead["quay/1"]
        answer = branches.answer(asked)
        shows(branches, [one for one in shown if one["id"] != "r3"])  # r11 slips to the page that was just read
        return answer

    branches.instead["quay/1"] = shrinking
    driver.walk("company")
    missed = driver.ids()
    driver.walk("company", minutes=5)

    assert "r11" not in missed
    assert "r11" in driver.ids()


def test_the_same_entry_twice_in_a_walk_is_one_and_its_later_known_parts_win(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    first, second = review(1, author=None), review(1, text="Lovely place, and now I know why.", stars=None)
    branches.shows("quay", [first], [second])
    driver = drive(company(site))

    driver.walk("company")

    [row] = driver.rows("select author, rating, text from mentions m join versions v on v.mention_id = m.id")
    assert (row.author, row.rating, row.text) == ("Visitor 1", 5, "Lovely place, and now I know why.")


def test_an_observation_older_than_what_is_stored_is_no_edit(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1, updated=at(10))])
    driver = drive(company(site))
    driver.walk("company")
    branches.shows("quay", [bad(1, updated=at(5))])

    driver.walk("company", minutes=5)

    assert driver.one("select label from mentions") == "good"
    assert driver.one("select count(*) from versions") == 1


# --- sizes ---------------------------------------------------------------------------------------


def test_an_entry_of_nine_megabytes_is_shortened_and_told(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1)])
    driver = drive_both(company(site))
    driver.walk("company")
    text = "I waited 40 minutes and nobody came. " + "x" * 9_000_000
    branches.shows("quay", [bad(2, text=text, author="A" * 5000, created=at(1)), review(1)])

    driver.walk("company", minutes=2)

    [row] = driver.rows("select v.text, v.text_length, m.author from versions v join mentions m on m.id = v.mention_id "
                        "where m.external_id = 'r2'")  # fmt: skip
    assert len(row.text) <= 20_100
    assert row.text.startswith("I waited 40 minutes")
    assert "[shortened, 9000037 characters]" in row.text
    assert row.text_length == 9_000_037
    assert len(row.author) <= 200
    assert driver.told().count("new") == 1


@pytest.mark.slow
def test_five_thousand_items_are_a_bite_and_the_rest_comes_next(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1, created=at(-DAY))])
    driver = drive(company(site))
    driver.walk("company")
    [many] = pages(1, size=5_001, begin="n")
    branches.shows("quay", [{**one, "text": "Fine.", "created": at(-DAY - n)} for n, one in enumerate(many)])

    first = driver.look("company", minutes=2)
    due = driver.is_due("company")
    second = driver.look("company")

    assert (first.taken.new, second.taken.new) == (5_000, 1)
    assert due
    assert second.look.done


# --- marks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stars", "kept"),
    [
        ("5", 5), (5.0, 5), ("five", None), (0, None), (11, None), (-1, None), (None, None), (True, None), ("4,5", 4.5),
        ("1", 1), (1e308, None), ("", None),
    ],
)  # fmt: skip
def test_a_mark_is_mapped_or_unknown_and_never_hides_a_bad_text(
    stars: Any, kept: float | None, site: Site, drive: Drive
) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1)])
    driver = drive(company(site))
    driver.walk("company")
    text = "Terrible. I waited 40 minutes, the waiter was rude and nobody apologised. Never again."
    branches.shows("quay", [review(2, stars=stars, text=text, created=at(1)), review(1)])

    driver.walk("company", minutes=2)

    [row] = driver.rows("select v.rating, m.level from versions v join mentions m on m.id = v.mention_id "
                        "where m.external_id = 'r2'")  # fmt: skip
    assert row.rating == kept
    assert row.level in (("alert",) if kept is None or kept < 3 else ("watch", "quiet"))
    assert driver.rows("select 1 from quarantine") == []


@pytest.mark.parametrize("stars", [[5], {"value": 5}])
def test_a_mark_that_is_no_value_at_all_is_put_aside_with_its_entry_or_unknown(
    stars: Any, site: Site, drive: Drive
) -> None:
    branches = Branches(site)
    branches.shows("quay", [*(review(n) for n in range(1, 9)), review(9, stars=stars)])
    driver = drive(company(site))

    driver.walk("company")

    assert set(driver.ids()) >= {f"r{n}" for n in range(1, 9)}
    assert len(driver.ids()) + len(driver.rows("select 1 from quarantine")) == 9


# --- times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "created", ["2026-12-24T09:00:00+00:00", "2199-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"]
)
def test_a_date_to_come_is_clamped_and_flagged_and_moves_no_clock_of_ours(
    created: str, site: Site, drive_both: Drive
) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1)])
    driver = drive_both(company(site))
    driver.walk("company")
    branches.shows("quay", [bad(2, created=created), review(1)])

    driver.walk("company", minutes=2)

    [row] = driver.rows("select published_at, flags from mentions where external_id = 'r2'")
    assert "time_clamped" in str(row.flags)
    published = datetime.fromisoformat(row.published_at) if isinstance(row.published_at, str) else row.published_at
    assert published == START + timedelta(days=1, minutes=2)
    assert driver.state("company").newest_at == START + timedelta(minutes=2)
    assert driver.told().count("new") == 1


@pytest.mark.slow
def test_a_site_whose_clock_is_wrong_by_years_is_looked_at_by_ours(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1, created="2009-01-01T00:00:00+00:00")])
    wrong = {"Date": "Thu, 01 Jan 2009 00:00:00 GMT"}
    branches.instead["quay"] = lambda asked: Answer({"reviews": branches.pages["quay"][0], "next": None}, 200, wrong)
    driver = drive(company(site))

    driver.walk("company")

    assert timedelta(0) < driver.state("company").next_poll_at - START <= timedelta(minutes=1)


def test_entries_that_cannot_be_read_are_put_aside_once_and_taken_in_when_they_can(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    fine = [review(n) for n in range(1, 9)]
    branches.shows("quay", [*fine, {"id": "r9", "stars": 1}])
    driver = drive(company(site))
    for _ in range(3):
        driver.walk("company", minutes=2)
    aside = driver.rows("select external_id, what from quarantine")

    branches.shows("quay", [*fine, bad(9, created=at(5))])
    driver.walk("company", minutes=2)

    assert [(row.external_id, row.what) for row in aside] == [("r9", "no key `text`")]
    assert "r9" in driver.ids()
    assert driver.told().count("new") == 1


@pytest.mark.parametrize(("unreadable", "healthy"), [(1, True), (2, True), (3, False)])
def test_more_than_a_fifth_unreadable_means_that_the_site_has_changed(
    unreadable: int, healthy: bool, site: Site, drive: Drive
) -> None:
    branches = Branches(site)
    branches.shows("quay", [*(review(n) for n in range(1, 9)), *({"id": f"x{n}"} for n in range(unreadable))])
    branches.marks["quay"] = "mark"
    driver = drive(company(site))

    driver.walk("company")

    state = driver.state("company")
    assert (state.error_code is None) is healthy
    assert (state.bookmark is not None) is healthy
    assert len(driver.ids()) == 8
