"""What is special about Mastodon: ids that hold the time, lists that are empty when shut, one post on many servers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import (
    Audience,
    Brand,
    Connector,
    FetchError,
    Kind,
    Mention,
    Outcome,
    Page,
    Request,
    Since,
    UsageError,
)
from monitor.models import ReplyState, Subject
from monitor.text import from_html
from tests.builders import NOON
from tests.connectors.cases.mastodon import (
    ACME,
    ALONE,
    BELOW,
    NEWEST,
    SERVER,
    TOKEN,
    account,
    mention,
    post,
    server,
)
from tests.connectors.kit import Answer, cases_of, class_of, made, read, response_to

HOUR = 3_600_000 << 16  # of milliseconds, as ids count them


@pytest.fixture
def mastodon() -> Connector[Any]:
    return made("mastodon")


def public(**options: Any) -> Connector[Any]:
    """Return a connector without a token."""
    kind = class_of("mastodon")
    return kind(kind.Config(**{"url": SERVER, "tags": ["acme"], **options}), (ACME,))


def asked(subject: Connector[Any], since: Since | None = None) -> dict[str, Request]:
    """Return the first requests of a walk by what each asks for."""
    requests = [request for request in subject.start(since or Since()) if isinstance(request, Request)]
    return {(request.context or {}).get("list", "server"): request for request in requests}


def known(number: str = "7", kind: Kind = Kind.POST) -> Mention:
    """Return a mention as it is stored, by nia."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("title", "url", "published_at", "updated_at", "rating", "language", "audience", "reply"), None
    )
    [said] = read(made("mastodon"), Answer([post()])).mentions
    return Mention(
        number, kind, "text", 4, author=said.author, subject=Subject(), answer_url=None, thread_id=None,
        parent_id=None, same_as=None, content_hash="h", **nothing,
    )  # fmt: skip


# --- a post --------------------------------------------------------------------------------------


def test_a_post_is_read_whole(mastodon: Connector[Any]) -> None:
    media = [{"type": "image", "description": "a cup & a fly"}, {"type": "image", "description": None}]
    whole = post(spoiler_text="Food <3", media_attachments=media, edited_at="2026-08-01T14:00:00.000Z")

    [said] = read(mastodon, Answer([whole])).mentions

    assert (said.external_id, said.kind, said.parent_id) == (str(NEWEST), Kind.POST, None)
    assert from_html(said.title or "") == "Food <3"
    assert from_html(said.text).split("\n")[0].startswith("Cold again. #acme")
    assert from_html(said.text).endswith("a cup & a fly")
    assert said.author is not None
    assert (said.author.name, said.author.id, said.author.url) == ("Nia", "nia@social.example", f"{SERVER}/@nia")
    assert said.published_at == datetime(2026, 8, 1, 13, 55, 55, tzinfo=UTC)
    assert said.updated_at == datetime(2026, 8, 1, 14, tzinfo=UTC)
    assert said.audience == Audience(42, "followers")
    assert said.url == said.answer_url == f"{SERVER}/@nia/{NEWEST}"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"in_reply_to_id": "5"}, Kind.COMMENT),
        ({"visibility": "unlisted"}, Kind.POST),
        ({"visibility": "direct", "in_reply_to_id": "5"}, Kind.MESSAGE),
        ({"visibility": "private"}, Kind.MESSAGE),
    ],
)
def test_what_only_some_may_read_is_a_message(mastodon: Connector[Any], changes: dict[str, Any], kind: Kind) -> None:
    [said] = read(mastodon, Answer([post(**changes)])).mentions

    assert said.kind == kind
    assert said.parent_id == changes.get("in_reply_to_id")


def test_one_post_is_the_same_on_every_server(mastodon: Connector[Any]) -> None:
    elsewhere = made("mastodon", url="https://other.example")
    uri = "https://social.example/users/nia/statuses/1"

    [here] = read(mastodon, Answer([post(1, uri=uri)])).mentions
    [there] = read(elsewhere, Answer([post(900, uri=uri, account=account("nia@social.example"))])).mentions

    assert here.external_id != there.external_id
    assert here.same_as == there.same_as == uri
    assert here.author is not None
    assert there.author is not None
    assert here.author.id == there.author.id == "nia@social.example"


