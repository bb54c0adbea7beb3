"""What is special about YouTube: threads and replies, views, searches, counted units, errors that are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import (
    Audience,
    Author,
    Brand,
    Connector,
    Kind,
    Mention,
    Outcome,
    Page,
    Request,
    Response,
    Since,
    Subject,
    UsageError,
)
from tests.builders import NOON
from tests.connectors.cases.youtube import (
    API,
    CHANNEL,
    OURS,
    UNIT,
    VIDEO,
    alone,
    comment,
    error,
    hit,
    page,
    reply,
    said,
    thread,
    video,
)
from tests.connectors.kit import Answer, class_of, first_request, made, read, response_to

WATCH = f"https://www.youtube.com/watch?v={VIDEO}"
SINCE = Since(datetime(2026, 11, 24, 8, 10, tzinfo=UTC))


@pytest.fixture
def channel() -> Connector[Any]:
    return made("youtube")


@pytest.fixture
def chosen() -> Connector[Any]:
    return made("youtube", channels=[], videos=[VIDEO])


@pytest.fixture
def search() -> Connector[Any]:
    return made("youtube", channels=[], terms=["Acme Coffee"])


def known(external_id: str, kind: Kind = Kind.COMMENT, url: str | None = None, thread_id: str | None = None) -> Mention:
    """Return a mention as it is stored."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("title", "author", "published_at", "updated_at", "rating", "language", "audience", "reply"), None
    )
    return Mention(
        external_id, kind, "text", 4, subject=Subject(), answer_url=None, thread_id=thread_id, parent_id=None,
        same_as=None, content_hash="h", url=url, **nothing,
    )  # fmt: skip


def only(requests: Any) -> Request:
    """Return the one request there is."""
    [request] = requests
    assert isinstance(request, Request)
    return request


# --- comments ------------------------------------------------------------------------------------


def test_a_comment_is_read_whole() -> None:
    changed = thread(updatedAt="2026-11-25T07:00:00.000Z")

    [told] = read(made("youtube", product="Grinder"), Answer(page(changed))).mentions

    assert (told.external_id, told.kind, told.text) == (
        "Ug1",
        Kind.COMMENT,
        "It broke after a week, and nobody answers.",
    )
    assert told.author == Author("@nia77", "UCniiiiiiiiiiiiiiiiiiiii")
    assert told.published_at == datetime(2026, 11, 24, 8, 1, tzinfo=UTC)
    assert told.updated_at == datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    assert told.url == told.answer_url == f"{WATCH}&lc=Ug1"
    assert (told.thread_id, told.parent_id, told.subject.product) == ("Ug1", None, "Grinder")
    assert (told.rating, told.audience) == (None, None)


def test_a_deleted_account_has_no_id(channel: Connector[Any]) -> None:
    [told] = read(channel, Answer(page(thread(authorChannelId=..., authorDisplayName="")))).mentions

    assert told.author == Author("", None)


def test_a_comment_without_a_video_has_no_link(channel: Connector[Any]) -> None:
    [told] = read(channel, Answer(page(thread(videoId=...)))).mentions

    assert (told.url, told.external_id) == (None, "Ug1")


def test_replies_belong_to_their_thread(channel: Connector[Any]) -> None:
    top, below = read(channel, Answer(page(thread(1, reply(2))))).mentions

    assert (below.external_id, below.thread_id, below.parent_id) == ("Ug1.2", top.external_id, top.external_id)
    assert below.url == f"{WATCH}&lc=Ug1.2"


def test_what_is_asked_of_a_channel_is_its_newest_threads_as_plain_text(channel: Connector[Any]) -> None:
    request = only(channel.start(Since()))

    assert request.url == f"{API}/commentThreads"
    assert request.params == {
        "part": "snippet,replies",
        "allThreadsRelatedToChannelId": CHANNEL,
        "order": "time",
        "maxResults": 100,
        "textFormat": "plainText",
    }


