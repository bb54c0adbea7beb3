"""What is special about Instagram: replies inside comments, mentions that are pushed, hashtags without authors."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Audience, Author, Connector, Kind, Outcome, Page, Reply, Request, Since, UsageError
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.facebook_page import error
from tests.connectors.cases.instagram import ACME, NEXT, SECRET, TOKEN, USER, comment, edge, media, ours
from tests.connectors.kit import Answer, first_request, made, read, response_to
from tests.samples import MISSING, samples_folder

GRAPH = "https://graph.facebook.com/v25.0"
OLDER = f"{GRAPH}/1801/comments?access_token={TOKEN}&limit=50&after=a"
REPLIES = f"{GRAPH}/17811/replies?access_token={TOKEN}&limit=50&after=r"


@pytest.fixture
def instagram() -> Connector[Any]:
    return made("instagram")


def when(minute: int) -> datetime:
    return datetime(2026, 11, 23, 9, tzinfo=UTC) + timedelta(minutes=minute)


def begun(instagram: Connector[Any], since: Since | None = None) -> list[Request]:
    """Return the requests a walk begins with."""
    return [request for request in instagram.start(since or Since()) if isinstance(request, Request)]


def stored(page: Page) -> list[Any]:
    return [normalise(raw, connector="instagram", brands=(ACME,), now=NOON) for raw in page.mentions]


def shown(page: Page) -> dict[str, str | None]:
    return {mention.external_id: mention.reply.text if mention.reply else None for mention in page.mentions}


# --- reading -------------------------------------------------------------------------------------


def test_a_comment_is_read_whole() -> None:
    [said] = read(made("instagram", place="Quay Street"), Answer(edge(media(1, comment())))).mentions

    assert (said.external_id, said.kind, said.text) == ("17811", Kind.COMMENT, "Waited forty minutes. (11)")
    assert said.author == Author("nia", id="nia", url="https://www.instagram.com/nia/")
    assert said.published_at == when(11)
    assert said.url == said.answer_url == "https://www.instagram.com/p/Acme1/"
    assert (said.thread_id, said.parent_id) == ("1801", "1801")
    assert (said.audience, said.subject.place) == (Audience(2, "likes"), "Quay Street")


def test_a_reply_of_somebody_stands_below_its_comment(instagram: Connector[Any]) -> None:
    below = comment(14, username="jo", parent_id="17811")

    page = read(instagram, Answer(edge(media(1, comment(11, below)))))

    assert [(said.external_id, said.parent_id) for said in page.mentions] == [("17811", "1801"), ("17814", "17811")]


def test_a_comment_without_a_name_hides_nothing(instagram: Connector[Any]) -> None:
    [said] = read(instagram, Answer(edge(media(1, {**comment(), "username": None, "from": None})))).mentions

    assert said.author is None


def test_a_post_that_tags_the_account_is_read_whole(instagram: Connector[Any]) -> None:
    tagged = media(7, caption="With @acmecoffee", username="Jo")

    [said] = read(instagram, Answer(edge(tagged)), begun(instagram)[1]).mentions

    assert (said.external_id, said.kind, said.text) == ("1807", Kind.POST, "With @acmecoffee")
    assert said.author == Author("jo", id="jo", url="https://www.instagram.com/jo/")
    assert (said.thread_id, said.parent_id, said.absent) == (None, None, frozenset({"reply"}))


def test_tags_can_be_left_out() -> None:
    assert [request.url for request in begun(made("instagram", tags=False))] == [f"{GRAPH}/{USER}/media"]


# --- who answers whom ----------------------------------------------------------------------------


def test_what_the_account_says_below_a_comment_is_its_answer(instagram: Connector[Any]) -> None:
    [said] = read(instagram, Answer(edge(media(1, comment(11, ours()))))).mentions

    assert said.reply == Reply("We are sorry.", published_at=when(20))
    assert said.absent == frozenset()


def test_whoever_is_named_with_an_at_is_answered(instagram: Connector[Any]) -> None:
    jo = comment(14, username="Jo.B", parent_id="17811")
    named = ours(20, text="Sorry, @jo.b. Write to us.")

    assert shown(read(instagram, Answer(edge(media(1, comment(11, jo, named)))))) == {
        "17811": None,
        "17814": "Sorry, @jo.b. Write to us.",
    }


def test_a_comment_beside_another_answers_it_by_name_only(instagram: Connector[Any]) -> None:
    beside = ours(20, parent_id=None, text="@nia so sorry")
    general = ours(21, parent_id=None, text="Closed on Monday.")

    assert shown(read(instagram, Answer(edge(media(1, general, beside, comment()))))) == {"17811": "@nia so sorry"}
    assert shown(read(instagram, Answer(edge(media(1, general, comment()))))) == {"17811": None}


def test_accounts_of_the_brand_answer_like_the_account(instagram: Connector[Any]) -> None:
    sister = ours(20, username="acme_roastery")

    assert shown(read(instagram, Answer(edge(media(1, comment(11, sister)))))) == {"17811": "We are sorry."}


def test_the_account_is_known_however_its_name_is_written() -> None:
    instagram = made("instagram", username="@AcmeCoffee")

    assert shown(read(instagram, Answer(edge(media(1, comment(11, ours())))))) == {"17811": "We are sorry."}


# --- how far a walk goes -------------------------------------------------------------------------


def test_next_pages_of_posts_comments_and_replies_are_asked_for_without_the_token(instagram: Connector[Any]) -> None:
    many = comment(11, comment(12, parent_id="17811"))
    many["replies"]["paging"] = {"next": REPLIES}

    page = read(instagram, Answer(edge(media(1, many, more=OLDER), more=NEXT)))

    asked = [request for request in page.follow if isinstance(request, Request)]
    assert [request.url for request in asked] == [
        f"{GRAPH}/1801/comments", f"{GRAPH}/17811/replies", f"{GRAPH}/{USER}/media"
    ]  # fmt: skip
    assert TOKEN not in json.dumps([request.as_json() for request in asked])


def test_further_replies_stand_below_the_same_comment(instagram: Connector[Any]) -> None:
    many = comment(11, comment(12, parent_id="17811"))
    many["replies"]["paging"] = {"next": REPLIES}
    [further] = read(instagram, Answer(edge(media(1, many)))).follow
    assert isinstance(further, Request)

    [said] = read(instagram, Answer(edge(comment(13))), further).mentions

    assert (said.thread_id, said.parent_id, said.url) == ("1801", "17811", "https://www.instagram.com/p/Acme1/")


def test_a_walk_ends_behind_the_posts_of_thirty_days(instagram: Connector[Any]) -> None:
    request = first_request(instagram, Since(when(10)))

    assert read(instagram, Answer(edge(media(30), media(20), more=NEXT)), request).follow
    assert read(instagram, Answer(edge(media(30), media(5), more=NEXT)), request).follow == ()


def test_open_cases_are_asked_for_by_what_they_are(instagram: Connector[Any]) -> None:
    below = read(instagram, Answer(edge(media(1, comment(11, comment(14, parent_id="17811"))))))
    tagged = read(instagram, Answer(edge(media(7, username="jo"))), begun(instagram)[1])

    asked = [request for request in instagram.recheck(stored(below) + stored(tagged)) if isinstance(request, Request)]

    assert [(request.url, request.about) for request in asked] == [
        (f"{GRAPH}/17811", ("17811",)),
        (f"{GRAPH}/17814", ("17814",)),
        (f"{GRAPH}/17811", ("17811",)),
    ]


def test_a_comment_by_itself_shows_answers_but_not_that_there_are_none(instagram: Connector[Any]) -> None:
    [request] = instagram.recheck(stored(read(instagram, Answer(edge(media(1, comment()))))))
    assert isinstance(request, Request)
    here = {"media": {"id": "1801", "permalink": "https://www.instagram.com/p/Acme1/"}}

    [answered] = read(instagram, Answer(comment(11, ours(), **here)), request).mentions
    [open_still] = read(instagram, Answer(comment(11, **here)), request).mentions

    assert answered.reply is not None
    assert (open_still.reply, open_still.absent) == (None, frozenset({"reply"}))
    assert (answered.thread_id, answered.parent_id, answered.url) == (
        "1801", "1801", "https://www.instagram.com/p/Acme1/"
    )  # fmt: skip


# --- hashtags ------------------------------------------------------------------------------------


def test_a_hashtag_is_looked_up_once_and_then_known_by_its_number() -> None:
    instagram = made("instagram", hashtags=["#AcmeCoffee"])
    search = begun(instagram)[-1]

    found = read(instagram, Answer({"data": [{"id": "5500"}]}), search)
    known = begun(instagram, Since(bookmark=found.bookmark))[-1]

    assert search.url == f"{GRAPH}/ig_hashtag_search"
    assert search.params == {"user_id": USER, "q": "acmecoffee"}
    assert found.bookmark == {"#acmecoffee": "5500"}
    assert found.follow == (known,)
    assert known.url == f"{GRAPH}/5500/recent_media"
    assert known.params["user_id"] == USER


def test_pages_of_a_hashtag_are_told_apart_by_their_size_for_the_cursor_stays_the_same() -> None:
    instagram = made("instagram", hashtags=["acmecoffee"])
    request = begun(instagram, Since(bookmark={"#acmecoffee": "5500"}))[-1]
    again = f"{GRAPH}/5500/recent_media?access_token={TOKEN}&user_id={USER}&limit=50&after=a"
    asked = []

    for number in range(3):
        page = read(instagram, Answer(edge(media(number), more=again)), request)
        [request] = [one for one in page.follow if isinstance(one, Request)]
        asked.append((request.params["limit"], request.params["after"]))
    nothing = read(instagram, Answer({"data": [], "paging": {"next": again}}), request)

    assert asked == [(49, "a"), (48, "a"), (47, "a")]
    assert nothing.follow == ()


def test_a_post_under_a_hashtag_has_no_author_and_takes_no_answer() -> None:
    instagram = made("instagram", hashtags=["acmecoffee"])
    request = begun(instagram, Since(bookmark={"#acmecoffee": "5500"}))[-1]

    page = read(instagram, Answer(edge(media(7, caption="#acmecoffee is cold"))), request)

    [said] = page.mentions
    assert (said.author, said.kind, said.text) == (None, Kind.POST, "#acmecoffee is cold")
    with pytest.raises(UsageError, match="use the link"):
        instagram.reply(stored(page)[0], "Sorry.")


# --- what is no answer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        (error(80002), Outcome.THROTTLED, "Instagram answered 80002"),
        (error(190), Outcome.RECONNECT, "Instagram says that the access has ended"),
        (error(10, message="(#10) needs instagram_manage_comments"), Outcome.RECONNECT, "instagram_manage_comments"),
        (error(100, 33), Outcome.FAILED, "compare `user`"),
    ],
)
def test_errors_are_those_of_meta(instagram: Connector[Any], body: Any, outcome: Outcome, words: str) -> None:
    found = instagram.refused(response_to(first_request(instagram), Answer(body, 400)))

    assert found is not None
    assert found.outcome == outcome
    assert words in found.why


def test_a_comment_that_is_not_shown_any_more_is_gone(instagram: Connector[Any]) -> None:
    [request] = instagram.recheck(stored(read(instagram, Answer(edge(media(1, comment()))))))
    assert isinstance(request, Request)

    found = instagram.refused(response_to(request, Answer(error(100, 33), 400)))

    assert found is not None
    assert (found.outcome, found.gone) == (Outcome.GONE, ("17811",))


# --- what is pushed ------------------------------------------------------------------------------


def told(instagram: Connector[Any], value: dict[str, Any], field: str = "comments", account: str = USER) -> Page:
    entry = {"id": account, "time": 1795425060, "changes": [{"field": field, "value": value}]}
    body = json.dumps({"object": "instagram", "entry": [entry]}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return instagram.receive({"X-Hub-Signature-256": f"sha256={signature}"}, body)


PUSHED = {"id": "17811", "text": "Cold.", "from": {"id": "901", "username": "nia"}, "media": {"id": "1801"}}


def test_a_pushed_comment_is_kept_and_read_anew(instagram: Connector[Any]) -> None:
    page = told(instagram, PUSHED)

    [said] = page.mentions
    [request] = page.follow
    assert (said.external_id, said.text, said.thread_id, said.parent_id) == ("17811", "Cold.", "1801", "1801")
    assert isinstance(request, Request)
    assert (request.url, request.about) == (f"{GRAPH}/17811", ())


def test_an_answer_of_the_account_that_is_pushed_leads_to_what_it_answers(instagram: Connector[Any]) -> None:
    page = told(instagram, {**PUSHED, "id": "17820", "from": {"username": "acmecoffee"}, "parent_id": "17811"})

    assert page.mentions == ()
    assert [request.url for request in page.follow if isinstance(request, Request)] == [f"{GRAPH}/17811"]


def test_a_mention_in_a_comment_is_asked_for_by_the_number_that_was_pushed(instagram: Connector[Any]) -> None:
    [request] = told(instagram, {"media_id": "18099", "comment_id": "17899"}, "mentions").follow
    assert isinstance(request, Request)
    body = {"mentioned_comment": comment(99, media={"id": "18099", "permalink": "https://www.instagram.com/p/Z/"})}

    page = read(instagram, Answer({**body, "id": USER}), request)
    [again] = instagram.recheck(stored(page))
    answer = instagram.reply(stored(page)[0], "Sorry.")

    [said] = page.mentions
    assert request.params["fields"].startswith("mentioned_comment.comment_id(17899){id,text,")
    assert (said.external_id, said.thread_id, said.parent_id) == ("17899", "18099", None)
    assert (said.kind, said.url) == (Kind.COMMENT, "https://www.instagram.com/p/Z/")
    assert again == request
    assert (answer.url, answer.form) == (
        f"{GRAPH}/{USER}/mentions", {"media_id": "18099", "comment_id": "17899", "message": "Sorry."}
    )  # fmt: skip


def test_a_mention_in_a_caption_is_asked_for_by_the_number_that_was_pushed(instagram: Connector[Any]) -> None:
    [request] = told(instagram, {"media_id": "1807"}, "mentions").follow
    assert isinstance(request, Request)

    page = read(instagram, Answer({"mentioned_media": media(7, username="jo"), "id": USER}), request)
    answer = instagram.reply(stored(page)[0], "Sorry.")

    [said] = page.mentions
    assert request.params["fields"].startswith("mentioned_media.media_id(1807){id,caption,")
    assert (said.external_id, said.kind, said.thread_id) == ("1807", Kind.POST, "1807")
    assert answer.form == {"media_id": "1807", "message": "Sorry."}


@pytest.mark.parametrize(("field", "account"), [("live_comments", USER), ("story_insights", USER), ("comments", "1")])
def test_other_fields_and_other_accounts_are_left_alone(instagram: Connector[Any], field: str, account: str) -> None:
    assert told(instagram, PUSHED, field, account) == Page()


# --- answering -----------------------------------------------------------------------------------


def test_an_answer_goes_below_the_comment_and_in_a_thread_with_the_name(instagram: Connector[Any]) -> None:
    page = read(instagram, Answer(edge(media(1, comment(11, comment(14, username="jo", parent_id="17811"))))))
    first, below = (instagram.reply(one, "Sorry.") for one in stored(page))

    assert (first.method, first.url, first.form) == ("POST", f"{GRAPH}/17811/replies", {"message": "Sorry."})
    assert (below.url, below.form) == (f"{GRAPH}/17811/replies", {"message": "@jo Sorry."})
    assert instagram.replied(response_to(first, Answer({"id": "17820"}))) == Reply("Sorry.", external_id="17820")


# --- Meta's object specifications ----------------------------------------------------------------

EVERYWHERE = {"fields", "limit"}  # https://developers.facebook.com/docs/graph-api/results, …/guides/field-expansion


def spec(name: str) -> dict[str, Any]:
    folder = samples_folder()
    if folder is None:
        pytest.skip(MISSING)
    found: dict[str, Any] = json.loads((folder / "instagram" / "spec" / f"{name}.json").read_text())
    return found


def params_of(of: dict[str, Any], method: str, edge_name: str) -> set[str]:
    [call] = [one for one in of["apis"] if (one["method"], one.get("endpoint")) == (method, edge_name)]
    return {param["name"] for param in call["params"]}


def names_in(of: dict[str, Any]) -> set[str]:
    """Return what may be asked for of a thing: its fields, and what hangs on it."""
    return {field["name"] for field in of["fields"]} | {one.get("endpoint") for one in of["apis"]} - {None}


def outside(fields: str) -> set[str]:
    """Return the names of fields that stand in no braces."""
    while (bare := re.sub(r"(?:\.\w+\([^)]*\))*\{[^{}]*\}", "", fields)) != fields:
        fields = bare
    return set(fields.split(","))


def test_requests_are_what_metas_specifications_know(instagram: Connector[Any]) -> None:
    user, post, said = spec("IGUser"), spec("IGMedia"), spec("IGComment")
    mine, tagged = begun(instagram)
    [again] = instagram.recheck(stored(read(instagram, Answer(edge(media(1, comment()))))))
    assert isinstance(again, Request)
    pushes = [
        one
        for value in ({"media_id": "1", "comment_id": "2"}, {"media_id": "1"})
        for one in told(instagram, value, "mentions").follow
    ]

    for request, name in ((mine, "media"), (tagged, "tags")):
        assert request.url.endswith(f"/{USER}/{name}")
        assert set(request.params) - EVERYWHERE <= params_of(user, "GET", name)
        assert outside(request.params["fields"]) <= names_in(post)
    [below] = re.findall(r"comments\.limit\(50\)\{(.*)\}$", mine.params["fields"])
    assert outside(below) <= names_in(said)
    assert outside(again.params["fields"]) <= names_in(said)
    for pushed, name, inner in zip(pushes, ("mentioned_comment", "mentioned_media"), (said, post), strict=True):
        assert isinstance(pushed, Request)
        assert name in names_in(user)
        asked = pushed.params["fields"].partition("{")[2].removesuffix("}")
        assert outside(asked) <= names_in(inner)


def test_answers_are_sent_as_metas_specifications_say() -> None:
    assert params_of(spec("IGComment"), "POST", "replies") == {"message"}
    assert params_of(spec("IGUser"), "POST", "mentions") == {"comment_id", "media_id", "message"}