def test_a_boost_is_the_post_that_was_boosted(mastodon: Connector[Any]) -> None:
    [said] = read(mastodon, Answer([post(9, by="jo", content="", reblog=post(7))])).mentions

    assert said.external_id == "7"


@pytest.mark.parametrize(
    ("name", "count", "audience"),
    [
        ("nia", 0, Audience(0, "followers")),
        ("nia@far.example", 0, None),
        ("nia@far.example", 3, Audience(3, "followers")),
        ("nia", None, None),
    ],
)
def test_nobody_following_an_account_elsewhere_is_unknown(
    mastodon: Connector[Any], name: str, count: int | None, audience: Audience | None
) -> None:
    [said] = read(mastodon, Answer([post(account=account(name, followers_count=count))])).mentions

    assert said.audience == audience


def test_a_post_without_an_address_leads_to_where_it_came_from(mastodon: Connector[Any]) -> None:
    [said] = read(mastodon, Answer([post(url=None, uri="https://far.example/objects/1")])).mentions

    assert said.url == "https://far.example/objects/1"


# --- lists and how they are walked ---------------------------------------------------------------


def test_with_a_token_and_search_everything_is_asked_for() -> None:
    requests = asked(made("mastodon", tags=["#Acme", "coffee"], exclude_tags=["#jobs"], search=True))

    assert set(requests) == {"tag:acme", "tag:coffee", "mentions", "search:Acme Coffee", "server"}
    assert requests["tag:acme"].url == f"{SERVER}/api/v1/timelines/tag/acme"
    assert requests["tag:acme"].params == {"none[]": ["jobs"], "limit": 40}
    assert requests["mentions"].params == {"types[]": ["mention"], "limit": 80}
    assert requests["search:Acme Coffee"].params == {"q": '"Acme Coffee"', "type": "statuses", "limit": 40}


def test_without_a_token_only_tags_are_asked_for() -> None:
    subject = public()

    assert set(asked(subject)) == {"tag:acme", "server"}
    assert subject.auth() is None


@pytest.mark.parametrize(
    ("options", "searches"), [({}, False), ({"search": True}, True), ({"match_brand": True}, True)]
)
def test_what_a_search_brings_must_name_a_brand(options: dict[str, Any], searches: bool) -> None:
    assert made("mastodon", **options).searches is searches


@pytest.mark.parametrize(
    ("newest", "full", "bound"),
    [
        (str(NEWEST), False, str(NEWEST - HOUR)),
        (str(NEWEST), True, str(NEWEST - 48 * HOUR)),
        ("21", False, "21"),  # counted, as notifications are
        ("01HZXW4Y3M6J8N5T2Q7R9S0VAB", True, "01HZXW4Y3M6J8N5T2Q7R9S0VAB"),  # other software
    ],
)
def test_a_look_goes_back_behind_the_newest_where_ids_hold_the_time(newest: str, full: bool, bound: str) -> None:
    since = Since(None if full else NOON, {"tag:acme": newest})

    assert asked(public(), since)["tag:acme"].params["min_id"] == bound


def test_the_first_walk_goes_back_from_the_newest(mastodon: Connector[Any]) -> None:
    page = read(mastodon, Answer([post(NEWEST), post(NEWEST - 1)]))

    [further] = page.follow
    assert isinstance(further, Request)
    assert further.params == {"limit": 40, "max_id": str(NEWEST - 1)}
    older = read(mastodon, Answer([post(NEWEST - 2)]), further)
    assert older.bookmark == page.bookmark == {"tag:acme": str(NEWEST)}


def test_later_walks_go_forward_until_a_page_is_empty() -> None:
    subject = public()
    begins = asked(subject, Since(NOON, {"tag:acme": str(NEWEST)}))["tag:acme"]

    page = read(subject, Answer([post(NEWEST + 2), post(NEWEST + 1)]), begins)

    [further] = page.follow
    assert isinstance(further, Request)
    assert further.params == {"limit": 40, "min_id": str(NEWEST + 2)}
    assert page.bookmark == {"tag:acme": str(NEWEST + 2)}
    assert read(subject, Answer([]), further) == Page()


