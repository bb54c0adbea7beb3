"""What is special about Google Business Profile: stars in words, places of accounts, translations, notifications."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import (
    Author,
    Connector,
    FetchError,
    Mention,
    Outcome,
    Page,
    Rating,
    Reply,
    ReplyState,
    Request,
    Since,
    SiteTotal,
    UsageError,
)
from monitor.connector.auth import RefreshToken
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.google_business_profile import (
    GOOD,
    LIST,
    MAPS,
    MILL,
    QUAY,
    REFRESH,
    SECRETS,
    TITLE,
    listed,
    page,
    place,
    review,
)
from tests.connectors.discovery import description, fields, is_described
from tests.connectors.kit import Answer, first_request, made, read, response_to

NAME = "google_business_profile"
TOPIC = "projects/acme/subscriptions/reviews"
WRITTEN = datetime(2026, 11, 20, 10, 47, 32, tzinfo=UTC)


@pytest.fixture
def google() -> Connector[Any]:
    return made(NAME)


def known(*names: str, had: bool = True) -> Since:
    """Return what a later look is given: places, and that they had reviews."""
    bookmark: dict[str, Any] = {name: {"title": TITLE, "maps": MAPS} for name in names}
    return Since(NOON, bookmark | {f"{name}/reviews": True for name in names if had})


def stored(**changes: Any) -> Mention:
    """Return a review as it is kept."""
    [raw] = read(made(NAME), listed(review(**changes))).mentions
    return normalise(raw, connector=NAME, brands=(), now=NOON)


def text_of(comment: str | None) -> str:
    [said] = read(made(NAME), listed(review(comment=comment))).mentions
    return said.text


# --- a review ------------------------------------------------------------------------------------


def test_a_review_is_read_whole(google: Connector[Any]) -> None:
    answer = "https://business.google.com/reply/31"
    [said] = read(google, listed(review(updateTime="2026-11-21T08:00:00Z", reviewReplyUrl=answer))).mentions

    assert said.external_id == f"{QUAY}/reviews/AbFv31"
    assert (said.text, said.author) == ("Waited 40 minutes for two coffees.", Author("Nia K"))
    assert (said.rating, said.subject.place) == (Rating(1), TITLE)
    assert (said.url, said.answer_url) == (MAPS, answer)
    assert said.published_at is not None
    assert said.published_at.replace(microsecond=0) == WRITTEN
    assert said.updated_at == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert said.reply is None


@pytest.mark.parametrize(
    ("word", "stars"), [("ONE", 1), ("TWO", 2), ("THREE", 3), ("FOUR", 4), ("FIVE", 5), ("STAR_RATING_UNSPECIFIED", 0)]
)
def test_stars_are_words(word: str, stars: int, google: Connector[Any]) -> None:
    [said] = read(google, listed(review(starRating=word))).mentions

    assert said.rating == (Rating(stars) if stars else None)


def test_stars_without_words_are_a_review(google: Connector[Any]) -> None:
    [said] = read(google, listed(review(comment=None))).mentions

    assert (said.text, said.rating) == ("", Rating(1))


def test_who_wants_no_name_has_none(google: Connector[Any]) -> None:
    hidden = {"displayName": "A Google user", "isAnonymous": True}

    [said] = read(google, listed(review(reviewer=hidden))).mentions

    assert said.author is None


@pytest.mark.parametrize(
    "comment",
    [
        "(Translated by Google) Very slow.\n\n(Original)\nSehr langsam.\nNie wieder.",
        "Sehr langsam.\nNie wieder.\n\n(Translated by Google)\nVery slow.\nNever again.",
        "(Traducido por Google) Muy lento.\n\n(Original)\nSehr langsam.\nNie wieder.",
        "Sehr langsam.\nNie wieder.",
    ],
)
def test_only_what_the_customer_wrote_is_kept_so_that_a_translation_is_no_edit(comment: str) -> None:
    assert text_of(comment) == "Sehr langsam.\nNie wieder."


@pytest.mark.parametrize(
    "comment", ["Found you (on Google Maps) and got mould.", "(Google it) and see.", "(Google)", "Bad\n\n(really)\nBad"]
)
def test_a_customers_own_brackets_cut_nothing_off(comment: str) -> None:
    assert text_of(comment) == comment


def test_a_translation_is_found_quickly_in_any_text() -> None:
    for odd in ("(" * 50_000, "(Google)" + "\n\n(" * 20_000, "\n" * 50_000):
        assert text_of(odd) == odd


@pytest.mark.parametrize(
    ("word", "state"),
    [
        (None, ReplyState.VISIBLE),
        ("REVIEW_REPLY_STATE_UNSPECIFIED", ReplyState.VISIBLE),
        ("APPROVED", ReplyState.VISIBLE),
        ("PENDING", ReplyState.PENDING),
        ("REJECTED", ReplyState.REJECTED),
        ("SOMETHING_NEW", ReplyState.PENDING),
    ],
)
def test_an_answer_counts_once_the_public_can_see_it(word: str | None, state: ReplyState) -> None:
    answer = {"comment": "Sorry, Nia.", "updateTime": "2026-11-22T09:00:00Z", "policyViolation": "SPAM"}
    answer |= {"reviewReplyState": word} if word else {}

    [said] = read(made(NAME), listed(review(reviewReply=answer))).mentions

    assert said.reply == Reply("Sorry, Nia.", state, datetime(2026, 11, 22, 9, tzinfo=UTC))


def test_each_place_has_its_own_total(google: Connector[Any]) -> None:
    assert read(google, listed(*GOOD)).totals == (SiteTotal(412, 4.4, subject=TITLE),)
    assert read(google, Answer({"reviews": [review()]}, to=LIST)).totals == ()


# --- which places --------------------------------------------------------------------------------


def walked(subject: Connector[Any], accounts: list[Any], places: dict[str, Any]) -> list[Page]:
    """Return the pages of the way to the places; `places` by account, each a list of pages."""
    left = {name: list(pages) for name, pages in places.items()}
    pages, queue = [], [first_request(subject)]
    while queue:
        asked = queue.pop(0)
        kind = asked.context["list"]
        if kind == "accounts":
            body = accounts.pop(0)
        elif kind == "places":
            body = left[asked.url.split("/v1/")[1].removesuffix("/locations")].pop(0)
        else:
            continue
        pages.append(read(subject, Answer(body), asked))
        queue += pages[-1].follow
    return pages


def lists_asked(pages: list[Page]) -> list[str]:
    return [
        request.url.split("/v4/")[1]
        for one in pages
        for request in one.follow
        if isinstance(request, Request) and request.context["list"] == "reviews"
    ]


ACCOUNTS = [
    {"accounts": [{"name": "accounts/10"}, {"name": "accounts/11"}], "nextPageToken": "a2"},
    {"accounts": [{"name": "accounts/12"}]},
]
PLACES = {
    "accounts/10": [{}],
    "accounts/11": [{"locations": [place(21)], "nextPageToken": "p2"}, {"locations": [place(22)]}],
    "accounts/12": [{"locations": [place(22), place(23)]}],
}


def test_every_place_of_every_account_is_read_and_none_twice(google: Connector[Any]) -> None:
    pages = walked(google, list(ACCOUNTS), PLACES)

    wanted = [f"{QUAY}/reviews", f"{MILL}/reviews", "accounts/12/locations/23/reviews"]
    assert lists_asked(pages) == wanted
    assert [name for one in pages for name in one.bookmark or ()] == [name.removesuffix("/reviews") for name in wanted]


def test_only_the_places_that_were_named_are_read() -> None:
    pages = walked(made(NAME, places=["22"]), list(ACCOUNTS), PLACES)

    assert lists_asked(pages) == [f"{MILL}/reviews"]


def test_a_place_that_is_not_there_is_told_by_its_number() -> None:
    with pytest.raises(FetchError, match="has no place 99: compare `places`"):
        walked(made(NAME, places=["99"]), list(ACCOUNTS), PLACES)


def test_an_account_without_a_business_is_an_error(google: Connector[Any]) -> None:
    with pytest.raises(FetchError, match="manages no business"):
        read(google, Answer({}))


def test_shops_of_one_chain_are_told_apart_by_their_street(google: Connector[Any]) -> None:
    pages = walked(google, list(ACCOUNTS), PLACES)
    titles = [kept["title"] for one in pages for kept in (one.bookmark or {}).values()]

    assert titles == [f"Acme Coffee, {number} Quay Street, Bristol" for number in (21, 22, 23)]


def test_a_place_without_an_address_has_its_name(google: Connector[Any]) -> None:
    bare = {"accounts/11": [{"locations": [{"name": "locations/21", "title": "Acme Vans"}]}]}

    [_, found] = walked(google, [{"accounts": [{"name": "accounts/11"}]}], bare)

    assert found.bookmark == {QUAY: {"title": "Acme Vans", "maps": None}}


def test_a_later_look_asks_each_known_place_once(google: Connector[Any]) -> None:
    asked = list(google.start(known(QUAY, MILL)))

    assert [request.url.split("/v4/")[1] for request in asked] == [f"{QUAY}/reviews", f"{MILL}/reviews"]
    assert {request.params["orderBy"] for request in asked} == {"updateTime desc"}


def test_a_walk_over_all_looks_for_new_places_and_still_asks_the_old_ones(google: Connector[Any]) -> None:
    asked = list(google.start(Since(None, known(QUAY).bookmark)))

    assert [request.context["list"] for request in asked] == ["accounts", "reviews"]


def test_a_place_whose_reviews_all_vanish_is_an_error_and_a_new_one_without_any_is_none(google: Connector[Any]) -> None:
    [had] = google.start(known(QUAY))
    [new] = google.start(known(QUAY, had=False))

    assert read(google, Answer({}), new) == Page()
    with pytest.raises(FetchError, match="shows no reviews of Acme Coffee, 21 Quay Street"):
        read(google, Answer({}), had)


def test_that_a_place_has_reviews_is_remembered(google: Connector[Any]) -> None:
    kept = read(google, listed(*GOOD)).bookmark

    assert kept == {f"{QUAY}/reviews": True}


def test_the_page_after_the_last_may_be_empty(google: Connector[Any]) -> None:
    [had] = google.start(known(QUAY))
    [further] = read(google, Answer(page(*GOOD, token="t2")), had).follow

    assert isinstance(further, Request)
    assert further.params["pageToken"] == "t2"
    assert read(google, Answer({}), further) == Page()


# --- what is no answer ---------------------------------------------------------------------------


def refusal(status: int, body: Any = b"", to: Request | None = None) -> tuple[Outcome, str]:
    subject = made(NAME)
    found = subject.refused(response_to(to or first_request(subject), Answer(body, status)))
    assert found is not None
    return found.outcome, found.why


def test_a_project_without_approval_is_told_as_such() -> None:
    error = {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "… or it is disabled. Enable it …"}}

    outcome, why = refusal(403, error, LIST)

    assert outcome == Outcome.RECONNECT
    assert "not approved yet" in why


@pytest.mark.parametrize("status", [403, 404])
def test_one_place_that_is_shut_is_named_and_stops_no_other(status: int) -> None:
    outcome, why = refusal(status, to=LIST)

    assert outcome == Outcome.FAILED
    assert TITLE in why
    assert "`places`" in why


def test_a_review_that_is_not_found_once_is_not_deleted(google: Connector[Any]) -> None:
    [asked] = google.recheck([stored()])

    assert isinstance(asked, Request)
    assert refusal(404, to=asked)[0] == Outcome.NOTHING


# --- open cases and answers ----------------------------------------------------------------------


def test_an_open_review_is_asked_for_by_its_name_and_keeps_its_place(google: Connector[Any]) -> None:
    [asked] = google.recheck([stored()])
    assert isinstance(asked, Request)
    answer = {"comment": "Sorry.", "updateTime": "2026-12-01T09:00:00Z"}

    [said] = read(google, Answer(review(reviewReply=answer)), asked).mentions

    assert asked.url == f"https://mybusiness.googleapis.com/v4/{QUAY}/reviews/AbFv31"
    assert (said.subject.place, said.url) == (TITLE, MAPS)
    assert said.reply is not None
    assert said.updated_at == stored().updated_at  # an answer does not move it


def test_an_answer_is_put_below_its_review_and_is_not_yet_visible(google: Connector[Any]) -> None:
    asked = google.reply(stored(), "Sorry, Nia.")
    said = google.replied(response_to(asked, Answer({"comment": "Sorry, Nia.", "updateTime": "2026-12-01T09:00:00Z"})))

    assert (asked.method, asked.json) == ("PUT", {"comment": "Sorry, Nia."})
    assert asked.url.endswith(f"{QUAY}/reviews/AbFv31/reply")
    assert (said.text, said.state) == ("Sorry, Nia.", ReplyState.PENDING)


def test_an_answer_may_have_4096_bytes_not_letters(google: Connector[Any]) -> None:
    google.reply(stored(), "ä" * 2048)

    with pytest.raises(UsageError, match="4098 bytes"):
        google.reply(stored(), "ä" * 2049)


# --- notifications -------------------------------------------------------------------------------


def message(number: int, **notice: str) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(notice).encode()).decode()
    return {"ackId": f"ack{number}", "message": {"data": data, "messageId": str(number)}}


@pytest.fixture
def listening() -> Connector[Any]:
    return made(NAME, subscription=TOPIC)


def test_with_a_subscription_a_look_asks_only_what_google_announces(listening: Connector[Any]) -> None:
    [pull] = listening.start(known(QUAY, MILL))
    news = [
        message(1, review_name=f"{MILL}/reviews/AbFv90", location_name=MILL),
        message(2, review_name=f"{MILL}/reviews/AbFv91", location_name=MILL),
        {"ackId": "ack3", "message": {"attributes": {"location_name": "accounts/11/locations/99"}}},
    ]

    [mill, taken] = read(listening, Answer({"receivedMessages": news}), pull).follow

    assert isinstance(mill, Request)
    assert isinstance(taken, Request)
    assert pull.url == f"https://pubsub.googleapis.com/v1/{TOPIC}:pull"
    assert mill.url.endswith(f"/v4/{MILL}/reviews")
    assert taken.json == {"ackIds": ["ack1", "ack2", "ack3"]}
    assert read(listening, Answer({}), taken) == Page()


def test_nothing_announced_is_nothing_to_ask(listening: Connector[Any]) -> None:
    [pull] = listening.start(known(QUAY))

    assert read(listening, Answer({}), pull) == Page()


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ({}, "NEW_REVIEW and UPDATED_REVIEW"),
        ({"pubsubTopic": "projects/acme/topics/r", "notificationTypes": ["NEW_REVIEW"]}, "UPDATED_REVIEW"),
        ({"notificationTypes": ["NEW_REVIEW", "UPDATED_REVIEW"]}, "anything"),
    ],
)
def test_an_account_that_announces_no_reviews_is_an_error(
    setting: dict[str, Any], why: str, listening: Connector[Any]
) -> None:
    with pytest.raises(FetchError, match=f"accounts/11 does not announce {why}:"):
        read(listening, Answer(setting), notices(listening))


def test_an_account_that_announces_its_reviews_is_fine(listening: Connector[Any]) -> None:
    setting = {"pubsubTopic": "projects/acme/topics/r", "notificationTypes": ["NEW_REVIEW", "UPDATED_REVIEW"]}

    assert read(listening, Answer(setting), notices(listening)) == Page()


def notices(subject: Connector[Any]) -> Request:
    """Return the question for the notifications of an account."""
    pages = walked(subject, [{"accounts": [{"name": "accounts/11"}]}], {"accounts/11": [{"locations": [place()]}]})
    [asked] = [one for one in pages[-1].follow if isinstance(one, Request) and one.context["list"] == "notices"]
    return asked


# --- access --------------------------------------------------------------------------------------


def test_the_access_is_renewed_with_what_a_person_allowed_once(google: Connector[Any]) -> None:
    auth = google.auth()
    assert isinstance(auth, RefreshToken)
    signed = auth.renew(None, NOON)

    assert signed is not None
    assert signed.form == {"refresh_token": REFRESH, "client_secret": SECRETS["client_secret"]}  # type: ignore[union-attr]
    assert auth.consent is not None
    assert auth.consent.scope == "https://www.googleapis.com/auth/business.manage"
    assert auth.consent.params["access_type"] == "offline"


def test_notifications_want_a_permission_of_their_own(listening: Connector[Any]) -> None:
    auth = listening.auth()

    assert isinstance(auth, RefreshToken)
    assert auth.consent is not None
    assert auth.consent.scope.split() == [
        "https://www.googleapis.com/auth/business.manage",
        "https://www.googleapis.com/auth/pubsub",
    ]


def test_three_hundred_questions_a_minute_are_not_exceeded(google: Connector[Any]) -> None:
    assert google.limits.gap >= timedelta(minutes=1) / 300


# --- against Google's own descriptions -----------------------------------------------------------


def test_the_notifications_are_asked_and_read_as_described(listening: Connector[Any]) -> None:
    described = description(NAME, "discovery_mybusinessnotifications*", "mybusinessnotifications.v1.json")
    kinds = described["schemas"]["NotificationSetting"]["properties"]["notificationTypes"]["items"]["enum"]

    assert is_described(notices(listening), described, "mybusinessnotifications.accounts.getNotificationSetting")
    assert {"pubsubTopic", "notificationTypes"} <= fields(described, "NotificationSetting")
    assert {"NEW_REVIEW", "UPDATED_REVIEW"} <= set(kinds)


def test_accounts_and_places_are_asked_and_read_as_described(google: Connector[Any]) -> None:
    accounts = description(NAME, "discovery_mybusinessaccount*", "mybusinessaccountmanagement.v1.json")
    places = description(NAME, "discovery_mybusinessbusinessinfo*", "mybusinessbusinessinformation.v1.json")
    pages = walked(google, list(ACCOUNTS), PLACES)
    asked = [one for one in (first_request(google), *(one for page in pages for one in page.follow))]
    by_kind = {one.context["list"]: one for one in asked if isinstance(one, Request)}

    assert is_described(by_kind["accounts"], accounts, "mybusinessaccountmanagement.accounts.list")
    assert is_described(by_kind["places"], places, "mybusinessbusinessinformation.accounts.locations.list")
    assert {"accounts", "nextPageToken"} <= fields(accounts, "ListAccountsResponse")
    assert {"locations", "nextPageToken"} <= fields(places, "ListLocationsResponse")
    assert set(by_kind["places"].params["readMask"].split(",")) <= fields(places, "Location")
    assert {"addressLines", "locality"} <= fields(places, "Location", "storefrontAddress")
    assert "mapsUri" in fields(places, "Location", "metadata")


def test_messages_are_pulled_and_taken_as_described(listening: Connector[Any]) -> None:
    described = description(NAME, "discovery_pubsub*", "pubsub.v1.json")
    [pull] = listening.start(known(QUAY))
    [taken] = read(listening, Answer({"receivedMessages": [message(1)]}), pull).follow

    assert isinstance(taken, Request)
    assert is_described(pull, described, "pubsub.projects.subscriptions.pull")
    assert is_described(taken, described, "pubsub.projects.subscriptions.acknowledge")
    assert "receivedMessages" in fields(described, "PullResponse")
    assert {"ackId", "message"} <= fields(described, "ReceivedMessage")
    assert {"data", "attributes"} <= fields(described, "PubsubMessage")