def test_replies_that_did_not_come_with_their_thread_are_asked_for(channel: Connector[Any]) -> None:
    shown = page(thread(1, *(reply(number) for number in range(2, 7)), count=9), thread(0, reply(7, 0)))

    request = only(read(channel, Answer(shown)).follow)

    assert request.url == f"{API}/comments"
    assert (request.params["parentId"], request.params["maxResults"]) == ("Ug1", 100)
    more = read(channel, Answer(page(reply(8, videoId=...), token="R2")), request)
    assert [one.url for one in more.mentions] == [f"{WATCH}&lc=Ug1.8"]
    assert only(more.follow).params == {**request.params, "pageToken": "R2"}


def test_between_two_walks_old_threads_are_not_asked_for_more(channel: Connector[Any]) -> None:
    request = only(channel.start(SINCE))

    found = read(channel, Answer(page(thread(11, count=9), thread(9, count=9))), request)

    assert only(found.follow).params["parentId"] == "Ug11"


def test_a_look_goes_on_until_a_page_reaches_behind_what_is_known(channel: Connector[Any]) -> None:
    request = only(channel.start(SINCE))

    within = read(channel, Answer(page(thread(12), thread(11), token="P2")), request)
    behind = read(channel, Answer(page(thread(12), thread(9), token="P2")), request)

    assert only(within.follow).params == {**request.params, "pageToken": "P2"}
    assert behind.follow == ()


def test_a_walk_over_everything_goes_on_to_the_end(channel: Connector[Any]) -> None:
    request = first_request(channel)

    assert only(read(channel, Answer(page(thread(1), token="P2")), request).follow).params["pageToken"] == "P2"
    assert read(channel, Answer(page(thread(1))), request).follow == ()


# --- videos --------------------------------------------------------------------------------------


def test_a_chosen_video_is_asked_for_its_views_and_its_comments_carry_them(chosen: Connector[Any]) -> None:
    request = only(chosen.start(Since()))

    found = read(chosen, Answer(page(video())), request)
    [told] = read(chosen, Answer(page(thread())), only(found.follow)).mentions

    assert (request.url, request.params) == (f"{API}/videos", {"part": "snippet,statistics", "id": VIDEO})
    assert found.mentions == ()
    assert only(found.follow).params["videoId"] == VIDEO
    assert "searchTerms" not in only(found.follow).params
    assert told.audience == Audience(48_213, "views")


def test_views_that_are_hidden_are_unknown_and_not_zero(chosen: Connector[Any]) -> None:
    found = read(chosen, Answer(page(video(statistics={"likeCount": "1"}))), first_request(chosen))

    [told] = read(chosen, Answer(page(thread())), only(found.follow)).mentions

    assert told.audience is None


def test_a_chosen_video_that_youtube_does_not_show_is_named(chosen: Connector[Any]) -> None:
    found = read(chosen, Answer(page()), first_request(chosen))

    assert [problem.what for problem in found.problems] == [f"YouTube shows no video {VIDEO}: compare `videos`"]


def test_fifty_videos_are_asked_for_at_once() -> None:
    many = made("youtube", channels=[], videos=[f"vid-{number:07}" for number in range(120)])

    requests = list(many.start(Since()))

    assert [len(request.params["id"].split(",")) for request in requests if isinstance(request, Request)] == [
        50,
        50,
        20,
    ]


# --- searches ------------------------------------------------------------------------------------


def test_a_search_asks_for_the_newest_videos_and_costs_a_hundred(search: Connector[Any]) -> None:
    request = only(search.start(SINCE))

    assert request.url == f"{API}/search"
    assert request.params == {
        "part": "snippet",
        "type": "video",
        "q": "Acme Coffee",
        "order": "date",
        "maxResults": 50,
    }
    assert request.cost == 100 * UNIT


def test_videos_that_are_found_are_mentions_and_searched_for_comments_where_they_name_the_term(
    search: Connector[Any],
) -> None:
    other = video("vid-_000002", snippet={**video()["snippet"], "title": "My week", "description": "Coffee and more"})

    asked = only(read(search, Answer(page(hit(), hit("vid-_000002"))), first_request(search)).follow)
    found = read(search, Answer(page(video(), other)), asked)

    assert asked.params["id"] == f"{VIDEO},vid-_000002"
    told = found.mentions[0]
    assert (told.external_id, told.kind, told.title) == (VIDEO, Kind.POST, "Acme Coffee grinder: an honest test")
    assert (told.author, told.audience) == (Author("Kitchen Talk", "UCr" + "r" * 21), Audience(48_213, "views"))
    assert told.url == WATCH
    assert len(found.mentions) == 2  # whether they name a brand is for the matcher to say
    assert only(found.follow).params["videoId"] == VIDEO
    assert only(found.follow).params["searchTerms"] == "Acme Coffee"


