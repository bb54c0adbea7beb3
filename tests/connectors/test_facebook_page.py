"""What is special about a Facebook Page: who answers whom, how far a walk goes, Meta's errors, and what is pushed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Audience, Author, Connector, Kind, Outcome, Page, Reply, Request, Since, SiteTotal
from monitor.errors import FetchError, ParseError, UsageError
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.facebook_page import (
    ACME,
    JO,
    NEXT,
    NIA,
    PAGE,
    SECRET,
    TOKEN,
    US,
    VISITOR,
    comment,
    edge,
    error,
    ours,
    post,
)
from tests.connectors.kit import Answer, first_request, made, read, response_to
from tests.samples import MISSING, samples_folder

GRAPH = "https://graph.facebook.com/v25.0"
OLDER = f"{GRAPH}/1000200030004_1/comments?access_token={TOKEN}&appsecret_proof=00&limit=50&after=a"


@pytest.fixture
def facebook() -> Connector[Any]:
    return made("facebook_page")


def when(minute: int) -> datetime:
    return datetime(2026, 11, 23, 9, tzinfo=UTC) + timedelta(minutes=minute)


def known(facebook: Connector[Any], *entries: Any) -> list[Any]:
    """Return what is read of some posts as it is stored."""
    found = read(facebook, Answer(edge(*entries))).mentions
    return [normalise(raw, connector="facebook_page", brands=(ACME,), now=NOON) for raw in found]


def begun(facebook: Connector[Any], since: Since) -> list[Request]:
    """Return the requests a walk begins with."""
    return [request for request in facebook.start(since) if isinstance(request, Request)]


def replies(page: Page) -> dict[str, str | None]:
    return {mention.external_id: mention.reply.text if mention.reply else None for mention in page.mentions}


# --- reading -------------------------------------------------------------------------------------


def test_a_comment_is_read_whole() -> None:
    facebook = made("facebook_page", place="Quay Street")

    [said] = read(facebook, Answer(edge(post(1, comment())))).mentions

    assert (said.external_id, said.kind, said.text) == ("1_11", Kind.COMMENT, "Waited forty minutes. (11)")
    assert said.author == Author("Nia", id="7001")
    assert said.published_at == when(11)
    assert said.url == said.answer_url == f"https://www.facebook.com/{PAGE}/posts/1/?comment_id=11"
    assert (said.thread_id, said.parent_id) == (f"{PAGE}_1", f"{PAGE}_1")
    assert (said.audience, said.subject.place) == (Audience(3, "likes"), "Quay Street")


def test_a_visitors_post_is_read_whole(facebook: Connector[Any]) -> None:
    [said] = read(facebook, Answer(edge(VISITOR))).mentions

    assert (said.external_id, said.kind, said.text) == (f"{PAGE}_2", Kind.POST, "Lovely place.")
    assert said.author == Author("Jo", id="7002")
    assert (said.thread_id, said.parent_id) == (f"{PAGE}_2", None)
    assert said.audience == Audience(12, "likes")


def test_a_reply_to_a_comment_names_it(facebook: Connector[Any]) -> None:
    below = comment(14, parent={"id": "1_11"})

    page = read(facebook, Answer(edge(post(1, below, comment()))))

    assert [mention.parent_id for mention in page.mentions] == ["1_11", f"{PAGE}_1"]


def test_a_photo_without_words_is_a_post_all_the_same(facebook: Connector[Any]) -> None:
    [said] = read(facebook, Answer(edge(post(2, by=JO, message=None)))).mentions

    assert said.text == ""


def test_an_author_that_facebook_hides_hides_no_comment(facebook: Connector[Any]) -> None:
    [said] = read(facebook, Answer(edge(post(1, comment(by=None))))).mentions

    assert said.author == Author()


def test_hidden_posts_and_comments_of_all_levels_are_asked_for(facebook: Connector[Any]) -> None:
    request = first_request(facebook)

    assert request.url == f"{GRAPH}/{PAGE}/feed"
    assert request.params["include_hidden"] == "true"
    assert "comments.filter(stream).order(reverse_chronological).limit(50){id,message" in request.params["fields"]


def test_posts_that_tag_the_page_can_be_left_out(facebook: Connector[Any]) -> None:
    paths = [request.url.removeprefix(GRAPH) for request in begun(facebook, Since(NOON))]
    fewer = [request.url.removeprefix(GRAPH) for request in begun(made("facebook_page", tags=False), Since(NOON))]

    assert paths == [f"/{PAGE}/feed", f"/{PAGE}/tagged"]
    assert fewer == [f"/{PAGE}/feed"]


def test_a_post_that_tags_the_page_says_nothing_of_answers(facebook: Connector[Any]) -> None:
    tagged = begun(facebook, Since())[1]

    [said] = read(facebook, Answer(edge({**VISITOR, "id": "555_9"})), tagged).mentions

    assert (said.external_id, said.absent) == ("555_9", frozenset({"reply"}))


def test_the_stars_of_the_page_are_asked_for_on_a_full_walk_only(facebook: Connector[Any]) -> None:
    stars = begun(facebook, Since())[-1]

    page = read(facebook, Answer({"overall_star_rating": 4.4, "rating_count": 87, "id": PAGE}), stars)
    without = read(facebook, Answer({"id": PAGE}), stars)

    assert stars.params == {"fields": "overall_star_rating,rating_count"}
    assert len(begun(facebook, Since(NOON))) == 2
    assert page.totals == (SiteTotal(87, 4.4),)
    assert without.totals == ()


# --- who answers whom ----------------------------------------------------------------------------


def test_what_the_page_says_below_a_comment_is_its_answer(facebook: Connector[Any]) -> None:
    page = read(facebook, Answer(edge(post(1, ours(25, message="And thanks."), ours(20), comment()))))

    [said] = page.mentions
    link = f"https://www.facebook.com/{PAGE}/posts/1/?comment_id=20"
    assert said.reply == Reply("We are sorry.", published_at=when(20), url=link)


def test_what_the_page_says_below_a_visitors_post_is_its_answer(facebook: Connector[Any]) -> None:
    visited = post(2, ours(20, below=2, parent=None), by=JO, message="Cold.")

    assert replies(read(facebook, Answer(edge(visited)))) == {f"{PAGE}_2": "We are sorry."}


def test_what_the_page_says_below_its_own_post_answers_nobody(facebook: Connector[Any]) -> None:
    page = read(facebook, Answer(edge(post(1, ours(parent=None), comment()))))

    assert replies(page) == {"1_11": None}


def test_whoever_the_page_tags_is_answered_with_what_they_said_last(facebook: Connector[Any]) -> None:
    jo = [comment(number, by=JO, parent={"id": "1_11"}) for number in (15, 13)]
    tagging = ours(20, message_tags=[{"id": JO["id"], "name": "Jo", "type": "user", "offset": 0, "length": 2}])

    page = read(facebook, Answer(edge(post(1, tagging, *jo, comment()))))

    assert replies(page) == {"1_15": "We are sorry.", "1_13": None, "1_11": None}


def test_below_a_comment_of_the_page_it_answers_who_spoke_last(facebook: Connector[Any]) -> None:
    first = ours(12, parent=None, message="Tell us more.")
    said = comment(13, parent={"id": "1_12"})

    page = read(facebook, Answer(edge(post(1, ours(20, parent={"id": "1_12"}), said, first))))

    assert replies(page) == {"1_13": "We are sorry."}


def test_accounts_of_the_brand_answer_like_the_page(facebook: Connector[Any]) -> None:
    sister = ours(20, by={"id": "1000200030009", "name": "Acme Roastery"})

    assert replies(read(facebook, Answer(edge(post(1, sister, comment()))))) == {"1_11": "We are sorry."}


def test_only_a_whole_thread_shows_that_there_is_no_answer(facebook: Connector[Any]) -> None:
    [whole] = read(facebook, Answer(edge(post(1, comment())))).mentions
    [part] = read(facebook, Answer(edge(post(1, comment(), more=OLDER)))).mentions

    assert (whole.absent, part.absent) == (frozenset(), frozenset({"reply"}))


def test_a_comment_by_itself_shows_answers_but_not_that_there_are_none(facebook: Connector[Any]) -> None:
    [request] = facebook.recheck(known(facebook, post(1, comment())))
    assert isinstance(request, Request)

    [answered] = read(facebook, Answer(comment(comments=edge(ours()))), request).mentions
    [open_still] = read(facebook, Answer(comment()), request).mentions

    assert answered.reply is not None
    assert answered.reply.text == "We are sorry."
    assert (open_still.reply, open_still.absent) == (None, frozenset({"reply"}))
    assert (answered.thread_id, answered.parent_id) == (f"{PAGE}_1", f"{PAGE}_1")


# --- how far a walk goes -------------------------------------------------------------------------


def test_the_next_page_is_asked_for_without_the_token_in_its_address(facebook: Connector[Any]) -> None:
    [further] = read(facebook, Answer(edge(post(1), more=NEXT))).follow

    assert isinstance(further, Request)
    assert further.url == f"{GRAPH}/{PAGE}/feed"
    assert further.params == {"limit": "25", "until": "1795400000", "__paging_token": "p"}


def test_a_walk_ends_behind_the_posts_of_thirty_days(facebook: Connector[Any]) -> None:
    request = first_request(facebook, Since(when(10)))

    assert read(facebook, Answer(edge(post(30), post(20), more=NEXT)), request).follow
    assert read(facebook, Answer(edge(post(30), post(5), more=NEXT)), request).follow == ()
    assert facebook.overlap == timedelta(days=30)


def test_posts_in_another_order_end_a_walk_only_when_all_of_them_are_older(facebook: Connector[Any]) -> None:
    request = first_request(facebook, Since(when(10)))

    assert read(facebook, Answer(edge(post(5), post(30), more=NEXT)), request).follow
    assert read(facebook, Answer(edge(post(5), post(7), more=NEXT)), request).follow == ()


def test_older_comments_are_asked_for_until_those_the_last_walk_has_read(facebook: Connector[Any]) -> None:
    mark = {"read_at": (when(50) + timedelta(hours=48)).isoformat()}
    later = first_request(facebook, Since(when(0), mark))
    fresh = edge(post(1, comment(59), comment(55), more=OLDER))
    read_before = edge(post(1, comment(59), comment(45), more=OLDER))
    upside_down = edge(post(1, comment(41), comment(45), more=OLDER))

    assert len(read(facebook, Answer(fresh), later).follow) == 1
    assert read(facebook, Answer(read_before), later).follow == ()
    assert len(read(facebook, Answer(upside_down), later).follow) == 1
    assert len(read(facebook, Answer(read_before)).follow) == 1  # the first walk reads all there is


def test_more_comments_of_a_post_belong_to_it(facebook: Connector[Any]) -> None:
    [further] = read(facebook, Answer(edge(post(1, comment(59), more=OLDER)))).follow

    page = read(facebook, Answer(edge(ours(20), comment(11), more=OLDER + "2")), further)

    [said] = page.mentions
    assert (said.thread_id, said.parent_id) == (f"{PAGE}_1", f"{PAGE}_1")
    assert said.reply is not None
    assert [TOKEN in json.dumps(request.as_json()) for request in page.follow] == [False]


def test_a_long_silence_makes_no_walk_longer(facebook: Connector[Any]) -> None:
    month = timedelta(days=30)
    mark = {"read_at": (when(10) + month).isoformat()}
    request = first_request(facebook, Since(when(0) - 12 * month, mark))

    assert read(facebook, Answer(edge(post(30), post(20), more=NEXT)), request).follow
    assert read(facebook, Answer(edge(post(30), post(5), more=NEXT)), request).follow == ()
    assert facebook.may_be_empty


def test_a_page_that_shows_none_of_its_posts_any_more_is_an_error(facebook: Connector[Any]) -> None:
    had, none = (read(facebook, Answer(edge(*posts))).bookmark for posts in ([post(1)], []))

    with pytest.raises(FetchError, match="none of the posts there were"):
        read(facebook, Answer(edge()), first_request(facebook, Since(NOON, had)))
    assert read(facebook, Answer(edge()), first_request(facebook, Since(NOON, none))).mentions == ()
    assert len(read(facebook, Answer(edge(more=NEXT)), first_request(facebook, Since(NOON, had))).follow) == 1


def test_the_bookmark_is_when_the_walk_began(facebook: Connector[Any]) -> None:
    page = read(facebook, Answer(edge(post(1), more=NEXT)))

    later = read(facebook, Answer(edge(post(1))), page.follow[0])

    assert (page.bookmark, later.bookmark) == ({"read_at": NOON.isoformat(), "had_posts": True}, None)


def test_open_cases_are_asked_for_one_by_one_with_what_stands_beside_them(facebook: Connector[Any]) -> None:
    stored = known(facebook, VISITOR, post(1, comment(14, parent={"id": "1_11"}), comment()))

    asked = [request for request in facebook.recheck(stored) if isinstance(request, Request)]

    assert [request.url.removeprefix(f"{GRAPH}/") for request in asked] == [f"{PAGE}_2", "1_14", "1_11", "1_11"]
    assert [request.about for request in asked] == [(f"{PAGE}_2",), ("1_14",), ("1_11",), ("1_11",)]
    assert "parent{id}" not in asked[0].params["fields"].partition(",comments")[0]


# --- what is no answer ---------------------------------------------------------------------------


def refusal(
    facebook: Connector[Any],
    body: Any,
    to: Request | None = None,
    status: int = 400,
    headers: Mapping[str, str] | None = None,
) -> Any:
    return facebook.refused(response_to(to or first_request(facebook), Answer(body, status, headers=headers or {})))


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        (error(190), Outcome.RECONNECT, "the token is not, or no longer, valid"),
        (error(190, 460), Outcome.RECONNECT, "the password was changed"),
        (error(190, 463), Outcome.RECONNECT, "the token has run out"),
        (error(102), Outcome.RECONNECT, "make a new token"),
        (error(10), Outcome.RECONNECT, "lacks a permission"),
        (error(283, message="(#283) Requires pages_read_user_content"), Outcome.RECONNECT, "pages_read_user_content"),
        *((error(code), Outcome.THROTTLED, "asked too often") for code in (4, 17, 32, 613, 80001)),
        (error(100, 33), Outcome.FAILED, "compare `page`"),
        (error(803), Outcome.FAILED, "compare `page`"),
        (error(12), Outcome.FAILED, "withdrawn"),
        (error(100), Outcome.FAILED, "error 100"),
        (error(1), Outcome.FAILED, "error 1"),
        (error(368), Outcome.FAILED, "error 368"),
        ({"error": {"message": "?"}}, Outcome.FAILED, "an error, 400"),
    ],
)
def test_an_error_is_read_by_its_code(facebook: Connector[Any], body: Any, outcome: Outcome, words: str) -> None:
    for status in (400, 200):
        read_as = refusal(facebook, body, status=status)

        assert read_as.outcome == outcome
        assert words.replace("400", str(status)) in read_as.why


def test_the_words_of_an_error_that_repeat_the_token_are_not_repeated(facebook: Connector[Any]) -> None:
    for code in (190, 10, 1, 4, 100):
        assert TOKEN not in refusal(facebook, error(code, message=f"Malformed access token {TOKEN}")).why


def test_a_comment_that_is_not_shown_any_more_is_gone(facebook: Connector[Any]) -> None:
    [request] = facebook.recheck(known(facebook, post(1, comment())))
    assert isinstance(request, Request)

    found = refusal(facebook, error(100, 33), request)

    assert (found.outcome, found.gone) == (Outcome.GONE, ("1_11",))
    assert refusal(facebook, error(10), request).outcome == Outcome.FAILED


def test_a_post_of_somebody_else_that_is_not_shown_may_still_be_there(facebook: Connector[Any]) -> None:
    tagged = begun(facebook, Since())[1]
    [raw] = read(facebook, Answer(edge({**VISITOR, "id": "555_9"})), tagged).mentions
    stored = normalise(raw, connector="facebook_page", brands=(ACME,), now=NOON)
    [request] = facebook.recheck([stored])
    assert isinstance(request, Request)

    assert refusal(facebook, error(100, 33), request).outcome == Outcome.NOTHING
    assert refusal(facebook, error(10), request).outcome == Outcome.NOTHING
    assert refusal(facebook, error(190), request).outcome == Outcome.RECONNECT


@pytest.mark.parametrize(
    ("headers", "minutes"),
    [
        ({}, 60),
        ({"x-app-usage": '{"call_count":100,"total_time":25,"total_cputime":25}'}, 60),
        ({"x-business-use-case-usage": json.dumps({"1": [{"type": "pages", "call_count": 100,
          "estimated_time_to_regain_access": 19}]})}, 19),
        ({"x-business-use-case-usage": json.dumps({"1": [{"estimated_time_to_regain_access": 5}],
          "2": [{"estimated_time_to_regain_access": 9000}]})}, 24 * 60),
        ({"x-business-use-case-usage": json.dumps({"1": [{"estimated_time_to_regain_access": 0}]})}, 60),
        ({"x-business-use-case-usage": "soon"}, 60),
        ({"x-business-use-case-usage": '{"1": 5, "2": [7]}'}, 60),
        ({"retry-after": "120"}, 2),
    ],
)  # fmt: skip
def test_a_limit_without_a_time_is_waited_for_as_long_as_its_window(
    facebook: Connector[Any], headers: dict[str, str], minutes: int
) -> None:
    assert refusal(facebook, error(32), headers=headers).wait == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-app-usage": '{"call_count":81,"total_time":5,"total_cputime":5}'},
        {"x-app-usage": '{"call_count":1,"total_time":5,"total_cputime":99}'},
        {"x-business-use-case-usage": json.dumps({PAGE: [{"type": "pages", "call_count": 1, "total_time": 80}]})},
    ],
)
def test_near_a_limit_the_newest_page_must_do_and_the_rest_is_read_later(
    facebook: Connector[Any], headers: dict[str, str]
) -> None:
    page = read(facebook, Answer(edge(post(1, comment(), more=OLDER), more=NEXT), headers=headers))

    assert [said.external_id for said in page.mentions] == ["1_11"]
    assert (page.follow, page.bookmark) == ((), None)


@pytest.mark.parametrize(
    "headers", [{"x-app-usage": '{"call_count":79}'}, {"x-app-usage": "many"}, {"x-app-usage": "[99]"}]
)
def test_far_from_a_limit_all_is_read(facebook: Connector[Any], headers: dict[str, str]) -> None:
    page = read(facebook, Answer(edge(post(1, comment(), more=OLDER), more=NEXT), headers=headers))

    assert len(page.follow) == 2
    assert page.bookmark is not None


def test_too_much_data_is_asked_for_in_smaller_pages(facebook: Connector[Any]) -> None:
    body = error(1, message="Please reduce the amount of data you're asking for, then retry your request")
    request: Request = first_request(facebook)
    sizes = []

    while (found := refusal(facebook, body, request, status=500)).outcome == Outcome.TRY_OTHER:
        [request] = found.instead
        sizes.append(request.params["limit"])

    assert sizes == [12, 6, 3, 1]
    assert found.outcome == Outcome.FAILED
    assert request.context == first_request(facebook).context


# --- the token -----------------------------------------------------------------------------------


def test_every_request_carries_the_token_and_the_proof_of_the_app(facebook: Connector[Any]) -> None:
    auth = facebook.auth()
    assert auth is not None

    signed = auth.sign(first_request(facebook), None, NOON)

    proof = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
    assert signed.params == {"access_token": TOKEN, "appsecret_proof": proof}
    assert TOKEN not in repr(signed)


def test_without_the_secret_of_the_app_there_is_no_proof() -> None:
    auth = made("facebook_page", app_secret=None).auth()
    assert auth is not None

    assert auth.sign(Request("https://graph.facebook.com/"), None, NOON).params == {"access_token": TOKEN}


# --- what is pushed ------------------------------------------------------------------------------


def push(value: dict[str, Any], field: str = "feed", page: str = PAGE) -> bytes:
    entry = {"id": page, "time": 1795425060, "changes": [{"field": field, "value": value}]}
    return json.dumps({"object": "page", "entry": [entry]}, ensure_ascii=True).encode()


def told(facebook: Connector[Any], body: bytes, secret: str = SECRET) -> Page:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return facebook.receive({"X-Hub-Signature-256": f"sha256={signature}"}, body)


PUSHED = {
    "item": "comment", "verb": "add", "comment_id": "1_11", "post_id": f"{PAGE}_1", "parent_id": f"{PAGE}_1",
    "from": NIA, "created_time": 1795425060, "message": "Waited forty minutes. (11)",
}  # fmt: skip


def test_a_pushed_comment_is_the_same_as_the_one_that_is_read(facebook: Connector[Any]) -> None:
    page = told(facebook, push(PUSHED))

    [pushed] = page.mentions
    [shown] = read(facebook, Answer(edge(post(1, comment())))).mentions
    same = ("external_id", "text", "kind", "author", "thread_id", "parent_id", "url")
    assert [getattr(pushed, name) for name in same] == [getattr(shown, name) for name in same]
    assert pushed.published_at == datetime.fromtimestamp(1795425060, UTC)
    assert pushed.absent == {"reply"}


def test_what_is_pushed_is_read_anew_and_nothing_is_deleted_when_it_is_not_there_yet(facebook: Connector[Any]) -> None:
    [request] = told(facebook, push(PUSHED)).follow
    assert isinstance(request, Request)

    assert request.url == f"{GRAPH}/1_11"
    assert refusal(facebook, error(100, 33), request).outcome == Outcome.NOTHING


def test_an_answer_of_the_page_that_is_pushed_leads_to_what_it_answers(facebook: Connector[Any]) -> None:
    page = told(facebook, push({**PUSHED, "from": US, "comment_id": "1_20", "parent_id": "1_11"}))

    assert page.mentions == ()
    assert [request.url for request in page.follow if isinstance(request, Request)] == [f"{GRAPH}/1_11"]


def test_a_new_post_of_the_page_needs_no_reading(facebook: Connector[Any]) -> None:
    page = told(facebook, push({"item": "status", "verb": "add", "post_id": f"{PAGE}_5", "from": US, "message": "Hi"}))

    assert (page.mentions, page.follow) == ((), ())


def test_a_mention_elsewhere_is_kept_as_it_was_pushed(facebook: Connector[Any]) -> None:
    value = {key: PUSHED[key] for key in ("item", "verb", "message", "created_time")}
    page = told(facebook, push({**value, "post_id": "555_9", "comment_id": "9_3"}, "mention"))

    [said] = page.mentions
    assert (said.external_id, said.parent_id, said.author) == ("9_3", "555_9", Author())
    assert said.url == "https://www.facebook.com/555/posts/9/?comment_id=3"


def test_what_was_removed_is_gone(facebook: Connector[Any]) -> None:
    value = {key: PUSHED[key] for key in ("item", "comment_id", "post_id", "parent_id")}

    page = told(facebook, push({**value, "verb": "remove"}))

    assert (page.gone, page.mentions, page.follow) == (("1_11",), (), ())


@pytest.mark.parametrize(
    "body",
    [
        push({"item": "reaction", "verb": "add", "post_id": f"{PAGE}_1", "reaction_type": "like"}),
        push({**PUSHED, "verb": "hide"}),
        push({"item": "rating", "verb": "add", "review_text": "Bad."}, "ratings"),
        push(PUSHED, page="5550000"),
    ],
)
def test_likes_other_pages_and_what_staff_hide_are_left_alone(facebook: Connector[Any], body: bytes) -> None:
    assert told(facebook, body) == Page()


def test_the_signature_is_that_of_the_raw_body(facebook: Connector[Any]) -> None:
    body = push({**PUSHED, "message": "Grün \U0001f600 <b>"})
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()

    assert facebook.receive({"x-hub-signature-256": signature}, body).mentions[0].text == "Grün \U0001f600 <b>"
    with pytest.raises(UsageError, match="not signed"):
        facebook.receive({"x-hub-signature-256": signature}, json.dumps(json.loads(body), ensure_ascii=False).encode())


@pytest.mark.parametrize("headers", [{}, {"X-Hub-Signature-256": "sha256=00"}, {"X-Hub-Signature-256": "ü"}])
def test_what_is_not_signed_is_not_believed(facebook: Connector[Any], headers: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="not believed"):
        facebook.receive(headers, push(PUSHED))


def test_without_the_secret_nothing_that_is_pushed_is_believed() -> None:
    with pytest.raises(UsageError, match="give the source `app_secret`"):
        told(made("facebook_page", app_secret=None), push(PUSHED))


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"object": "user", "entry": []}', b'{"object": "page"}'])
def test_a_signed_push_of_another_shape_is_an_error(facebook: Connector[Any], body: bytes) -> None:
    with pytest.raises((ParseError, KeyError, TypeError)):
        told(facebook, body)


# --- answering -----------------------------------------------------------------------------------


def test_an_answer_goes_below_the_comment_as_the_page(facebook: Connector[Any]) -> None:
    [stored] = known(facebook, post(1, comment()))

    request = facebook.reply(stored, "We are sorry.")
    reply = facebook.replied(response_to(request, Answer({"id": "1_20"})))

    assert (request.method, request.url, request.form) == (
        "POST",
        f"{GRAPH}/1_11/comments",
        {"message": "We are sorry."},
    )
    assert reply == Reply("We are sorry.", external_id="1_20")


# --- Meta's object specifications ----------------------------------------------------------------

EVERYWHERE = {"fields", "limit"}  # https://developers.facebook.com/docs/graph-api/results, …/guides/field-expansion


def spec(name: str) -> dict[str, Any]:
    folder = samples_folder()
    if folder is None:
        pytest.skip(MISSING)
    found: dict[str, Any] = json.loads((folder / "facebook" / "spec" / f"{name}.json").read_text())
    return found


def call(of: dict[str, Any], method: str, edge_name: str | None) -> dict[str, Any]:
    """Return what a specification says of one call; None is the node itself."""
    [found] = [
        one for one in of["apis"] if (one["method"], one.get("endpoint")) == (method, edge_name)
        and not (edge_name is None and one.get("name") != "#get")
    ]  # fmt: skip
    return dict(found)


def asked_for(fields: str) -> tuple[set[str], set[str]]:
    """Return the names of fields at the top and those inside `comments`."""
    top, _, inner = fields.partition(",comments")
    inside = inner.partition("{")[2]
    return tuple(set(re.findall(r"(?:^|,)(\w+)", re.sub(r"\{[^}]*\}", "", part))) for part in (top, inside))  # type: ignore[return-value]


def test_requests_are_what_metas_specifications_know(facebook: Connector[Any]) -> None:
    page, page_post, said = spec("Page.excerpt"), spec("PagePost"), spec("Comment")
    feed, tagged, stars = facebook.start(Since())
    post_again, comment_again = facebook.recheck(known(facebook, VISITOR, post(1, comment())))
    names = {id(one): {field["name"] for field in one["fields"]} for one in (page, page_post, said)}

    for request in (feed, tagged):
        assert isinstance(request, Request)
        known_call = call(page, "GET", request.url.rpartition("/")[2])
        assert known_call["return"] == "PagePost"
        assert set(request.params) - EVERYWHERE <= {param["name"] for param in known_call["params"]}
    for request, top in ((feed, page_post), (tagged, page_post), (post_again, page_post), (comment_again, said)):
        assert isinstance(request, Request)
        outer, inner = asked_for(request.params["fields"])
        edges = {one.get("endpoint") for one in top["apis"]}
        assert outer <= names[id(top)] | edges
        assert inner <= names[id(said)]
    assert isinstance(stars, Request)
    assert set(stars.params["fields"].split(",")) <= names[id(page)]
    for top in (page_post, said):
        below = call(top, "GET", "comments")
        assert below["return"] == "Comment"
        assert {"filter", "order"} <= {param["name"] for param in below["params"]}


def test_an_answer_is_sent_as_metas_specification_says(facebook: Connector[Any]) -> None:
    for name in ("Comment", "PagePost"):
        below = call(spec(name), "POST", "comments")
        assert {"message"} <= {param["name"] for param in below["params"]}
