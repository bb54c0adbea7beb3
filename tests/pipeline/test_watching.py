"""A review appears on a site, and somebody is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.pipeline.conftest import Watch
from tests.town import START, Town, bad, review

Begin = Callable[..., Watch]


def soon(minutes: float) -> str:
    """Return a time after the start, as the site writes it."""
    return (START + timedelta(minutes=minutes)).isoformat()


def test_the_first_look_is_quiet_and_one_summary_says_what_was_found(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1), bad(2), review(3))
    monitor = watch()

    monitor.look()

    [post] = town.slack.texts()
    assert "I now watch Town" in post
    assert "3 reviews" in post
    assert [row.why_not_told for row in monitor.rows("select why_not_told from mentions where label='bad'")] == [
        "found at the first look"
    ]


def test_a_bad_review_is_told_on_slack_and_by_mail_with_the_words_that_caused_it(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    monitor.look()
    town.site.publishes("quay", bad(2, created=soon(1), author="Jonas K."))

    monitor.look(minutes=2)

    post = town.slack.texts()[-1]
    assert "1 of 5 on Town" in post
    assert "Waited 40 minutes for two coffees" in post
    assert "Jonas K." in post
    mail = town.mail.received[-1]
    assert mail["To"] == "mara@town.example"
    assert mail["Subject"].startswith("1 star, quay")


def test_a_second_look_at_the_same_page_adds_nothing_and_tells_nothing(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    monitor.look()
    town.site.publishes("quay", bad(2, created=soon(1)))
    monitor.look(minutes=2)
    posts = len(town.slack.posts)

    monitor.look(minutes=2)

    assert len(town.slack.posts) == posts
    assert len(monitor.rows("select 1 from mentions")) == 2


def test_a_review_edited_to_one_star_is_told_again(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1, stars=4, text="Nice place, a bit slow."))
    monitor = watch()
    monitor.look()

    town.site.shows(
        "quay", review(1, stars=1, text="Wrote to them a week ago. No reply. Never again.", updated=soon(3))
    )
    monitor.look(minutes=5)

    post = town.slack.texts()[-1]
    assert "now 1 of 5, was 4" in post
    assert "Nice place, a bit slow." in post
    assert len(monitor.rows("select 1 from versions")) == 2


def test_an_edit_that_flaps_back_within_a_day_is_no_edit(town: Town, watch: Begin) -> None:
    first, second = review(1, text="Good."), review(1, text="Good!")
    town.site.shows("quay", first)
    monitor = watch()
    monitor.look()
    town.site.shows("quay", second)
    monitor.look(minutes=2)

    town.site.shows("quay", first)
    monitor.look(minutes=2)

    assert len(monitor.rows("select 1 from versions")) == 2


def test_an_answer_seen_on_the_site_stops_the_clock_of_its_case(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    monitor.look()
    town.site.publishes("quay", bad(2, created=soon(1)))
    monitor.look(minutes=2)

    answer = {"text": "We are sorry, come by for a coffee on us.", "at": soon(30)}
    town.site.shows("quay", bad(2, created=soon(1), reply=answer), review(1))
    monitor.look(minutes=40)

    [case] = monitor.rows("select state, answered_at, answer_seen_at from cases")
    assert case.state == "answered"
    assert case.answer_seen_at is not None


def test_an_answer_that_two_looks_lack_opens_the_case_again_and_is_told(town: Town, watch: Begin) -> None:
    answer = {"text": "We are sorry.", "at": soon(5)}
    town.site.shows("quay", review(1))
    monitor = watch()
    monitor.look()
    town.site.publishes("quay", bad(2, created=soon(1)))
    monitor.look(minutes=2)
    town.site.shows("quay", bad(2, created=soon(1), reply=answer), review(1))
    monitor.look(minutes=10)

    town.site.shows("quay", bad(2, created=soon(1)), review(1))
    monitor.look(minutes=2)
    one_look = monitor.rows("select state from cases")[0].state
    monitor.look(minutes=2)

    assert one_look == "answered"
    assert monitor.rows("select state from cases")[0].state == "open"
    assert monitor.rows("select count(*) as n from alerts where reason='reply_gone'")[0].n == 1


def test_deletion_needs_two_complete_looks(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1), review(2))
    monitor = watch()
    monitor.look()
    town.site.shows("quay", review(1))

    monitor.look(days=1, minutes=1)
    after_one = monitor.rows("select 1 from mentions where deleted_at is not null")
    monitor.look(days=1, minutes=1)

    assert after_one == []
    [gone] = monitor.rows("select external_id from mentions where deleted_at is not null")
    assert gone.external_id == "r2"


def test_a_late_and_back_dated_review_is_stored_once(town: Town, watch: Begin) -> None:
    shown = [review(n, created=soon(-60 * n)) for n in range(1, 30)]
    town.site.shows("quay", *shown)
    monitor = watch(source="size = 10")
    monitor.look()
    late = bad(99, created=soon(-60 * 25.5))
    town.site.shows("quay", *sorted([*shown, late], key=lambda one: one["created"], reverse=True))

    monitor.look(minutes=2)
    monitor.look(minutes=2)

    assert len(monitor.rows("select 1 from mentions where external_id='r99'")) == 1
    assert len(monitor.rows("select 1 from alerts where reason='new'")) == 1


def test_a_source_that_fails_is_told_once_reminded_daily_and_all_clear_is_given(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    monitor.look()
    town.site.serves("/api/quay/reviews", b"down", status=500)
    for _ in range(8):
        monitor.look(minutes=30)
    reasons = [row.reason for row in monitor.rows("select reason from alerts order by id")]
    assert reasons.count("source_broken") == 1

    monitor.look(hours=25)
    town.site.pages.clear()
    monitor.look(hours=1)

    reasons = [row.reason for row in monitor.rows("select reason from alerts order by id")]
    assert reasons.count("still_broken") == 1
    assert reasons.count("recovered") == 1
    assert monitor.rows("select health from sources")[0].health == "ok"
    [gap] = monitor.rows("select from_at, to_at from gaps")
    assert gap.to_at is not None


def test_an_error_moves_no_bookmark_and_loses_no_item(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    monitor.look()
    before = monitor.rows("select newest_at from sources")[0].newest_at
    town.site.serves("/api/quay/reviews", b'{"reviews": "none"}', Content_Type="application/json")

    monitor.look(minutes=2)

    assert monitor.rows("select newest_at from sources")[0].newest_at == before
    assert monitor.rows("select error_code from sources")[0].error_code == "shape"
    assert len(monitor.rows("select 1 from mentions where deleted_at is null")) == 1


def test_one_unreadable_entry_is_kept_aside_and_the_others_come_in(town: Town, watch: Begin) -> None:
    town.site.shows("quay", *(review(n) for n in range(1, 9)), {"id": "r9", "stars": 5})
    monitor = watch()

    monitor.look()

    assert len(monitor.rows("select 1 from mentions")) == 8
    [aside] = monitor.rows("select external_id, what from quarantine")
    assert (aside.external_id, aside.what) == ("r9", "no key `author`") or "no key" in aside.what


def test_many_unreadable_entries_mean_that_the_site_has_changed(town: Town, watch: Begin) -> None:
    town.site.shows("quay", *(review(n) for n in range(1, 4)), {"id": "r9"}, {"id": "r10"})
    monitor = watch()

    monitor.look()

    assert monitor.rows("select error_code from sources")[0].error_code == "shape"
    assert len(monitor.rows("select 1 from mentions")) == 3


def test_a_walk_that_was_cut_off_is_gone_on_with_by_the_next_daemon(town: Town, watch: Begin) -> None:
    town.site.shows("quay", *(review(n) for n in range(1, 9)))
    monitor = watch(source="size = 2")
    town.site.serves("/api/quay/reviews?size=2&offset=4", b"slowly", status=503, Retry_After="60")
    monitor.look()
    town.site.pages.clear()
    town.site.asked.clear()

    monitor = monitor.again(minutes=2)
    monitor.look()

    assert town.site.asked == [f"/api/quay/reviews?size=2&offset={offset}" for offset in (4, 6)]
    assert len(monitor.rows("select 1 from mentions")) == 8
    monitor.close()
