"""A walk over a source: cut into bites, gone on with after a restart, and never led in a circle."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor import polling
from tests.pipeline.driving import Drive, Driver, source
from tests.town import Answer, Asked, Site, free_port, review
from tests.town.sites import BRANCHES, Branches, Inbox, at


def pages(count: int, size: int = 2, begin: str = "r") -> list[list[dict[str, Any]]]:
    """Return pages of reviews, the newest first, a minute apart."""
    every = [review(n, id=f"{begin}{n}", created=at(-n)) for n in range(1, count * size + 1)]
    return [every[start : start + size] for start in range(0, len(every), size)]


def company(site: Site, *branches: str, **options: Any) -> str:
    """Return a source over some branches."""
    return source("company", "town_branches", site, branches=list(branches) or ["quay"], **options)


def begun(drive: Drive, branches: Branches, *names: str, **options: Any) -> Driver:
    """Return a driver whose source has had its first walk."""
    driver = drive(company(branches.site, *names, **options))
    driver.walk("company")
    branches.asked.clear()
    return driver


# --- bites ---------------------------------------------------------------------------------------


def test_a_walk_is_cut_into_bites_and_gone_on_with_by_the_next_program(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", *pages(7))
    first = drive_both(company(site)).bites(requests=3)
    first.look("company")
    first.look("company")
    assert first.is_due("company")
    first.close()

    again = drive_both(company(site), clock=first.clock).bites(requests=3)
    last = again.walk("company")[-1]

    assert branches.asked == [f"quay/{page}" for page in range(1, 8)]
    assert last.look.done
    assert again.ids() == sorted(f"r{n}" for n in range(1, 15))
    assert again.state("company").walk is None
    assert not again.is_due("company")


@pytest.mark.parametrize("size", [{"requests": 2}, {"items": 4}, {"time": timedelta(seconds=20)}])
def test_a_bite_ends_at_its_requests_its_items_or_its_time(size: Any, site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", *pages(6))
    driver = drive(company(site)).bites(**size)
    branches.instead = {f"quay/{page}": slowly(driver, branches, page) for page in range(1, 7)}

    looked = driver.walk("company")

    assert [len(one.look.seen) for one in looked if one.look.seen] == [4, 4, 4]
    assert len(driver.ids()) == 12


def slowly(driver: Driver, branches: Branches, page: int) -> Any:
    """Return an answer that takes ten seconds."""

    def answer(asked: Asked) -> Answer:
        driver.clock.advance(seconds=10)
        following = f"{BRANCHES}/quay?page={page + 1}" if page < 6 else None
        return Answer({"reviews": branches.pages["quay"][page - 1], "next": following})

    return answer


def test_a_bite_takes_two_hundred_requests_and_five_thousand_items_by_itself(drive: Drive, site: Site) -> None:
    size = drive(company(site)).tools.size

    assert (size.requests, size.items, size.time) == (200, 5_000, timedelta(seconds=60))
    assert (size.first_items, size.first_span.days) == (500, 730)


@pytest.mark.parametrize(("entries", "bites"), [(9, 1), (10, 1), (11, 2), (30, 3)])
def test_a_page_with_more_entries_than_a_bite_holds_is_taken_bite_by_bite(
    entries: int, bites: int, site: Site, drive: Drive
) -> None:
    branches = Branches(site)
    [everything] = pages(1, size=entries)
    branches.shows("quay", everything)
    branches.marks["quay"] = "mark"
    driver = drive(company(site)).bites(items=10)

    first = driver.look("company")
    assert driver.state("company").bookmark == ({"quay": "mark-1"} if entries <= 10 else None)
    looked = [first, *([] if first.look.done else driver.walk("company"))]

    assert [len(one.look.judged) for one in looked if one.look.judged] == [
        min(10, entries - 10 * n) for n in range(bites)
    ]
    assert len(driver.ids()) == entries
    assert driver.state("company").bookmark == {"quay": "mark-1"}


# --- bookmarks -----------------------------------------------------------------------------------


def test_bookmarks_merge_page_by_page_and_move_when_the_walk_is_done(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", *pages(2, begin="q"))
    branches.shows("mill", *pages(2, begin="m"))
    branches.marks |= {"quay": "q", "mill": "m"}
    driver = drive_both(company(site, "quay", "mill")).bites(requests=3)

    driver.look("company")
    under_way = driver.state("company").bookmark
    driver.look("company")

    assert under_way is None
    assert driver.state("company").bookmark == {"quay": "q-2", "mill": "m-2"}


def test_an_inbox_that_forgets_is_saved_before_the_next_messages_are_asked_for(site: Site, drive: Drive) -> None:
    inbox = Inbox(site)
    inbox.gets(1, 2, 3, 4, 5)
    driver = drive(source("inbox", "town_inbox", site))

    first = driver.look("inbox")

    assert first.look.commit
    assert driver.state("inbox").bookmark == {"offset": 3}
    assert driver.ids() == ["1", "2"]
    assert [message["number"] for message in inbox.messages] == [1, 2, 3, 4, 5], "not asked for the next ones yet"


@pytest.mark.parametrize("killed_after", [0, 1, 2])
def test_a_kill_between_two_questions_loses_nothing_of_an_inbox_that_forgets(
    killed_after: int, site: Site, drive: Drive
) -> None:
    inbox = Inbox(site)
    inbox.gets(1, 2, 3, 4, 5)
    first = drive(source("inbox", "town_inbox", site))
    for _ in range(killed_after):
        first.look("inbox")
    polling.look(first.by_name["inbox"], first.state("inbox"), first.tools)  # read, and not stored any more
    first.close()

    again = drive(source("inbox", "town_inbox", site), clock=first.clock)
    again.walk("inbox")

    assert again.ids() == ["1", "2", "3", "4", "5"]


# --- circles -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leads_to", "asked"),
    [
        ({1: 1}, ["quay/1"]),
        ({1: 2, 2: 1}, ["quay/1", "quay/2"]),
        ({1: 2, 2: 3, 3: 2}, ["quay/1", "quay/2", "quay/3"]),
    ],
    ids=["a page that names itself", "two pages in a circle", "a circle further on"],
)
def test_pages_in_a_circle_are_read_once(leads_to: dict[int, int], asked: list[str], site: Site, drive: Drive) -> None:
    branches = Branches(site)
    for page, following in leads_to.items():
        shown = [review(page, id=f"r{page}")]
        branches.instead[f"quay/{page}"] = Answer({"reviews": shown, "next": f"{BRANCHES}/quay?page={following}"})
    driver = drive(company(site)).bites(requests=2)

    looked = driver.walk("company")

    # The first page is asked without a number, so that a circle is found one page later.
    assert set(branches.asked) == set(asked)
    assert len(branches.asked) <= len(asked) + 1
    assert looked[-1].look.done
    assert len(driver.ids()) == len(asked)


def test_a_million_pages_are_asked_two_hundred_at_a_time(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1)])
    driver = begun(drive, branches)
    before = driver.state("company").newest_at
    branches.instead["quay"] = endless

    looked = driver.look("company", days=1)

    assert looked.look.requests == 200
    assert not looked.look.done
    assert driver.is_due("company")
    assert driver.state("company").newest_at == before


def endless(asked: Asked) -> Answer:
    """Answer with one page of a million."""
    page = int(asked.query.get("page", "1"))
    return Answer({"reviews": [review(page, id=f"e{page}")], "next": f"{BRANCHES}/quay?page={page + 1}"})


def test_a_site_that_repeats_its_last_page_under_every_number_is_left_after_three(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.instead["quay"] = lambda asked: Answer(
        {"reviews": [review(1)], "next": f"{BRANCHES}/quay?page={int(asked.query.get('page', '1')) + 1}"}
    )
    driver = drive(company(site))

    looked = driver.look("company")

    assert looked.look.done
    assert len(branches.asked) == 4


def test_a_site_that_names_empty_pages_for_ever_is_left_after_twenty_five(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.instead["quay"] = lambda asked: Answer(
        {"reviews": [], "next": f"{BRANCHES}/quay?page={int(asked.query.get('page', '1')) + 1}"}
    )
    driver = drive(company(site))

    looked = driver.look("company")

    assert looked.look.done
    assert len(branches.asked) == 25


# --- errors on the way ---------------------------------------------------------------------------


def test_a_page_that_cannot_be_read_hides_neither_the_other_branches_nor_itself(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", *pages(2, begin="q"))
    branches.shows("mill", *pages(2, begin="m"))
    branches.shows("port", *pages(2, begin="p"))
    branches.instead["mill/1"] = Answer(b"broken", 500)
    driver = drive_both(company(site, "quay", "mill", "port"))

    first = driver.look("company")
    after_first = driver.ids()
    del branches.instead["mill/1"]
    branches.asked.clear()
    second = driver.look("company", minutes=10)

    assert str(first.look.error) == "1 of 5 pages could not be read; the first: the site answered 500"
    assert {one[0] for one in after_first} == {"q", "p"}
    assert len(after_first) == 8
    assert branches.asked == ["mill/1", "mill/2"], "only what failed is asked again"
    assert second.look.done
    assert len(driver.ids()) == 12


def test_a_branch_that_is_always_broken_does_not_keep_the_others_from_being_seen(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1)])
    branches.instead["mill"] = Answer(b"broken", 500)
    driver = drive(company(site, "mill", "quay", newest_first=True))
    for _ in range(5):
        driver.look("company", minutes=2)
    assert driver.state("company").health == "failing"

    branches.shows("quay", [review(2, id="late", stars=1, created=at(10)), review(1)])
    driver.clock.advance(minutes=2)
    assert driver.is_due("company"), "the good branch is looked at as often as ever"
    driver.look("company")

    assert driver.ids() == ["late", "r1"]
    assert driver.told().count("new") == 1


def test_an_error_in_one_branch_moves_no_bookmark_and_no_time(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    for name in ("quay", "mill"):
        branches.shows(name, [review(1, id=name)])
        branches.marks[name] = "first"
    driver = begun(drive, branches, "quay", "mill")
    before = driver.state("company")
    branches.marks |= {"quay": "second", "mill": "second"}
    branches.shows("quay", [review(2, id="new", created=at(1))])
    branches.instead["mill"] = Answer(b"broken", 500)

    driver.look("company", minutes=5)
    after = driver.state("company")

    assert (after.bookmark, after.newest_at) == (before.bookmark, before.newest_at)
    assert "new" in driver.ids()


def test_a_site_that_answers_nothing_but_errors_is_left_alone_after_five(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    names = [f"b{n}" for n in range(12)]
    branches.instead = dict.fromkeys(names, Answer(b"broken", 500))
    driver = drive(company(site, *names))

    looked = driver.look("company")

    assert len(branches.asked) == 5
    assert str(looked.look.error) == "the site answered 500"


def test_those_that_were_not_asked_come_first_after_a_site_was_left_alone(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    names = [f"b{n}" for n in range(6)]
    branches.instead = dict.fromkeys(names, Answer(b"broken", 500))
    branches.shows("good", [review(1)])
    driver = drive(company(site, *names, "good"))
    driver.look("company")

    driver.look("company", minutes=10)

    assert branches.asked[5:7] == ["b5", "good"] or branches.asked[5:7] == ["b5/1", "good/1"]
    assert driver.ids() == ["r1"]


def test_a_host_that_is_not_there_is_asked_once_and_the_others_are_read(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1)])
    dead = f"http://127.0.0.1:{free_port()}/branches"
    urls = {"one": f"{dead}/one", "two": f"{dead}/two", "quay": f"{site.url}/branches/quay"}
    elsewhere = "{" + ", ".join(f'{name} = "{url}"' for name, url in urls.items()) + "}"
    table = company(site, "one", "two", "quay", elsewhere=elsewhere).replace(f'base_url = "{site.url}"\n', "")
    driver = drive(table)

    looked = driver.look("company")

    assert driver.ids() == ["r1"]
    assert looked.look.partly
    assert str(looked.look.error).startswith("1 of 2 pages could not be read; the first: 127.0.0.1: ")
    assert len(looked.look.walk.requests) == 2


def test_a_bookmark_of_a_page_that_has_expired_makes_the_walk_begin_anew_after_two_failures(
    site: Site, drive: Drive
) -> None:
    branches = Branches(site)
    branches.shows("quay", *pages(4))
    driver = drive(company(site)).bites(requests=2)
    driver.look("company")
    branches.instead["quay/3"] = Answer(b"expired", 410)

    driver.look("company")
    driver.look("company", minutes=10)
    tried = [*branches.asked]
    del branches.instead["quay/3"]
    branches.asked.clear()
    driver.clock.advance(minutes=20)
    driver.walk("company")

    assert tried == ["quay/1", "quay/2", "quay/3", "quay/3"]
    assert branches.asked == ["quay/1", "quay/2", "quay/3", "quay/4"]
    assert len(driver.ids()) == 8


def test_a_site_that_slows_a_long_walk_down_again_and_again_is_walked_to_the_end(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", *pages(12))
    driver = drive(company(site))
    allowed = [0]

    def now_and_then(asked: Asked) -> Answer:
        allowed[0] -= 1
        if allowed[0] < 0:
            return Answer(b"slowly", 429, {"Retry-After": "60"})
        del branches.instead["quay"]
        answer = branches.answer(asked)
        branches.instead["quay"] = now_and_then
        return answer

    branches.instead["quay"] = now_and_then
    for _ in range(6):
        allowed[0] = 2
        driver.look("company", minutes=2)

    assert len(driver.ids()) == 24
    assert driver.state("company").health == "ok"


# --- long walks and full walks -------------------------------------------------------------------


def test_a_full_walk_is_made_when_its_time_has_come_and_sees_what_lies_behind(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", *pages(3), [review(9, id="old", created=at(-60 * 24 * 10))])
    driver = begun(drive, branches, newest_first=True, full_hours=24, overlap_hours=0)

    driver.look("company", minutes=5)
    quick = [*branches.asked]
    branches.asked.clear()
    driver.walk("company", hours=24)

    assert quick == ["quay/1"]
    assert branches.asked == ["quay/1", "quay/2", "quay/3", "quay/4"]


def test_the_newest_is_seen_while_a_long_walk_is_under_way(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", *pages(8))
    driver = begun(drive, branches, newest_first=True, full_hours=24, overlap_hours=0, lists_all=True)
    driver.bites(requests=2)
    driver.look("company", hours=25)
    shown = branches.pages["quay"]
    branches.shows("quay", [review(99, id="new", stars=1, created=at(25 * 60))], *shown)

    driver.look("company", minutes=2)
    in_between = driver.ids()
    last = driver.walk("company")[-1]

    assert "new" in in_between
    assert last.look.walk.full
    assert len(driver.ids()) == 17
    assert driver.rows("select 1 from mentions where looks_missed > 0") == []


def test_absence_is_proven_only_by_a_walk_that_left_nothing_out(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1), review(2)])
    driver = begun(drive, branches, lists_all=True, full_hours=1)
    missing = "select external_id from mentions where deleted_at is not null"

    # An entry that cannot be read, then one that cannot even be named, then one that is not there.
    branches.shows("quay", [review(1), *(review(n) for n in range(3, 9)), {"id": "r2"}])
    for _ in range(3):
        driver.walk("company", minutes=61)
    unreadable = driver.rows(missing)
    branches.shows("quay", [review(1), *(review(n) for n in range(3, 9)), {"stars": 1}])
    for _ in range(3):
        driver.walk("company", minutes=61)
    nameless = driver.rows(missing)
    branches.shows("quay", [review(1), *(review(n) for n in range(3, 9))])
    driver.walk("company", minutes=61)
    once = driver.rows(missing)
    driver.walk("company", minutes=61)

    assert (unreadable, nameless, once) == ([], [], [])
    assert [row.external_id for row in driver.rows(missing)] == ["r2"]


@pytest.mark.parametrize("newest_first", [True, False])
def test_what_was_published_beyond_what_the_site_shows_at_once_is_a_gap(
    newest_first: bool, site: Site, drive: Drive
) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1, created=at(-1))])
    driver = begun(drive, branches, newest_first=newest_first)
    driver.look("company", minutes=2)
    driver.look("company", minutes=2)

    branches.shows("quay", [review(n, id=f"n{n}", created=at(60 * 24 * 5 - n)) for n in range(5)])
    driver.look("company", days=5)
    [gap] = driver.rows("select from_at, to_at, why, caught_up_at from gaps")
    branches.shows("quay", [review(9, created=at(60 * 24 * 5 + 1)), *branches.pages["quay"][0]])
    driver.look("company", minutes=5)

    assert (str(gap.from_at)[:16], str(gap.to_at)[:16]) == (at(-1)[:16], at(60 * 24 * 5 - 4)[:16])
    assert gap.why == "more was published meanwhile than the site shows at once"
    assert gap.caught_up_at is None
    assert len(driver.rows("select 1 from gaps")) == 1, "what meets the known is no gap"


def test_an_inbox_that_shows_only_what_is_new_has_no_gaps(site: Site, drive: Drive) -> None:
    inbox = Inbox(site)
    driver = drive(source("inbox", "town_inbox", site))
    for number in range(1, 8, 2):
        inbox.gets(number, number + 1)
        driver.walk("inbox", minutes=10)

    assert len(driver.ids()) == 8
    assert driver.rows("select 1 from gaps") == []
