"""The life of a case: what people do, what the site shows, and what neither may do to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cases import RESOLUTIONS, CaseValue, Event, EventKind, Refused, apply, clock_runs, problems
from monitor.models import CaseState, Severity
from tests.builders import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = NOON + HOUR


def event(kind: str, who: str | None = None, **rest: Any) -> Event:
    return Event(EventKind(kind), rest.pop("at", LATER), who, **rest)


def after(*events: Event) -> CaseValue:
    """The case after these events, none of them refused."""
    case: CaseValue | None = None
    for one in (event("opened", at=NOON, severity=Severity.HIGH, team="front", due_at=NOON + 4 * HOUR), *events):
        result = apply(case, one)
        assert isinstance(result, CaseValue), result
        case = result
    assert case is not None
    return case


def refused(*events: Event) -> Refused:
    """Why the last of these events is refused."""
    result = apply(after(*events[:-1]), events[-1])
    assert isinstance(result, Refused), result
    return result


CLAIMED = event("claimed", "ana")
SEEN = event("answer_seen")
SAID = event("answered_elsewhere", "ana")
PENDING = event("answer_pending")
SNOOZED = event("snoozed", "ana", until=LATER + HOUR)
CLOSED = event("closed", "ana", resolution="apology")


# --- people


def test_a_case_opens_with_nobody_and_a_time_to_answer_by() -> None:
    assert after() == CaseValue(CaseState.OPEN, Severity.HIGH, NOON, "front", due_at=NOON + 4 * HOUR)


def test_of_two_who_claim_the_first_has_it_and_the_second_is_told_who() -> None:
    case = after(CLAIMED)

    assert (case.state, case.assignee, case.claimed_at) == (CaseState.CLAIMED, "ana", LATER)
    assert refused(CLAIMED, event("claimed", "ben")) == Refused("ana has it", "ana")


def test_claiming_twice_changes_nothing() -> None:
    assert after(CLAIMED, event("claimed", "ana", at=LATER + HOUR)) == after(CLAIMED)


def test_a_case_can_be_given_to_somebody_and_given_back() -> None:
    given_to = after(CLAIMED, event("assigned", "ana", to="ben", at=LATER + HOUR))
    back = after(CLAIMED, event("released", "ana"))

    assert (given_to.assignee, given_to.state, given_to.claimed_at) == ("ben", CaseState.CLAIMED, LATER + HOUR)
    assert (back.assignee, back.state, back.claimed_at) == (None, CaseState.OPEN, None)


def test_a_snoozed_case_wakes_at_its_time_to_whoever_had_it() -> None:
    asleep = after(CLAIMED, SNOOZED)

    assert (asleep.state, asleep.snoozed_until, asleep.assignee) == (CaseState.SNOOZED, LATER + HOUR, "ana")
    assert after(CLAIMED, SNOOZED, event("woke", at=LATER + HOUR)).state is CaseState.CLAIMED
    assert after(SNOOZED, event("woke", at=LATER + HOUR)).state is CaseState.OPEN
    assert after(SNOOZED, event("claimed", "ben")).state is CaseState.CLAIMED


def test_a_timer_that_is_out_of_date_wakes_nobody() -> None:
    longer = event("snoozed", "ana", until=LATER + 5 * HOUR)

    assert "longer" in refused(SNOOZED, longer, event("woke", at=LATER + HOUR)).why
    assert "not put off" in refused(event("woke")).why


@pytest.mark.parametrize("until", [None, LATER, NOON])
def test_putting_off_needs_a_time_that_is_to_come(until: Any) -> None:
    assert "later than now" in refused(event("snoozed", "ana", until=until)).why


def test_saying_that_one_has_answered_takes_the_case() -> None:
    case = after(SAID)

    assert (case.state, case.assignee, case.answered_at) == (CaseState.ANSWERED, "ana", LATER)
    assert case.answer_seen_at is None
    assert after(CLAIMED, event("answered_elsewhere", "ben")).assignee == "ana"


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_closing_says_how_it_was_made_right(resolution: str) -> None:
    case = after(CLAIMED, event("closed", "ana", resolution=resolution))

    assert (case.state, case.resolution, case.closed_at) == (CaseState.CLOSED, resolution, LATER)


@pytest.mark.parametrize("resolution", [None, "", "whatever", "unverified", "deleted"])
def test_closing_without_saying_how_is_refused(resolution: str | None) -> None:
    assert "how it was made right" in refused(event("closed", "ana", resolution=resolution)).why


def test_a_closed_case_can_be_opened_again_and_stays_with_whoever_had_it() -> None:
    case = after(CLAIMED, CLOSED, event("reopened", "ben", due_at=NOON + 9 * HOUR))

    assert (case.state, case.assignee, case.due_at) == (CaseState.CLAIMED, "ana", NOON + 9 * HOUR)
    assert (case.closed_at, case.resolution) == (None, None)


@pytest.mark.parametrize("kind", [event("noted", "ana"), event("edited_better")])
@pytest.mark.parametrize("before", [(), (CLAIMED,), (SNOOZED,), (SEEN,), (CLOSED,)])
def test_a_note_or_a_win_back_changes_nothing_of_the_state(kind: Event, before: tuple[Event, ...]) -> None:
    assert after(*before, kind) == after(*before)


@pytest.mark.parametrize(
    "events",
    [
        (event("opened"),),
        (CLOSED, CLAIMED),
        (SEEN, CLAIMED),
        (CLOSED, event("assigned", "ana", to="ben")),
        (event("assigned", "ana"),),
        (event("claimed"),),
        (event("released"),),
        (SEEN, SNOOZED),
        (CLOSED, SNOOZED),
        (CLOSED, SAID),
        (CLOSED, CLOSED),
        (event("reopened"),),
        (event("answer_gone"),),
        (SAID, event("answer_gone")),
        (SEEN, PENDING),
        (CLOSED, PENDING),
        (SEEN, event("unverified")),
        (event("deleted"), event("deleted")),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_and_changes_nothing(events: tuple[Event, ...]) -> None:
    assert len(refused(*events).why) > 10


def test_without_a_case_everything_but_opening_is_refused() -> None:
    assert all(isinstance(apply(None, Event(kind, NOON)), Refused) for kind in EventKind if kind != "opened")


# --- evidence


@pytest.mark.parametrize("before", [(), (CLAIMED,), (SNOOZED,), (SAID,), (PENDING,), (event("edited_worse"),)])
def test_an_answer_the_site_shows_stops_the_clock_whoever_gave_it(before: tuple[Event, ...]) -> None:
    case = after(*before, SEEN)

    assert (case.state, case.answer_seen_at) == (CaseState.ANSWERED, LATER)
    assert not clock_runs(case)


def test_an_answer_was_given_when_the_site_says_it_was() -> None:
    given_at = LATER - 20 * MINUTE

    assert after(event("answer_seen", published_at=given_at)).answered_at == given_at
    assert after(event("answer_seen", published_at=LATER + HOUR)).answered_at == LATER
    assert after(SAID, event("answer_seen", at=LATER + HOUR)).answered_at == LATER


def test_an_answer_older_than_the_edit_no_longer_fits() -> None:
    old = event("answer_seen", published_at=NOON, edited_at=NOON + MINUTE)
    fresh = event("answer_seen", published_at=NOON + MINUTE, edited_at=NOON)

    assert "older than the edit" in refused(event("edited_worse"), old).why
    assert after(event("edited_worse"), fresh).state is CaseState.ANSWERED


def test_pending_is_not_visible() -> None:
    case = after(CLAIMED, PENDING)

    assert (case.state, case.answered_at, case.answer_seen_at) == (CaseState.CLAIMED, LATER, None)
    assert clock_runs(case)


@pytest.mark.parametrize("before", [(SEEN,), (CLAIMED, SEEN), (CLAIMED, SEEN, CLOSED), (CLAIMED, PENDING)])
def test_an_answer_that_vanishes_opens_the_case_again(before: tuple[Event, ...]) -> None:
    case = after(*before, event("answer_gone", due_at=NOON + 9 * HOUR))

    assert case.state is (CaseState.CLAIMED if case.assignee else CaseState.OPEN)
    assert (case.answered_at, case.answer_seen_at, case.closed_at) == (None, None, None)
    assert case.due_at == NOON + 9 * HOUR
    assert clock_runs(case)


def test_an_answer_that_went_with_its_review_opens_nothing() -> None:
    assert "went with the review" in refused(SEEN, event("deleted"), event("answer_gone")).why


@pytest.mark.parametrize("before", [(), (CLAIMED,), (SNOOZED,), (SEEN,), (CLAIMED, CLOSED), (event("deleted"),)])
def test_a_review_that_gets_worse_opens_the_case_whatever_it_was(before: tuple[Event, ...]) -> None:
    case = after(*before, event("edited_worse", severity=Severity.CRITICAL, due_at=NOON + 9 * HOUR))

    assert case.state in (CaseState.OPEN, CaseState.CLAIMED)
    assert (case.severity, case.due_at, case.snoozed_until) == (Severity.CRITICAL, NOON + 9 * HOUR, None)


def test_a_case_never_becomes_less_severe() -> None:
    assert after(event("edited_worse", severity=Severity.LOW)).severity is Severity.HIGH
    assert after(event("edited_worse")).severity is Severity.HIGH


def test_what_nobody_can_verify_is_counted_apart_until_proof_comes() -> None:
    unverified = after(SAID, event("unverified"))

    assert (unverified.state, unverified.resolution) == (CaseState.CLOSED, "unverified")
    assert after(SAID, event("unverified"), SEEN).resolution == "answered"


def test_proof_that_comes_after_closing_is_kept_and_closes_nothing_anew() -> None:
    case = after(CLAIMED, CLOSED, SEEN)

    assert (case.state, case.resolution, case.answer_seen_at) == (CaseState.CLOSED, "apology", LATER)


@pytest.mark.parametrize("sees, runs", [("yes", True), ("late", True), ("no", False)])
def test_the_word_of_staff_stops_the_clock_only_where_the_site_shows_no_answers(sees: Any, runs: bool) -> None:
    assert clock_runs(after(SAID), sees) is runs


# --- any history


_EVENTS = st.builds(
    Event,
    kind=st.sampled_from(EventKind),
    at=st.integers(0, 500).map(lambda minutes: NOON + minutes * MINUTE),
    who=st.sampled_from([None, "ana", "ben"]),
    to=st.sampled_from([None, "ana", "ben"]),
    until=st.one_of(st.none(), st.integers(0, 900).map(lambda minutes: NOON + minutes * MINUTE)),
    resolution=st.sampled_from([None, "apology", "refund", "nonsense"]),
    severity=st.sampled_from([None, *Severity]),
    due_at=st.one_of(st.none(), st.just(NOON + 9 * HOUR)),
    published_at=st.one_of(st.none(), st.integers(0, 500).map(lambda minutes: NOON + minutes * MINUTE)),
    edited_at=st.one_of(st.none(), st.integers(0, 500).map(lambda minutes: NOON + minutes * MINUTE)),
)


def _check(history: list[Event]) -> None:
    case: CaseValue | None = None
    for one in history:
        result = apply(case, one)
        if isinstance(result, Refused):
            assert result.why
            continue
        assert problems(result) == []
        assert apply(case, one) == result
        if case is not None:
            assert result.opened_at == case.opened_at
            assert result.severity.rank <= case.severity.rank
        case = result


@given(st.lists(_EVENTS, max_size=30).map(lambda events: [event("opened", at=NOON), *events]))
@settings(max_examples=250)
def test_any_history_ends_in_a_case_without_contradictions(history: list[Event]) -> None:
    _check(history)


@pytest.mark.slow
@given(st.lists(_EVENTS, max_size=60).map(lambda events: [event("opened", at=NOON), *events]))
@settings(max_examples=10_000)
def test_ten_thousand_histories_end_in_a_case_without_contradictions(history: list[Event]) -> None:
    _check(history)


@given(st.lists(_EVENTS, max_size=20), st.sampled_from([EventKind.ANSWER_SEEN, EventKind.EDITED_WORSE]))
@settings(max_examples=120)
def test_what_the_site_shows_last_decides(history: list[Event], last: EventKind) -> None:
    case = after()
    for one in history:
        result = apply(case, one)
        case = result if isinstance(result, CaseValue) else case

    result = apply(case, Event(last, LATER))

    assert isinstance(result, CaseValue)
    if last is EventKind.EDITED_WORSE:
        assert clock_runs(result)
    else:
        assert not clock_runs(result)


def test_a_contradiction_is_named() -> None:
    broken = replace(after(), state=CaseState.CLAIMED)

    assert problems(broken) == ["a claimed case has somebody"]