def test_a_search_without_finds_asks_for_nothing_more(search: Connector[Any]) -> None:
    assert read(search, Answer(page()), first_request(search)) == Page()


def test_without_terms_the_terms_of_the_brands_are_searched_once_each() -> None:
    kind = class_of("youtube")
    brands = (Brand("acme", ("Acme Coffee", "@acmecoffee")), Brand("beta", ("Acme Coffee",)))

    requests = list(kind(kind.Config(api_key="k"), brands).start(Since()))

    assert [request.params["q"] for request in requests if isinstance(request, Request)] == [
        "Acme Coffee",
        "acmecoffee",
    ]


def test_without_anything_to_look_for_it_says_so() -> None:
    kind = class_of("youtube")

    with pytest.raises(UsageError, match="`channels`, `videos`, `terms` or a brand"):
        list(kind(kind.Config(api_key="k")).start(Since()))


def test_only_a_search_is_matched_against_the_brands(channel: Connector[Any], search: Connector[Any]) -> None:
    assert (channel.searches, search.searches) == (False, True)


# --- re-checks -----------------------------------------------------------------------------------


def test_what_is_known_is_asked_for_fifty_at_once_and_its_threads_for_our_answers(channel: Connector[Any]) -> None:
    comments = [known(f"Ug{number}", url=f"{WATCH}&lc=Ug{number}", thread_id="Ug0") for number in range(60)]

    some, rest, posts, replies = channel.recheck([*comments, known(VIDEO, Kind.POST, WATCH)])

    assert isinstance(some, Request)
    assert isinstance(rest, Request)
    assert isinstance(posts, Request)
    assert isinstance(replies, Request)
    assert [len(one.params["id"].split(",")) for one in (some, rest, posts)] == [50, 10, 1]
    assert posts.url == f"{API}/videos"
    assert len(list(channel.reread([*comments, known(VIDEO, Kind.POST, WATCH)]))) == 3, "no replies are sought"
    assert replies.params["parentId"] == "Ug0"
    answer = read(channel, Answer(page(reply(2, 0, videoId=..., authorChannelId={"value": OURS}))), replies)
    assert [one.url for one in answer.mentions] == [f"{WATCH}&lc=Ug0.2"]


def test_without_an_account_of_ours_no_answers_are_asked_for() -> None:
    kind = class_of("youtube")
    channel = kind(kind.Config(api_key="k", channels=[CHANNEL]), (Brand("acme", ("Acme",)),))

    assert channel.sees_answers == "no"
    assert len(list(channel.recheck([known("Ug1", url=WATCH, thread_id="Ug1")]))) == 1


def test_what_a_list_lacks_is_asked_for_alone_before_it_counts_as_gone(channel: Connector[Any]) -> None:
    request, *_ = channel.recheck(
        [known("Ug1", url="https://old.example/1"), known("Ug2", url="https://old.example/2")]
    )

    first = read(channel, Answer(page(comment(1, videoId=...))), request)  # type: ignore[arg-type]  # no mailbox here
    last = read(channel, Answer(page()), only(first.follow))
    again = read(channel, Answer(page(comment(2))), only(first.follow))

    assert [(one.external_id, one.url) for one in first.mentions] == [("Ug1", "https://old.example/1")]
    assert first.gone == ()
    assert only(first.follow).params["id"] == "Ug2"
    assert (last.gone, last.follow) == (("Ug2",), ())
    assert (again.gone, [one.external_id for one in again.mentions]) == ((), ["Ug2"])


def test_an_unreadable_comment_is_not_gone(channel: Connector[Any]) -> None:
    request, *_ = channel.recheck([known("Ug1"), known("Ug2")])

    found = read(channel, Answer(page(comment(1), comment(2, textDisplay=...))), request)  # type: ignore[arg-type]

    assert found.gone == ()
    assert len(found.problems) == 1


