"""A post on Slack says why, in the order in which people ask: the stars, what is wrong, the worst sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.pipeline.conftest import Watch
from tests.town import Town, review

Begin = Callable[..., Watch]
LATER = "2026-11-24T09:01:00+00:00"
COMPLAINT = (
    "The room was lovely. Waited 40 minutes for two coffees and the tea was horrible, horrible. "
    "Nobody apologised, what an awful, dreadful, pathetic evening."
)


@pytest.mark.parametrize("scorer", ["reviews", "stars-vader"])
def test_a_post_on_slack_gives_its_reasons_in_order_with_the_words(town: Town, watch_here: Begin, scorer: str) -> None:
    town.site.shows("quay", review(1))
    monitor = watch_here(monitor=f'scorer = "{scorer}"')
    monitor.look()
    town.site.publishes("quay", review(2, stars=2, text=COMPLAINT, created=LATER))

    monitor.look(minutes=2)

    _, why = town.slack.texts()[-1].replace('\\"', '"').split("Why: ")
    places = [why.index(words) for words in ("2 stars; ", 'waiting ("Waited 40 minutes"); ', 'worst sentence ("Nobody')]
    assert places == sorted(places)
    assert places[0] == 0
