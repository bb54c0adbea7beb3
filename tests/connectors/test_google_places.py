"""What is special about Google Places: totals first, five reviews, every call counted, nothing of Google's kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import Author, Connector, Outcome, Rating, Since, Subject
from tests.builders import NOON
from tests.connectors.cases.google_places import MAPS, PLACE, place, review
from tests.connectors.discovery import description, fields, is_described
from tests.connectors.kit import Answer, first_request, made, read, response_to


@pytest.fixture
def places() -> Connector[Any]:
    return made("google_places")


def test_a_review_is_read_in_its_own_words_and_under_your_own_name_for_the_place(places: Connector[Any]) -> None:
    translated = {"text": "Nobody said a word.", "languageCode": "en"}
    original = {"text": "Niemand sagte ein Wort.", "languageCode": "de"}

    [said] = read(places, Answer(place(review(text=translated, originalText=original)))).mentions

    assert (said.external_id, said.rating) == (f"places/{PLACE}/reviews/r1", Rating(1))
    assert (said.text, said.language) == ("Niemand sagte ein Wort.", "de")
    assert said.author == Author("Nia K.", url="https://www.google.com/maps/contrib/1/reviews")
    assert said.published_at == datetime(2026, 11, 23, 18, 11, 45, tzinfo=UTC)
    assert (said.subject, said.url) == (Subject(place="Quay Street"), "https://www.google.com/maps/reviews/r1")
    assert (said.reply, said.absent) == (None, frozenset({"reply"}))


def test_how_long_ago_it_was_changes_nothing(places: Connector[Any]) -> None:
    today, later = (
        read(places, Answer(place(review(relativePublishTimeDescription=ago)))) for ago in ("a day ago", "a week ago")
    )

    assert today == later


def test_stars_alone_are_a_review_and_without_a_link_of_its_own_it_leads_to_the_place(places: Connector[Any]) -> None:
    [said] = read(places, Answer(place(review(text=..., originalText=..., googleMapsUri=...)))).mentions

    assert (said.rating, said.text, said.url) == (Rating(1), "", MAPS)


def test_the_totals_are_told_for_each_place_and_one_without_reviews_has_no_average(places: Connector[Any]) -> None:
    [known] = read(places, Answer(place(review()))).totals
    [new] = read(places, Answer(place(rating=..., userRatingCount=..., reviews=...))).totals

    assert (known.count, known.average, known.subject) == (412, 4.4, "Quay Street")
    assert (new.count, new.average) == (0, None)


def test_each_place_is_one_call_with_a_mask_and_the_key_beside_it(places: Connector[Any]) -> None:
    both = made("google_places", places={PLACE: "Quay Street", f"{PLACE}2": "Mill Lane"})
    auth = places.auth()
    assert auth is not None

    asked = list(both.start(Since()))

    assert [request.url.rpartition("/")[2] for request in asked] == [PLACE, f"{PLACE}2"]
    assert [request.cost for request in asked] == [1_000_000] * 2
    assert "displayName" not in asked[0].headers["X-Goog-FieldMask"]
    assert auth.sign(asked[0], None, NOON).headers == {"X-Goog-Api-Key": "made-up-api-key"}


def test_a_wrong_key_is_told_from_a_wrong_place(places: Connector[Any]) -> None:
    asked = first_request(places)
    reason = {"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}}

    key = places.refused(response_to(asked, Answer(reason, 400)))
    unknown = places.refused(response_to(asked, Answer({"error": {"code": 404, "status": "NOT_FOUND"}}, 404)))

    assert key is not None
    assert unknown is not None
    assert (key.outcome, unknown.outcome) == (Outcome.RECONNECT, Outcome.FAILED)
    assert f"the place {PLACE}" in unknown.why


def test_a_place_is_asked_and_read_as_described(places: Connector[Any]) -> None:
    described = description("google_places", "discovery_places*", "places.v1.json")

    assert is_described(first_request(places), described, "places.places.get")
    assert set(review()) <= fields(described, "GoogleMapsPlacesV1Review")
    assert set(review()["authorAttribution"]) <= fields(described, "GoogleMapsPlacesV1AuthorAttribution")
    assert {"text", "languageCode"} <= fields(described, "GoogleTypeLocalizedText")
