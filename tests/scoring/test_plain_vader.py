"""The plain mode: VADER's own cut-off, stars first, English only."""

from __future__ import annotations

import pytest

from monitor import scoring
from monitor.models import Label, Level, Rating, Scorable
from monitor.scoring.vader import Vader

SCORER = scoring.scorer("vader")


@pytest.mark.parametrize(
    "text",
    [
        "The waiter was rude and the food was horrible.",
        "I love this place and the coffee is great.",
        "The shop moved to another street last week.",
        "My lawyer will write to you about the refund",
        "It was not good, but it was not the worst either.",
    ],
)
def test_the_alert_level_is_the_usual_cut_off(text: str) -> None:
    [result] = SCORER.score([Scorable(text)])

    assert (result.level is Level.ALERT) == (Vader().polarity(text).compound <= -0.05)
    assert (result.level is Level.ALERT) == (result.label is Label.BAD) == ((result.badness or 0) >= 0.5)
    assert (result.scorer, result.topics, result.dangers) == ("vader/2", (), ())


def test_stars_still_come_first_and_other_languages_are_not_read() -> None:
    low, german = SCORER.score(
        [Scorable("Lovely place, thank you", Rating(1)), Scorable("Die Bedienung war sehr langsam und das Essen kalt.")]
    )

    assert low.level is Level.ALERT
    assert (german.badness, german.label) == (None, Label.UNKNOWN)
