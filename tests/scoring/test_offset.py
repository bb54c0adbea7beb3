"""What staff have marked moves what alerts: only where words decide, and within bounds."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import Label, Level, Rating, Scorable, Score, Why
from monitor.scoring import reviews, scorer, stars_vader
from monitor.scoring.offset import (
    ALERT_AT,
    BOUND,
    LEAST_MARKS,
    WATCH_AT,
    Evidence,
    Offset,
    alerts_at,
    fitted,
    in_words,
    log_odds,
    moved,
)

DOWN, UP = Offset(-BOUND, 60), Offset(BOUND, 60)


def words(badness: float | None, **changes: Any) -> Score:
    """Return the score of an English post without stars."""
    levels = {True: (Level.ALERT, Label.BAD), False: (Level.QUIET, Label.NEUTRAL)}
    level, label = levels[(badness or 0) >= ALERT_AT]
    return Score(**{"badness": badness, "level": level, "label": label, "scorer": "x/1", "language": "en", **changes})


def marks(count: int, badness: float, *, bad: bool) -> list[Evidence]:
    """Return marks of posts of one badness."""
    return [Evidence(math.log(badness / (1 - badness)), bad is not (badness >= ALERT_AT), bad)] * count


@pytest.mark.parametrize("module", [stars_vader, reviews])
def test_the_levels_are_those_of_the_scorers(module: Any) -> None:
    assert (module.ALERT_AT, module.WATCH_AT) == (ALERT_AT, WATCH_AT)


# --- fitting


def test_fewer_than_fifty_marks_move_nothing() -> None:
    assert LEAST_MARKS == 50
    assert fitted(marks(49, 0.6, bad=False)) == Offset(0.0, 49)
    assert not fitted(marks(49, 0.6, bad=False)).in_use
    assert fitted(marks(50, 0.6, bad=False)).shift < 0


def test_the_shift_is_the_one_under_which_as_many_are_expected_bad_as_were() -> None:
    evidence = marks(500, 0.6, bad=False) + marks(500, 0.6, bad=True)

    # As likely bad as not is log-odds 0, and badness .6 stands at log(1.5).
    assert fitted(evidence).shift == pytest.approx(-math.log(1.5), abs=0.01)


def test_it_never_leaves_its_bounds() -> None:
    assert fitted(marks(900, 0.99, bad=False)).shift == pytest.approx(-BOUND)
    assert fitted(marks(900, 0.01, bad=True)).shift == pytest.approx(BOUND)


def test_right_marks_alone_move_nothing_and_beside_false_alarms_they_hold_it_back() -> None:
    assert fitted(marks(80, 0.6, bad=True)).shift == pytest.approx(0)
    assert fitted(marks(40, 0.9, bad=True) + marks(20, 0.2, bad=False)).shift == pytest.approx(0)

    alone = fitted(marks(60, 0.6, bad=False)).shift
    beside = fitted(marks(60, 0.6, bad=False) + marks(60, 0.6, bad=True)).shift
    assert alone < beside < 0


@given(
    st.lists(st.tuples(st.floats(0.001, 0.999), st.booleans()), min_size=LEAST_MARKS, max_size=80),
)
def test_any_marks_give_a_shift_within_bounds_that_does_not_depend_on_their_order(
    marked: list[tuple[float, bool]],
) -> None:
    evidence = [one for badness, bad in marked for one in marks(1, badness, bad=bad)]

    offset = fitted(evidence)

    assert -BOUND <= offset.shift <= BOUND
    assert fitted(evidence[::-1]).shift == pytest.approx(offset.shift, abs=0.002)


# --- moving


def test_what_would_just_alert_is_watched_after_false_alarms_and_says_why() -> None:
    result = moved(words(0.55, reasons=(Why("words", "words"),)), None, DOWN)

    assert result.badness == pytest.approx(0.3102, abs=0.0001)
    assert (result.level, result.label) == (Level.WATCH, Label.MIXED)
    assert [why.code for why in result.reasons] == ["words", "marks"]
    assert (
        result.reasons[-1].text
        == "counted as a little better than its words, after 60 marks of your staff on this source"
    )


def test_what_would_just_not_alert_does_after_missed_ones() -> None:
    result = moved(words(0.45), None, UP)

    assert result.badness == pytest.approx(0.6898, abs=0.0001)
    assert (result.level, result.label) == (Level.ALERT, Label.BAD)
    assert "a little worse than its words" in in_words(UP)


def test_what_stays_at_its_level_keeps_its_label() -> None:
    praise = words(0.02, label=Label.GOOD)

    assert moved(praise, None, UP).label is Label.GOOD
    assert moved(words(0.9), None, DOWN).label is Label.BAD


@pytest.mark.parametrize(
    "changes, level",
    [
        ({"badness": 0.4, "level": Level.WATCH}, Level.QUIET),
        ({"badness": 0.4, "level": Level.WATCH, "topics": ("waiting",)}, Level.WATCH),
        ({"badness": 0.4, "level": Level.WATCH, "reasons": (Why("sentence", "worst sentence"),)}, Level.WATCH),
        ({"badness": 0.4, "level": Level.WATCH, "reasons": (Why("complaint:fix", "fix"),)}, Level.WATCH),
        ({"badness": 0.3, "level": Level.WATCH}, Level.WATCH),  # it is watched for something else than its badness
        ({"badness": 0.51}, Level.WATCH),
    ],
)
def test_nothing_falls_out_of_sight_that_names_a_complaint_or_would_have_alerted(
    changes: dict[str, Any], level: Level
) -> None:
    assert moved(words(**changes), None, DOWN).level is level


ODD = Rating(9, 5, 1)  # does not fit its own scale, and counts as none


@pytest.mark.parametrize("stars", [1, 2, 4, 5])
@pytest.mark.parametrize("offset", [DOWN, UP])
@pytest.mark.parametrize("name", ["stars-vader", "reviews", "vader"])
@pytest.mark.parametrize(
    "text", ["", "Rude and slow, never again.", "Lovely place with great coffee.", "Das war kalt."]
)
def test_stars_decide_as_before(stars: float, offset: Offset, name: str, text: str) -> None:
    rating = Rating(stars)
    [score] = scorer(name).score([Scorable(text, rating)])

    assert moved(score, rating, offset) == score
    assert log_odds(score, rating) is None


@pytest.mark.parametrize("name", ["stars-vader", "reviews"])
@pytest.mark.parametrize(
    "text, stars",
    [
        ("I found glass in my soup and had to call an ambulance.", None),  # danger
        ("I found glass in my soup and had to call an ambulance.", 3),
        ("Das Essen war leider kalt und die Bedienung sehr unfreundlich zu uns.", None),  # not read as English
        ("Das Essen war leider kalt und die Bedienung sehr unfreundlich zu uns.", 3),
        ("Еда была холодной, официант грубил нам весь вечер", None),
        ("", 3),
        ("", None),
    ],
)
def test_danger_other_languages_and_what_has_no_words_stay_as_they_are(
    name: str, text: str, stars: float | None
) -> None:
    rating = None if stars is None else Rating(stars)
    [score] = scorer(name).score([Scorable(text, rating)])

    assert moved(score, rating, DOWN) == moved(score, rating, UP) == score


@pytest.mark.parametrize("rating", [None, ODD])
def test_three_stars_and_none_are_moved(rating: Rating | None) -> None:
    assert moved(words(0.55), rating, DOWN).level is Level.WATCH
    assert moved(words(0.55), Rating(3), DOWN).level is Level.WATCH
    assert moved(words(0.36, level=Level.WATCH), Rating(3), DOWN).level is Level.WATCH  # never quiet, with three stars


def test_an_offset_that_rests_on_too_few_marks_or_is_nothing_changes_nothing() -> None:
    score = words(0.55)

    assert moved(score, None, Offset(-1.0, 49)) is score
    assert moved(score, None, Offset(0.0, 500)) is score


# --- another threshold


def test_another_threshold_changes_only_what_words_decide() -> None:
    assert [alerts_at(words(0.6), None, line) for line in (0.35, 0.5, 0.65)] == [True, True, False]
    assert [alerts_at(words(0.4), None, line) for line in (0.35, 0.5, 0.65)] == [True, False, False]
    assert all(alerts_at(words(0.5), Rating(1), line) for line in (0.35, 0.5, 0.65))
    assert not any(alerts_at(words(0.49), Rating(5), line) for line in (0.35, 0.5, 0.65))
    assert all(alerts_at(words(0.5, dangers=("safety",)), None, line) for line in (0.35, 0.5, 0.65))
