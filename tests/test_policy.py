"""Who is told, when, why, and why not."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import (
    Audience,
    Author,
    Brand,
    Health,
    Label,
    Level,
    Mention,
    Rating,
    Reason,
    Rule,
    Score,
    Severity,
    Subject,
    Team,
    Why,
)
from monitor.normalise import normalise
from monitor.policy import (
    Before,
    Change,
    Decision,
    Fold,
    HealthBefore,
    LookOutcome,
    NotTold,
    decide,
    flooded,
    fold,
    health,
    next_poll,
    next_try,
    pattern_problem,
    reminder,
    severity,
    usual_rate,
)
from tests.builders import NOON, a_review, a_score

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BAD = Rule("bad reviews", ("support",))
GOOD = Rule("good ones", ("team",), when="good")


def a_mention(**changes: Any) -> Mention:
    return normalise(a_review(**changes), connector="x", brands=(Brand("acme", (), (), {"x": ("own-1",)}),), now=NOON)


def quiet(**changes: Any) -> Score:
    return a_score(**{"badness": 0.1, "level": Level.QUIET, "label": Label.NEUTRAL, "reasons": (), **changes})


def watched(**changes: Any) -> Score:
    return a_score(**{"badness": 0.4, "level": Level.WATCH, "label": Label.MIXED, "reasons": (), **changes})


def good(**changes: Any) -> Score:
    return quiet(label=Label.GOOD, **changes)


def new(mention: Mention | None = None, score: Score | None = None, **rest: Any) -> Change:
    return Change("new", mention or a_mention(), score or a_score(), source="google", **rest)


def edited(mention: Mention, score: Score, before: Before, **rest: Any) -> Change:
    return Change("edited", mention, score, before, source="google", **rest)


def decided(change: Change, *rules: Rule, now: datetime = NOON, **how: Any) -> Decision:
    return decide(change, rules or (BAD, GOOD), now=now, **how)


# --- severity


@pytest.mark.parametrize(
    "score, rating, audience, expected",
    [
        (a_score(dangers=("safety",)), None, None, Severity.CRITICAL),
        (a_score(dangers=("outage",)), 5, None, Severity.CRITICAL),
        (a_score(), 5, 99_999, Severity.HIGH),
        (a_score(), 5, 100_000, Severity.CRITICAL),
        (watched(), None, 100_000, Severity.CRITICAL),
        (a_score(badness=0.6), 1, None, Severity.HIGH),
        (a_score(badness=0.6), Rating(0.5, 5, 0), None, Severity.HIGH),
        (a_score(badness=0.6), Rating(2, 10, 1), None, Severity.HIGH),
        (a_score(badness=0.6), 2, None, Severity.NORMAL),
        (a_score(badness=0.6), Rating(0, 1, 0), None, Severity.NORMAL),
        (a_score(badness=0.85), None, None, Severity.HIGH),
        (a_score(badness=0.8499), None, None, Severity.NORMAL),
        (a_score(badness=0.6), None, 9_999, Severity.NORMAL),
        (a_score(badness=0.6), None, 10_000, Severity.HIGH),
        (watched(), None, None, Severity.LOW),
        (watched(badness=None), None, 0, Severity.LOW),
        (quiet(), None, 5_000_000, None),
        (good(), 5, None, None),
    ],
)
def test_severity_follows_danger_reach_stars_and_badness(
    score: Score, rating: Any, audience: int | None, expected: Severity | None
) -> None:
    reach = None if audience is None else Audience(audience, "followers")

    found, _ = severity(score, a_mention(rating=rating, audience=reach))

    assert found is expected


def test_the_severity_says_what_caused_it() -> None:
    danger, stars = Why("danger:money", "money", ("charged twice",)), Why("stars", "1 star")
    score = a_score(dangers=("money",), reasons=(stars, danger))

    assert severity(score, a_mention(audience=Audience(120_000, "followers")))[1] == (
        danger,
        Why("audience", "120,000 followers"),
    )
    assert severity(a_score(reasons=(stars,)), a_mention(rating=1))[1] == (stars,)


# --- new mentions


def test_a_bad_review_is_told_and_opens_a_case() -> None:
    decision = decided(new())

    assert (decision.reason, decision.channels) == (Reason.NEW, (("bad reviews", "support"),))
    assert (decision.opens_case, decision.severity, decision.why_not_told) == (True, Severity.HIGH, None)


def test_a_good_review_is_good_news_for_a_rule_that_asks_for_it() -> None:
    decision = decided(new(a_mention(rating=5), good()))

    assert (decision.reason, decision.channels) == (Reason.GOOD_NEWS, (("good ones", "team"),))
    assert (decision.opens_case, decision.severity) == (False, None)


@pytest.mark.parametrize(
    "change, how, why",
    [
        (new(a_mention(author=Author("Acme", "own-1"))), {}, NotTold.OWN),
        (new(score=quiet()), {}, NotTold.QUIET),
        (new(score=watched()), {}, NotTold.DIGEST),
        (new(score=a_score(badness=None, level=Level.WATCH, label=Label.UNKNOWN)), {}, NotTold.DIGEST),
        (new(a_mention(published_at=NOON - 72 * HOUR - MINUTE)), {}, NotTold.OLD),
        (new(), {"first_look": True}, NotTold.FIRST_LOOK),
        (new(a_mention(published_at=None)), {"first_look": True, "backfill_since": NOON - 7 * DAY}, NotTold.FIRST_LOOK),
        (
            new(a_mention(published_at=NOON - 8 * DAY)),
            {"first_look": True, "backfill_since": NOON - 7 * DAY},
            NotTold.FIRST_LOOK,
        ),
    ],
)
def test_who_is_not_told_has_a_reason_in_words(change: Change, how: dict[str, Any], why: NotTold) -> None:
    decision = decided(change, BAD, **how)

    assert (decision.reason, decision.channels, decision.opens_case) == (None, (), False)
    assert decision.why_not_told == why.value
    assert type(decision.why_not_told) is str


def test_a_bad_review_no_rule_asks_for_says_so() -> None:
    assert decided(new(), GOOD).why_not_told == "no rule asks for it"


def test_the_reasons_fit_their_column() -> None:
    assert max(map(len, NotTold)) <= 100


@pytest.mark.parametrize("age, told", [(71 * HOUR, True), (72 * HOUR, True), (72 * HOUR + timedelta(seconds=1), False)])
def test_what_is_older_than_seventy_two_hours_is_listed_and_not_alerted(age: timedelta, told: bool) -> None:
    decision = decided(new(a_mention(published_at=NOON - age)))

    assert (decision.reason is Reason.NEW) == told


def test_what_has_no_time_counts_as_new() -> None:
    assert decided(new(a_mention(published_at=None))).reason is Reason.NEW


def test_backfill_tells_what_was_published_since_however_old() -> None:
    change = new(a_mention(published_at=NOON - 6 * DAY))

    assert decided(change, first_look=True, backfill_since=NOON - 7 * DAY).reason is Reason.NEW


def test_a_watched_post_with_a_huge_audience_does_not_wait_for_the_digest() -> None:
    change = new(a_mention(rating=None, audience=Audience(250_000, "followers")), watched())

    decision = decided(change)

    assert (decision.reason, decision.severity, decision.opens_case) == (Reason.NEW, Severity.CRITICAL, True)
    assert decision.why[-1] == Why("audience", "250,000 followers")


def test_the_reasons_of_the_score_come_first_and_once() -> None:
    stars = Why("stars", "1 star")

    assert decided(new(score=a_score(reasons=(stars,)))).why == (stars,)


# --- stars without text


@pytest.mark.parametrize(
    "changes, hold",
    [
        ({"text": "", "published_at": NOON}, 10 * MINUTE),
        ({"text": " ", "published_at": NOON - 4 * MINUTE}, 6 * MINUTE),
        ({"text": "", "published_at": None}, 10 * MINUTE),
        ({"text": "", "published_at": NOON + HOUR}, 10 * MINUTE),
        ({"text": "", "published_at": NOON - 10 * MINUTE}, None),
        ({"text": "", "published_at": NOON - 3 * HOUR}, None),
        ({"text": "Cold", "published_at": NOON}, None),
        ({"text": "", "title": "Cold", "published_at": NOON}, None),
        ({"text": "", "rating": 3, "published_at": NOON}, None),
    ],
)
def test_low_stars_without_text_wait_ten_minutes_for_the_text(changes: dict[str, Any], hold: timedelta | None) -> None:
    decision = decided(new(a_mention(**changes)))

    assert decision.reason is Reason.NEW
    assert decision.hold_until == (NOON + hold if hold else None)


def test_the_text_that_was_waited_for_sends_the_alert_as_new() -> None:
    before = Before(Rating(1), 0.96, Level.ALERT, Label.BAD)

    decision = decided(edited(a_mention(text="Cold coffee"), a_score(), before, waiting=True))

    assert (decision.reason, decision.hold_until) == (Reason.NEW, None)


def test_while_the_text_has_not_come_an_edit_changes_nothing() -> None:
    before = Before(Rating(1), 0.96, Level.ALERT, Label.BAD)

    decision = decided(edited(a_mention(text=""), a_score(), before, waiting=True))

    assert (decision.reason, decision.why_not_told) == (None, NotTold.NOT_WORSE.value)


# --- edits


@pytest.mark.parametrize(
    "before, rating, score, edit, reason",
    [
        (Before(Rating(4), 0.1, Level.QUIET), 1, a_score(), "worse", Reason.EDITED_WORSE),
        (Before(Rating(2), 0.9, Level.ALERT), 1, a_score(), "worse", Reason.EDITED_WORSE),
        (Before(Rating(5), 0.0, Level.QUIET), 4, watched(), "worse", Reason.EDITED_WORSE),
        (Before(Rating(5), 0.0, Level.QUIET), 4, quiet(), "worse", None),  # fell, and still fine
        (Before(Rating(1), 0.9, Level.ALERT), 4, quiet(), "better", None),
        (Before(Rating(1), 0.9, Level.ALERT), 2, a_score(), "better", None),
        (Before(None, 0.3, Level.QUIET), None, a_score(badness=0.5), "worse", Reason.EDITED_WORSE),
        (Before(None, 0.31, Level.QUIET), None, a_score(badness=0.5), "same", None),
        (Before(None, 0.6, Level.ALERT), None, a_score(badness=0.9), "same", None),  # within one level
        (Before(None, None, Level.WATCH), None, a_score(badness=0.6), "worse", Reason.EDITED_WORSE),
        (Before(None, 0.9, Level.ALERT), None, quiet(), "better", None),
        (Before(Rating(1), 0.9, Level.ALERT), 1, a_score(), "same", None),
        (Before(Rating(3), 0.5, Level.WATCH), None, a_score(badness=0.9), "worse", Reason.EDITED_WORSE),
        (
            Before(Rating(1), 0.9, Level.ALERT, severity=Severity.HIGH),
            1,
            a_score(dangers=("safety",)),
            "worse",
            Reason.EDITED_WORSE,
        ),
        (
            Before(Rating(1), 0.9, Level.ALERT, severity=Severity.CRITICAL),
            1,
            a_score(dangers=("safety",)),
            "same",
            None,
        ),
    ],
)
def test_an_edit_to_worse_is_told_again(
    before: Before, rating: int | None, score: Score, edit: str, reason: Reason | None
) -> None:
    decision = decided(edited(a_mention(rating=rating), score, before), BAD)

    assert (decision.edit, decision.reason) == (edit, reason)
    assert (decision.why_not_told is None) == (reason is not None)


def test_an_edit_of_an_old_review_is_told_because_the_edit_is_new() -> None:
    change = edited(a_mention(published_at=NOON - 400 * DAY), a_score(), Before(Rating(5), 0.0))

    assert decided(change).reason is Reason.EDITED_WORSE


def test_a_text_seen_within_a_day_is_no_edit() -> None:
    decision = decided(edited(a_mention(), a_score(), Before(Rating(5), 0.0), flapped=True))

    assert (decision.reason, decision.why_not_told) == (None, NotTold.FLAPPED.value)


def test_an_edit_found_at_the_first_look_is_silent() -> None:
    change = edited(a_mention(), a_score(), Before(Rating(5), 0.0))

    assert decided(change, first_look=True).why_not_told == NotTold.FIRST_LOOK.value


# --- rules


@pytest.mark.parametrize(
    "conditions, holds",
    [
        ({}, True),
        ({"when": "any"}, True),
        ({"when": "good"}, False),
        ({"severity": Severity.HIGH}, True),
        ({"severity": Severity.NORMAL}, True),
        ({"severity": Severity.CRITICAL}, False),
        ({"sources": ("google", "yelp")}, True),
        ({"sources": ("yelp",)}, False),
        ({"brands": ("acme",)}, True),
        ({"brands": ("other",)}, False),
        ({"subjects": ("quay street",)}, True),
        ({"subjects": ("Mill Lane",)}, False),
        ({"topics": ("waiting", "rude")}, True),
        ({"topics": ("money",)}, True),
        ({"topics": ("hygiene",)}, False),
        ({"languages": ("en",)}, True),
        ({"languages": ("de", "fr")}, False),
        ({"rating_at_most": 1}, True),
        ({"rating_at_most": 0.5}, False),
        ({"contains": ("COLD", "x")}, True),
        ({"contains": (r"\bcold\b",)}, True),
        ({"contains": ("title",)}, True),
        ({"contains": ("^cold$",)}, False),
        ({"sources": ("google",), "topics": ("hygiene",)}, False),
    ],
)
def test_every_condition_of_a_rule_must_hold(conditions: dict[str, Any], holds: bool) -> None:
    from dataclasses import replace

    mention = replace(a_mention(title="A Title", subject=Subject(place="Quay Street")), brands=("acme",))
    score = a_score(topics=("waiting",), dangers=(), badness=0.9)
    if "money" in conditions.get("topics", ()):
        score = replace(score, dangers=("money",))

    decision = decided(new(mention, score), Rule("r", ("c",), **conditions))

    assert (decision.channels == (("r", "c"),)) == holds


def test_a_rule_on_stars_does_not_hold_without_stars() -> None:
    assert decided(new(a_mention(rating=None)), Rule("r", ("c",), rating_at_most=5)).channels == ()


def test_a_language_with_its_country_holds_for_the_language() -> None:
    score = a_score(language=None)

    assert decided(new(a_mention(language="pt-BR"), score), Rule("r", ("c",), languages=("pt",))).channels
    assert decided(new(a_mention(language="pt-BR"), score), Rule("r", ("c",), languages=("pt_BR",))).channels


def test_a_rule_that_names_low_severity_wants_the_watch_level_at_once() -> None:
    decision = decided(new(score=watched()), Rule("all", ("c",), severity=Severity.LOW))

    assert (decision.reason, decision.opens_case) == (Reason.NEW, False)


def test_a_rule_for_any_hears_of_plain_mentions_too() -> None:
    assert decided(new(score=quiet()), Rule("all", ("c",), when="any")).reason is Reason.NEW


def test_all_rules_apply_each_channel_once() -> None:
    rules = Rule("one", ("a", "b")), Rule("two", ("b", "c")), Rule("three", ("a",))

    assert decided(new(), *rules).channels == (("one", "a"), ("one", "b"), ("two", "c"))


def test_a_rule_that_stops_is_the_last() -> None:
    rules = (
        Rule("one", ("a",)),
        Rule("other", ("x",), sources=("yelp",), stop=True),
        Rule("two", ("b",), stop=True),
        Rule("three", ("c",)),
    )

    assert decided(new(), *rules).channels == (("one", "a"), ("two", "b"))


def test_a_rule_may_name_a_team_instead_of_channels() -> None:
    teams = {"front": Team("front", ("ana",), channels=("front-slack", "front-mail"))}

    decision = decided(new(team="back"), Rule("r", (), team="front"), teams=teams)

    assert decision.channels == (("r", "front-slack"), ("r", "front-mail"))
    assert decision.team == "front"
    assert decided(new(team="back"), BAD).team == "back"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*a){20}", "([a-z]+)*!", "a" * 500])
def test_a_pattern_of_a_user_runs_in_linear_time(pattern: str) -> None:
    change = new(a_mention(text="a" * 10_000 + "c"))
    rule = Rule("r", ("c",), contains=(pattern,))
    decided(new(), rule)
    start = process_time()

    decided(change, rule)

    assert process_time() - start < 0.050


@pytest.mark.parametrize("pattern", ["(", "a{2000}", "(?=a)", r"(a)\1", "x" * 1_001])
def test_a_pattern_that_cannot_be_used_is_refused_in_words(pattern: str) -> None:
    assert pattern_problem(pattern)
    assert pattern_problem("refund|money back") is None


# --- folding


@pytest.mark.parametrize(
    "count, usual, expected",
    [
        (9, None, False),
        (10, None, True),
        (11, None, True),
        (10, 50.0, True),
        (4, 0.0, False),
        (5, 0.1, True),
        (7, 1.5, False),
        (8, 1.5, True),
    ],
)
def test_ten_alerts_or_five_times_the_usual_are_a_flood(count: int, usual: float | None, expected: bool) -> None:
    assert flooded(count, usual) is expected


def test_one_message_goes_out_alone_and_ten_go_out_as_one() -> None:
    assert fold(waiting=1, sent=(), limit=15, now=NOON) == Fold()
    assert fold(waiting=9, sent=(), limit=15, now=NOON) == Fold()
    assert fold(waiting=10, sent=(), limit=15, now=NOON) == Fold(fold=True)
    assert fold(waiting=3, sent=(), limit=15, now=NOON, flood=True) == Fold(fold=True)
    assert fold(waiting=1, sent=(), limit=15, now=NOON, flood=True) == Fold()


def test_messages_older_than_the_window_do_not_count() -> None:
    sent = [NOON - 10 * MINUTE - timedelta(seconds=number) for number in range(50)]

    assert fold(waiting=1, sent=sent, limit=6, now=NOON) == Fold()


def test_a_full_channel_waits_until_a_place_is_free_and_says_why() -> None:
    sent = [NOON - timedelta(seconds=30 * number) for number in range(1, 6)]

    verdict = fold(waiting=4, sent=sent, limit=6, now=NOON)

    assert verdict.hold_until == NOON - timedelta(seconds=150) + 10 * MINUTE
    assert verdict.why


def test_the_last_place_is_kept_for_a_critical_one() -> None:
    sent = [NOON - timedelta(seconds=30 * number) for number in range(1, 6)]

    assert fold(waiting=1, sent=sent, limit=6, now=NOON, critical=True) == Fold()
    assert fold(waiting=1, sent=[*sent, NOON], limit=6, now=NOON, critical=True).hold_until is not None


@pytest.mark.parametrize("limit", [1, 2, 6, 15])
@given(bursts=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 40)), max_size=60), critical=st.booleans())
def test_no_flood_gets_more_than_the_limit_through_in_ten_minutes_and_nothing_waits_for_ever(
    limit: int, bursts: list[tuple[int, int]], critical: bool
) -> None:
    now, sent, waiting, delivered, came = NOON, [], 0, 0, 0
    for seconds, count in [*bursts, *[(60, 0)] * 45]:
        now += timedelta(seconds=seconds)
        waiting += count
        came += count
        while waiting:
            verdict = fold(waiting=waiting, sent=sent, limit=limit, now=now, critical=critical)
            if verdict.hold_until is not None:
                assert verdict.hold_until > now
                break
            taken = waiting if verdict.fold else 1
            waiting, delivered = waiting - taken, delivered + taken
            sent.append(now)

    assert all(sum(moment <= other < moment + 10 * MINUTE for other in sent) <= limit for moment in sent)
    assert (waiting, delivered) == (0, came)


def test_the_usual_rate_follows_slowly() -> None:
    assert usual_rate(None, 2, 20 * MINUTE) == pytest.approx(1)
    assert usual_rate(1.0, 0, 7 * DAY) == pytest.approx(0.5)
    assert usual_rate(1.0, 100, MINUTE) < 1.1
    assert usual_rate(1.0, 5, timedelta(0)) == 1.0


# --- trying again


def test_waits_double_from_five_seconds_to_ninety() -> None:
    waits = [next_try(attempts, NOON) - NOON for attempts in range(1, 8)]  # type: ignore[operator]

    assert [wait.total_seconds() for wait in waits] == [5, 10, 20, 40, 80, 90, 90]


@given(st.integers(0, 6_719), st.floats(0, 1))
def test_every_wait_lies_between_five_and_ninety_seconds(attempts: int, chance: float) -> None:
    again = next_try(attempts, NOON, chance=chance)

    assert again is not None
    assert timedelta(seconds=5) <= again - NOON <= timedelta(seconds=90)


def test_a_channel_that_names_its_own_time_is_believed_unless_that_is_sooner() -> None:
    assert next_try(1, NOON, HOUR) == NOON + HOUR
    assert next_try(6, NOON, timedelta(seconds=1)) == NOON + timedelta(seconds=90)


def test_after_a_week_of_tries_one_gives_up() -> None:
    assert next_try(6_719, NOON) is not None
    assert next_try(6_720, NOON) is None


def test_a_source_is_looked_at_again_in_its_time_and_sooner_after_a_failure() -> None:
    assert next_poll(HOUR, NOON, chance=0) == NOON + HOUR
    assert next_poll(HOUR, NOON, chance=1) == NOON + 57 * MINUTE
    waits = [(next_poll(HOUR, NOON, failures) - NOON) / MINUTE for failures in range(1, 7)]
    assert waits == [5, 10, 20, 40, 60, 60]
    assert [(next_poll(2 * MINUTE, NOON, failures) - NOON) / MINUTE for failures in (1, 2, 5, 9)] == [2, 4, 30, 30]


def test_a_site_is_never_asked_faster_than_it_allows_nor_before_the_time_it_named() -> None:
    assert next_poll(MINUTE, NOON, chance=1, fastest=MINUTE) == NOON + MINUTE
    assert next_poll(6 * HOUR, NOON, 1, fastest=3 * HOUR) >= NOON + 3 * HOUR
    assert next_poll(HOUR, NOON, 1, 4 * HOUR) == NOON + 4 * HOUR
    assert next_poll(HOUR, NOON, 0, MINUTE, chance=0) == NOON + HOUR


# --- health


GOOD_LOOK, EMPTY_LOOK, SAME = LookOutcome(True, 3), LookOutcome(True, 0), LookOutcome(True, 0, not_modified=True)
FAILED = LookOutcome(False)


def course(*looks: tuple[timedelta, LookOutcome], history: list[LookOutcome] | None = None) -> list[Reason | None]:
    before, now, past, told = HealthBefore(), NOON, list(history or []), []
    for after, outcome in looks:
        now += after
        verdict = health(before, outcome, past[-20:], now)
        told.append(verdict.tell)
        past.append(outcome)
        before = HealthBefore(verdict.health, verdict.failures, verdict.failing_since, verdict.told_at)
    return told


def test_three_failed_looks_over_half_an_hour_are_one_alarm_and_the_next_good_one_one_all_clear() -> None:
    looks = [(10 * MINUTE, FAILED)] * 3 + [
        (10 * MINUTE, FAILED),
        (10 * MINUTE, FAILED),
        (MINUTE, GOOD_LOOK),
        (MINUTE, GOOD_LOOK),
    ]

    assert course(*looks) == [None, None, None, Reason.SOURCE_BROKEN, None, Reason.RECOVERED, None]


@pytest.mark.parametrize(
    "times, broken",
    [
        ((0, 15, 29), False),
        ((0, 15, 30), True),
        ((0, 31), False),
        ((0, 400), False),
        ((0, 1, 2, 3, 29), False),
        ((0, 1, 2, 3, 30), True),
    ],
)
def test_both_the_number_of_failures_and_the_half_hour_count(times: tuple[int, ...], broken: bool) -> None:
    gaps = [times[0], *(later - earlier for earlier, later in itertools.pairwise(times))]

    told = course(*[(gap * MINUTE, FAILED) for gap in gaps])

    assert told == [None] * (len(times) - 1) + [Reason.SOURCE_BROKEN if broken else None]


def test_a_good_look_between_starts_the_count_anew() -> None:
    looks = [
        (20 * MINUTE, FAILED),
        (20 * MINUTE, FAILED),
        (MINUTE, GOOD_LOOK),
        (20 * MINUTE, FAILED),
        (20 * MINUTE, FAILED),
    ]

    assert course(*looks) == [None] * 5


def test_a_broken_source_is_remembered_once_a_day() -> None:
    looks = [(HOUR, FAILED)] * 60

    told = course(*looks)

    assert [at for at, reason in enumerate(told) if reason] == [2, 26, 50]
    assert told[26] is told[50] is Reason.STILL_BROKEN


def test_ended_access_is_told_at_once_and_only_once() -> None:
    ended = LookOutcome(False, reconnect=True)

    assert course((MINUTE, ended), (HOUR, ended), (HOUR, FAILED), (HOUR, GOOD_LOOK)) == [
        Reason.SOURCE_BROKEN,
        None,
        None,
        Reason.RECOVERED,
    ]
    assert health(HealthBefore(), ended, (), NOON).health is Health.PAUSED


def test_a_spent_budget_pauses_without_an_alarm() -> None:
    spent = LookOutcome(False, over_budget=True)

    assert health(HealthBefore(), spent, (), NOON).health is Health.PAUSED
    assert course((MINUTE, spent), (HOUR, spent), (HOUR, GOOD_LOOK)) == [None, None, None]


@pytest.mark.parametrize(
    "past, told",
    [
        ([GOOD_LOOK] * 19, None),
        ([GOOD_LOOK] * 20, Reason.SOURCE_BROKEN),
        ([GOOD_LOOK] * 18 + [SAME, FAILED], Reason.SOURCE_BROKEN),
        ([GOOD_LOOK] * 19 + [EMPTY_LOOK], None),
        ([FAILED] * 20, None),
        ([], None),
    ],
)
def test_nothing_where_the_last_twenty_looks_had_something_is_an_alarm(
    past: list[LookOutcome], told: Reason | None
) -> None:
    assert course((MINUTE, EMPTY_LOOK), history=past) == [told]


def test_an_empty_source_stays_empty_until_it_shows_something() -> None:
    told = course((MINUTE, EMPTY_LOOK), (HOUR, EMPTY_LOOK), (HOUR, SAME), (HOUR, GOOD_LOOK), history=[GOOD_LOOK] * 20)

    assert told == [Reason.SOURCE_BROKEN, None, None, Reason.RECOVERED]


def test_a_source_that_is_not_looked_at_is_remembered_too() -> None:
    told = HealthBefore(Health.PAUSED, 1, NOON, NOON)

    assert reminder(told, NOON + 23 * HOUR) is None
    assert reminder(told, NOON + 24 * HOUR) is Reason.STILL_BROKEN
    assert reminder(HealthBefore(Health.OK), NOON + 99 * DAY) is None


@given(st.lists(st.tuples(st.integers(1, 600), st.sampled_from([GOOD_LOOK, EMPTY_LOOK, SAME, FAILED])), max_size=80))
def test_alarm_reminders_and_all_clear_always_come_in_turn(looks: list[tuple[int, LookOutcome]]) -> None:
    told = course(*[(minutes * MINUTE, outcome) for minutes, outcome in looks])

    broken = False
    for reason in filter(None, told):
        assert (reason is Reason.SOURCE_BROKEN) != broken
        broken = reason is not Reason.RECOVERED