def test_what_is_read_again_does_not_turn_the_bookmark_back() -> None:
    subject = public()
    begins = asked(subject, Since(NOON, {"tag:acme": str(NEWEST)}))["tag:acme"]

    page = read(subject, Answer([post(NEWEST - 5)]), begins)

    assert page.bookmark == {"tag:acme": str(NEWEST)}


def test_ids_are_compared_as_numbers(mastodon: Connector[Any]) -> None:
    page = read(mastodon, Answer([post(1000), post(999)]))

    assert page.bookmark == {"tag:acme": "1000"}


def test_a_search_turns_pages_by_counting() -> None:
    subject = made("mastodon", search=True)
    begins = asked(subject, Since(NOON, {"search:Acme Coffee": "30"}))["search:Acme Coffee"]

    first = read(subject, Answer({"accounts": [], "statuses": [post(32)], "hashtags": []}), begins)
    [second] = first.follow
    assert isinstance(second, Request)
    [third] = read(subject, Answer({"accounts": [], "statuses": [post(31)], "hashtags": []}), second).follow

    assert isinstance(third, Request)
    assert [second.params["offset"], third.params["offset"]] == [40, 80]
    assert second.params["min_id"] == third.params["min_id"] == "30"
    assert read(subject, Answer({"accounts": [], "statuses": [], "hashtags": []}), third) == Page()


def test_mentions_are_remembered_by_their_own_number_and_stored_by_that_of_the_post(mastodon: Connector[Any]) -> None:
    begins = asked(mastodon)["mentions"]
    odd = [mention(23, type="favourite"), mention(22, type="a type of 2027", status=False), mention(21)]
    without = mention(20) | {"status": None}

    page = read(mastodon, Answer([*odd, without]), begins)

    assert [said.external_id for said in page.mentions] == [str(NEWEST + 21)]
    assert page.problems == ()
    assert page.bookmark == {"mentions": "23"}


def test_no_mentions_are_no_error(mastodon: Connector[Any]) -> None:
    assert read(mastodon, Answer([]), asked(mastodon)["mentions"]) == Page()


# --- what a server keeps to itself ---------------------------------------------------------------


def test_an_empty_list_is_not_believed_before_the_server_is_asked(mastodon: Connector[Any]) -> None:
    [further] = read(mastodon, Answer([])).follow

    assert isinstance(further, Request)
    assert further.url == f"{SERVER}/api/v2/instance"
    assert read(mastodon, Answer(server(local="public", remote="public")), further) == Page()


@pytest.mark.parametrize(
    ("subject", "feeds", "word"),
    [
        (public(), {"local": "public", "remote": "authenticated"}, "token"),
        (public(), {"local": "disabled", "remote": "disabled"}, "switched off"),
        (made("mastodon"), {"local": "disabled", "remote": "disabled"}, "switched off"),
    ],
)
def test_a_list_that_is_shut_is_an_error_with_a_way_out(
    subject: Connector[Any], feeds: dict[str, str], word: str
) -> None:
    with pytest.raises(FetchError, match=word):
        read(subject, Answer(server(**feeds)), asked(subject)["server"])


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        (made("mastodon"), Answer(server(local="authenticated", remote="authenticated"))),
        (public(), Answer(server(local="disabled", remote="public"))),
        (public(), Answer(server())),
        (public(), Answer({"error": "Not Found"}, 404)),
    ],
)
def test_a_list_that_is_open_to_us_is_none(subject: Connector[Any], answer: Answer) -> None:
    assert read(subject, answer, asked(subject)["server"]) == Page()


