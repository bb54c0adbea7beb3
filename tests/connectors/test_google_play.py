"""What is special about Google Play: a window of seven days, conversations, quotas, monthly files without ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import (
    Audience,
    Author,
    Connector,
    Mention,
    Outcome,
    Page,
    ParseError,
    Rating,
    RawMention,
    Reply,
    Request,
    Since,
    UsageError,
)
from monitor.connector.auth import ServiceAccount
from monitor.normalise import content_hash, normalise
from tests.builders import NOON
from tests.connectors.cases.google_play import APP, BUCKET, GOOD, WRITTEN, file, page, review, row, stamp
from tests.connectors.discovery import description, fields, is_described
from tests.connectors.kit import Answer, first_request, made, read, response_to

NAME = "google_play"
CHANGED = datetime.fromtimestamp(WRITTEN, UTC)
MONTH = f"reviews/reviews_{APP}_202611.csv"


@pytest.fixture
def play() -> Connector[Any]:
    return made(NAME, product="Acme Coffee")


@pytest.fixture
def both() -> Connector[Any]:
    return made(NAME, bucket=BUCKET)


def stored(raw: RawMention) -> Mention:
    return normalise(raw, connector=NAME, brands=(), now=NOON)


def seen(*reviews: Any) -> list[Mention]:
    """Return reviews as they are kept."""
    return [stored(raw) for raw in read(made(NAME), Answer(page(*reviews))).mentions]


def from_file(subject: Connector[Any], *rows: Any) -> Page:
    return read(subject, Answer(file(*rows), content_type="text/csv"), downloads(subject, entry())[0])


def entry(name: str = MONTH, generation: str = "1", size: str = "1000") -> dict[str, Any]:
    return {"name": name, "generation": generation, "size": size}


def listing(subject: Connector[Any], bookmark: Any = None) -> Request:
    [_, asked] = subject.start(Since(None, bookmark))
    assert isinstance(asked, Request)
    return asked


def downloads(subject: Connector[Any], *files: Any, bookmark: Any = None) -> list[Request]:
    found = read(subject, Answer({"items": list(files)}), listing(subject, bookmark)).follow
    return [asked for asked in found if isinstance(asked, Request)]


# --- a review ------------------------------------------------------------------------------------


def test_a_review_is_read_whole(play: Connector[Any]) -> None:
    [said] = read(play, Answer(page(review(text="Broken\tCrashes when I save.")))).mentions

    assert (said.external_id, said.title, said.text) == ("gp:AOqp1", "Broken", "Crashes when I save.")
    assert (said.rating, said.author, said.language) == (Rating(1), Author("Nia"), "en_US")
    assert said.published_at == said.updated_at == CHANGED + timedelta(seconds=1, milliseconds=525)
    assert said.audience == Audience(3, "helpful votes")
    assert (said.subject.product, said.subject.app_version) == ("Acme Coffee", "2.1")
    assert said.subject.device == "heroqltevzw (Galaxy S7)"
    assert said.reply is None


@pytest.mark.parametrize("text", ["Crashes.", "\tCrashes.", " \t Crashes. "])
def test_a_review_without_a_title_has_none(text: str, play: Connector[Any]) -> None:
    [said] = read(play, Answer(page(review(text=text)))).mentions

    assert (said.title, said.text) == (None, "Crashes.")


def test_what_may_be_absent_is_unknown(play: Connector[Any]) -> None:
    bare = {"appVersionName": None, "device": None, "deviceMetadata": None, "reviewerLanguage": None}
    item = review(**bare, thumbsUpCount=None)
    del item["authorName"]

    [said] = seen(item)

    assert (said.author, said.language, said.audience) == (None, None, None)
    assert (said.subject.app_version, said.subject.device) == (None, None)


def test_the_developers_answer_is_the_other_half_of_the_conversation_wherever_it_stands(play: Connector[Any]) -> None:
    item = review(answer="Mended in 2.2.")
    item["comments"].reverse()

    [said] = read(play, Answer(page(item))).mentions

    assert said.reply == Reply("Mended in 2.2.", published_at=CHANGED + timedelta(seconds=3601, milliseconds=525))


# --- the walk ------------------------------------------------------------------------------------


def test_a_look_goes_on_until_a_page_reaches_behind_what_is_known(play: Connector[Any]) -> None:
    [asked] = play.start(Since(CHANGED + timedelta(seconds=5)))

    before = read(play, Answer(page(review(9), review(6), token="more")), asked)
    behind = read(play, Answer(page(review(9), review(4), token="more")), asked)
    no_order = read(play, Answer(page(review(4), review(9), token="more")), asked)

    [further] = before.follow
    assert no_order.follow == before.follow
    assert isinstance(further, Request)
    assert further.params == {"maxResults": 100, "token": "more"}
    assert further.context == asked.context
    assert behind.follow == ()


def test_the_first_look_reads_the_whole_week(play: Connector[Any]) -> None:
    assert read(play, Answer(page(*GOOD, token="more"))).follow
    assert not read(play, Answer(page(*GOOD))).follow


def test_the_bucket_is_looked_into_on_walks_over_all_only(both: Connector[Any]) -> None:
    assert [asked.context["list"] for asked in both.start(Since())] == ["reviews", "files"]
    assert [asked.context["list"] for asked in both.start(Since(CHANGED))] == ["reviews"]


def test_open_cases_are_asked_for_in_one_walk_back_to_the_oldest_of_them(play: Connector[Any]) -> None:
    wanted = seen(review(7), review(3), review(5))

    [asked] = play.recheck(wanted)

    assert isinstance(asked, Request)
    assert asked.context["until"] == (CHANGED + timedelta(seconds=3, milliseconds=525)).isoformat()
    assert read(play, Answer(page(review(9), review(4), token="more")), asked).follow
    assert not read(play, Answer(page(review(3), review(2), token="more")), asked).follow


def test_stars_without_a_text_cannot_be_asked_for(both: Connector[Any]) -> None:
    [bare] = from_file(both, row(Review_Link="", Review_Text="")).mentions

    assert list(both.recheck([stored(bare)])) == []


# --- the monthly files ---------------------------------------------------------------------------


def test_a_file_shows_the_same_review_as_the_api(both: Connector[Any]) -> None:
    [api] = read(both, Answer(page(review()))).mentions

    [said] = from_file(both, row()).mentions

    assert said.external_id == api.external_id
    assert content_hash(said) == content_hash(api)
    assert (said.updated_at, said.url) == (api.updated_at, api.url)


def test_a_file_knows_when_a_review_was_first_written(both: Connector[Any]) -> None:
    [said] = from_file(both, row(Review_Submit_Millis_Since_Epoch="1464739558490")).mentions

    assert said.published_at == datetime(2016, 6, 1, 0, 5, 58, 490000, UTC)
    assert said.updated_at == CHANGED + timedelta(seconds=1, milliseconds=525)


def test_stars_without_a_text_have_a_key_that_stays(both: Connector[Any]) -> None:
    first = from_file(both, row(1, Review_Link="", Review_Text=""), row(2, Review_Link="", Review_Text=""))
    later = from_file(both, row(1, Review_Link="", Review_Text="", Star_Rating="5"))

    assert len({said.external_id for said in first.mentions}) == 2
    assert first.mentions[0].external_id == later.mentions[0].external_id == f"{APP} heroqltevzw {WRITTEN + 1}525"


@pytest.mark.parametrize(
    "link",
    [
        "https://play.google.com/apps/publish?account=9#ReviewDetailsPlace:p=com.acme.coffee&reviewid=gp:AOqp-_7",
        "https://play.google.com/console/developers/9/app/8/user-feedback/review-details?reviewId=gp%3AAOqp-_7&corpus=1",
    ],
)
def test_both_forms_of_the_link_hold_the_id_and_lead_to_the_answer(link: str, both: Connector[Any]) -> None:
    [said] = from_file(both, row(Review_Link=link)).mentions

    assert (said.external_id, said.answer_url) == ("gp:AOqp-_7", link)


def test_an_answer_that_a_file_lacks_is_not_gone(both: Connector[Any]) -> None:
    answer = {"Developer_Reply_Text": "Sorry.", "Developer_Reply_Millis_Since_Epoch": "1464774395041"}
    without, with_one = from_file(both, row(1), row(2, **answer)).mentions

    assert (without.reply, without.absent) == (None, frozenset({"reply"}))
    assert with_one.reply == Reply("Sorry.", published_at=datetime(2016, 6, 1, 9, 46, 35, 41000, UTC))
    assert with_one.absent == frozenset()


def test_words_with_commas_quotes_and_line_breaks_stay_whole(both: Connector[Any]) -> None:
    words = 'Slow, "very" slow.\nAnd ☕ cold.'

    [said] = from_file(both, row(Review_Text=words)).mentions

    assert said.text == words


def test_a_row_that_cannot_be_read_hides_no_other(both: Connector[Any]) -> None:
    found = from_file(both, row(1), row(2, Star_Rating="many"), row(3))

    assert [said.external_id for said in found.mentions] == ["gp:AOqp1", "gp:AOqp3"]
    assert len(found.problems) == 1


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", file()[:80], "Package,Stars\nx,1\n".encode("utf-16"), b"Package Name,Star Rating\nx,1\n"]
)
def test_a_file_of_another_shape_is_an_error(body: bytes, both: Connector[Any]) -> None:
    [asked] = downloads(both, entry())

    with pytest.raises(ParseError):
        read(both, Answer(body, content_type="text/csv"), asked)


def test_a_month_without_reviews_is_none(both: Connector[Any]) -> None:
    assert from_file(both).mentions == ()


def test_only_files_that_have_changed_are_read_again_the_newest_first(both: Connector[Any]) -> None:
    names = [f"reviews/reviews_{APP}_{month}.csv" for month in ("202609", "202610", "202611")]
    read_before = {names[0]: "1", names[1]: "1"}

    asked = downloads(both, *(entry(name, generation="2") for name in names[1:]), entry(names[0]), bookmark=read_before)

    assert [one.context["read"] for one in asked] == [{names[2]: "2"}, {names[1]: "2"}]
    assert from_file(both, row()).bookmark == {MONTH: "1"}


def test_the_files_of_another_app_are_not_read(both: Connector[Any]) -> None:
    other = f"reviews/reviews_{APP}_shop_202611.csv"

    assert downloads(both, entry(other), entry(f"{MONTH}.old")) == []


def test_a_file_goes_back_no_further_than_texts_are_kept(both: Connector[Any]) -> None:
    months = [f"{year}{month:02}" for year in (2023, 2024, 2025, 2026) for month in range(1, 13)]

    asked = downloads(both, *(entry(f"reviews/reviews_{APP}_{month}.csv") for month in months))

    assert len(asked) == 25
    assert next(iter(asked[-1].context["read"])).endswith("_202412.csv")


def test_a_file_that_is_too_large_is_named(both: Connector[Any]) -> None:
    found = read(both, Answer({"items": [entry(size="20000000")]}), listing(both))

    assert found.follow == ()
    assert [(problem.external_id, problem.what) for problem in found.problems] == [
        (MONTH, "a file of more than 10 MB, which I do not read")
    ]


def test_a_bucket_without_files_is_empty_and_none_is_asked_for_without_one(both: Connector[Any]) -> None:
    assert read(both, Answer({"kind": "storage#objects"}), listing(both)) == Page()
    assert len(list(made(NAME).start(Since()))) == 1


# --- what is no answer ---------------------------------------------------------------------------


def refusal(status: int, body: Any = b"", to: Request | None = None) -> tuple[Outcome, str]:
    subject = made(NAME, bucket=BUCKET)
    found = subject.refused(response_to(to or first_request(subject), Answer(body, status)))
    assert found is not None
    return found.outcome, found.why


@pytest.mark.parametrize("reason", ["quotaExceeded", "rateLimitExceeded"])
def test_a_quota_that_comes_as_403_is_a_wait_and_no_lost_access(reason: str) -> None:
    assert refusal(403, {"error": {"code": 403, "errors": [{"reason": reason}]}})[0] == Outcome.THROTTLED


def test_a_permission_that_lacks_says_where_it_is_given() -> None:
    outcome, why = refusal(403, {"error": {"message": "The current user has insufficient permissions"}})

    assert outcome == Outcome.RECONNECT
    assert "Play Console" in why


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_bucket_that_is_shut_does_not_stop_the_reviews(status: int, both: Connector[Any]) -> None:
    outcome, why = refusal(status, to=listing(both))

    assert outcome == Outcome.FAILED
    assert "bulk reports" in why


def test_an_app_that_is_not_there_is_named() -> None:
    assert f"knows no app {APP}" in refusal(404)[1]


# --- answers -------------------------------------------------------------------------------------


def test_an_answer_is_sent_as_plain_words_and_read_back(play: Connector[Any]) -> None:
    [mention] = seen(review())

    asked = play.reply(mention, "Mended in 2.2.")
    result = {"result": {"replyText": "Mended in 2.2.", "lastEdited": stamp(WRITTEN + 60, 0)}}

    assert (asked.method, asked.json) == ("POST", {"replyText": "Mended in 2.2."})
    assert asked.url.endswith(f"/applications/{APP}/reviews/gp:AOqp1:reply")
    said = play.replied(response_to(asked, Answer(result)))
    assert said == Reply("Mended in 2.2.", published_at=CHANGED + timedelta(seconds=60))
    assert play.reply_limit == 350


def test_stars_without_a_text_take_no_answer(both: Connector[Any]) -> None:
    [bare] = from_file(both, row(Review_Link="", Review_Text="")).mentions

    with pytest.raises(UsageError, match="without a text"):
        both.reply(stored(bare), "Thanks!")


def test_the_bucket_wants_a_permission_of_its_own(play: Connector[Any], both: Connector[Any]) -> None:
    narrow, wide = play.auth(), both.auth()

    assert isinstance(narrow, ServiceAccount)
    assert isinstance(wide, ServiceAccount)
    assert narrow.scope == "https://www.googleapis.com/auth/androidpublisher"
    assert wide.scope == f"{narrow.scope} https://www.googleapis.com/auth/devstorage.read_only"


# --- against Google's own descriptions -----------------------------------------------------------


def test_reviews_are_asked_answered_and_read_as_described(play: Connector[Any]) -> None:
    described = description(NAME, "discovery_androidpublisher*", "androidpublisher.v3.json")
    [further] = read(play, Answer(page(*GOOD, token="more"))).follow
    [mention] = seen(review())

    assert isinstance(further, Request)
    assert is_described(further, described, "androidpublisher.reviews.list")
    assert is_described(play.reply(mention, "Sorry."), described, "androidpublisher.reviews.reply")
    assert {"reviews", "pageInfo", "tokenPagination"} <= fields(described, "ReviewsListResponse")
    assert "nextPageToken" in fields(described, "TokenPagination")
    assert set(review()) <= fields(described, "Review")
    assert set(review()["comments"][0]["userComment"]) <= fields(described, "UserComment")
    assert set(review(answer="x")["comments"][1]["developerComment"]) <= fields(described, "DeveloperComment")
    assert "productName" in fields(described, "UserComment", "deviceMetadata")
    assert {"replyText", "lastEdited"} <= fields(described, "ReviewsReplyResponse", "result")
    assert set(stamp(1)) == fields(described, "Timestamp")


def test_files_are_listed_and_fetched_as_described(both: Connector[Any]) -> None:
    described = description(NAME, "discovery_storage*", "storage.v1.json")
    [asked] = downloads(both, entry())

    assert is_described(listing(both), described, "storage.objects.list")
    assert is_described(asked, described, "storage.objects.get")
    assert set(entry()) <= fields(described, "Object")
    assert "items" in fields(described, "Objects")