def test_every_request_is_counted(channel: Connector[Any], chosen: Connector[Any]) -> None:
    asked = [first_request(channel), first_request(chosen), *channel.recheck([known("Ug1", thread_id="Ug1")])]

    assert [request.cost for request in asked] == [UNIT] * 4


# --- errors --------------------------------------------------------------------------------------


def refusal(connector: Connector[Any], body: Any, status: int, request: Request | None = None) -> Any:
    found = connector.refused(response_to(request or first_request(connector), Answer(body, status)))
    assert found is not None
    return found


def test_comments_that_are_off_are_no_error(channel: Connector[Any]) -> None:
    assert refusal(channel, error("commentsDisabled"), 403).outcome is Outcome.NOTHING


@pytest.mark.parametrize("reason", ["videoNotFound", "forbidden"])
def test_a_found_video_that_is_not_shown_any_more_is_no_error_but_a_chosen_one_is(
    reason: str, search: Connector[Any], channel: Connector[Any]
) -> None:
    asked = only(read(search, Answer(page(hit())), first_request(search)).follow)
    found = only(read(search, Answer(page(video())), asked).follow)

    assert refusal(search, error(reason), 403, found).outcome is Outcome.NOTHING
    assert refusal(channel, error(reason), 403).outcome is Outcome.FAILED


def test_a_channel_that_is_not_there_is_a_mistake_that_is_named(channel: Connector[Any]) -> None:
    told = refusal(channel, error("channelNotFound", 404), 404)

    assert (told.outcome, "compare `channels`" in told.why) == (Outcome.FAILED, True)


@pytest.mark.parametrize(
    ("now", "rest"),
    [
        (datetime(2026, 11, 24, 7, 59, tzinfo=UTC), timedelta(minutes=1)),  # 23:59 in California, winter
        (datetime(2026, 7, 24, 8, 0, tzinfo=UTC), timedelta(hours=23)),  # 01:00 there, summer
        (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), timedelta(hours=23, minutes=30)),  # the night the clocks go back
    ],
)
def test_a_spent_quota_ends_with_the_day_in_california(channel: Connector[Any], now: datetime, rest: timedelta) -> None:
    answer = Answer(error("quotaExceeded"), 403)
    response = Response(first_request(channel), 403, (), answer.bytes(), now)

    told = channel.refused(response)

    assert told is not None
    assert (told.outcome, told.wait) == (Outcome.OVER_BUDGET, rest)


@pytest.mark.parametrize(
    ("reason", "status", "outcome"),
    [
        ("rateLimitExceeded", 403, Outcome.THROTTLED),
        ("userRateLimitExceeded", 429, Outcome.THROTTLED),
        ("keyInvalid", 400, Outcome.RECONNECT),
        ("accessNotConfigured", 403, Outcome.RECONNECT),
        ("processingFailure", 400, Outcome.FAILED),
        ("backendError", 500, Outcome.FAILED),
    ],
)
def test_google_says_by_its_reason_what_is_meant(
    channel: Connector[Any], reason: str, status: int, outcome: Outcome
) -> None:
    assert refusal(channel, error(reason, status), status).outcome is outcome


def test_a_service_that_is_away_is_not_taken_for_a_lost_key(channel: Connector[Any]) -> None:
    away = {"error": {"code": 403, "status": "PERMISSION_DENIED", "details": [{"reason": "SERVICE_UNAVAILABLE"}]}}

    assert refusal(channel, away, 403).outcome is Outcome.FAILED


def test_what_a_comment_says_of_reasons_is_no_error(channel: Connector[Any]) -> None:
    words = page(thread(textDisplay='"reason": "quotaExceeded"'))

    assert channel.refused(response_to(first_request(channel), Answer(words))) is None


def test_the_key_goes_into_the_question_in_the_moment_of_asking(channel: Connector[Any]) -> None:
    auth = channel.auth()
    assert auth is not None

    assert auth.sign(alone("Ug1"), None, NOON).params == {"key": "made-up-api-key"}
    assert said()["authorChannelId"]["value"] != OURS