@pytest.mark.parametrize("status", [401, 403, 422])
def test_without_a_token_a_refusal_says_that_one_may_help(status: int) -> None:
    subject = public()

    refusal = subject.refused(response_to(asked(subject)["tag:acme"], Answer({"error": "no"}, status)))

    assert refusal is not None
    assert refusal.outcome is Outcome.FAILED
    assert "token" in refusal.why


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-RateLimit-Reset": "2026-11-24T12:03:00.940463Z"}, timedelta(minutes=3)),
        ({"X-RateLimit-Reset": "2026-11-24T12:03:00Z", "Retry-After": "20"}, timedelta(seconds=20)),
        ({"X-RateLimit-Reset": "2026-11-24T11:00:00Z"}, timedelta(seconds=1)),
        ({"X-RateLimit-Reset": "2026-12-24T11:00:00Z"}, timedelta(hours=1)),
        ({"X-RateLimit-Reset": "soon"}, None),
        ({}, None),
    ],
)
def test_the_limit_is_lifted_at_a_time_of_day(
    mastodon: Connector[Any], headers: dict[str, str], wait: timedelta | None
) -> None:
    answer = Answer({"error": "Too many requests"}, 429, headers=headers)
    response = replace(
        response_to(asked(mastodon)["tag:acme"], answer), received_at=datetime(2026, 11, 24, 12, tzinfo=UTC)
    )

    refusal = mastodon.refused(response)

    assert refusal is not None
    assert (refusal.outcome, refusal.wait) == (Outcome.THROTTLED, wait)


# --- looking again, answering --------------------------------------------------------------------


def test_an_open_case_is_asked_for_with_what_was_said_below_it(mastodon: Connector[Any]) -> None:
    assert [request.url for request in mastodon.recheck([known("7")]) if isinstance(request, Request)] == [
        ALONE.url,
        BELOW.url,
    ]


def test_without_accounts_of_ours_nobody_asks_for_answers() -> None:
    kind = class_of("mastodon")
    subject = kind(kind.Config(**cases_of("mastodon").options), (Brand("acme", ("Acme",)),))

    assert [request.url for request in subject.recheck([known("7")]) if isinstance(request, Request)] == [ALONE.url]
    assert subject.sees_answers == "no"


def test_of_what_was_said_below_only_our_own_is_read(mastodon: Connector[Any]) -> None:
    below = [post(8, by="jo", in_reply_to_id="7"), post(9, by="Acme", in_reply_to_id="7")]

    page = read(mastodon, Answer({"ancestors": [post(1)], "descendants": below}), BELOW)

    assert [(said.external_id, said.parent_id) for said in page.mentions] == [("9", "7")]


def test_a_thread_that_is_gone_says_nothing_of_the_post(mastodon: Connector[Any]) -> None:
    assert read(mastodon, Answer({"error": "Record not found"}, 404), BELOW) == Page()


@pytest.mark.parametrize(("kind", "visibility"), [(Kind.COMMENT, "unlisted"), (Kind.MESSAGE, "direct")])
def test_an_answer_names_whom_it_answers_and_is_as_private_as_the_post(
    mastodon: Connector[Any], kind: Kind, visibility: str
) -> None:
    request = mastodon.reply(known("7", kind), "We are sorry.")

    assert (request.method, request.url) == ("POST", f"{SERVER}/api/v1/statuses")
    assert request.form == {
        "status": "@nia@social.example We are sorry.",
        "in_reply_to_id": "7",
        "visibility": visibility,
    }
    again, other = mastodon.reply(known("7", kind), "We are sorry."), mastodon.reply(known("7", kind), "Sorry.")
    assert request.headers == again.headers != other.headers


def test_without_a_token_nothing_is_answered() -> None:
    with pytest.raises(UsageError, match="token"):
        public().reply(known(), "We are sorry.")


def test_our_answer_is_read_as_the_server_shows_it(mastodon: Connector[Any]) -> None:
    request = mastodon.reply(known(), "We are sorry.")

    reply = mastodon.replied(response_to(request, Answer(post(9, by="acme", content="<p>We are sorry.</p>"))))

    assert (reply.text, reply.state, reply.external_id) == ("We are sorry.", ReplyState.VISIBLE, "9")
    assert reply.url == f"{SERVER}/@acme/9"


def test_the_token_goes_into_the_header(mastodon: Connector[Any]) -> None:
    auth = mastodon.auth()

    assert auth is not None
    assert auth.sign(asked(mastodon)["mentions"], None, NOON).headers == {"Authorization": f"Bearer {TOKEN}"}
