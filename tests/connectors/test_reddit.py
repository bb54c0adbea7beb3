"""What is special about Reddit: known names instead of a cursor, words that are forgotten, an app or a feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from monitor.connector import (
    Audience,
    Brand,
    Connector,
    FetchError,
    Kind,
    Mention,
    Outcome,
    Page,
    ParseError,
    Request,
    Since,
    UsageError,
)
from monitor.connector.auth import ClientCredentials
from monitor.models import ReplyState, Subject
from monitor.text import from_html
from tests.builders import NOON
from tests.connectors.cases.reddit import ACME, API, APP, INFO, SECRET, THREAD, comment, listing, post
from tests.connectors.kit import Answer, class_of, first_request, made, read, refusal_of, response_to

FEED_TOKEN = "made-up-feed-token"
SITE = "https://www.reddit.com"


@pytest.fixture
def reddit() -> Connector[Any]:
    return made("reddit")


def feeds(**options: Any) -> Connector[Any]:
    """Return a connector that reads feeds."""
    kind = class_of("reddit")
    return kind(kind.Config(**{"username": "acme_watch", "feed_token": FEED_TOKEN, **options}), (ACME,))


def asked(subject: Connector[Any], since: Since | None = None) -> dict[str, Request]:
    """Return the first requests of a walk by the path each asks for."""
    requests = [request for request in subject.start(since or Since()) if isinstance(request, Request)]
    return {request.url.removeprefix(API).removeprefix(SITE): request for request in requests}


def known(name: str = "t3_500", thread: str | None = "t3_500") -> Mention:
    """Return a mention as it is stored."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("title", "url", "author", "published_at", "updated_at", "rating", "language", "audience", "reply"), None
    )
    return Mention(
        name, Kind.POST, "text", 4, subject=Subject(), answer_url=None, thread_id=thread,
        parent_id=None, same_as=None, content_hash="h", **nothing,
    )  # fmt: skip


# --- posts and comments --------------------------------------------------------------------------


def test_a_post_is_read_whole(reddit: Connector[Any]) -> None:
    [said] = read(reddit, Answer(listing(post(edited=1795520000.0)))).mentions

    assert (said.external_id, said.kind, said.thread_id, said.parent_id) == ("t3_500", Kind.POST, "t3_500", None)
    assert (said.title, said.text) == ("Acme Coffee & me", "They took my money *twice*.")
    assert said.author is not None
    assert (said.author.name, said.author.id, said.author.url) == ("Nia_N", "nia_n", f"{SITE}/user/Nia_N")
    assert said.published_at == datetime.fromtimestamp(1795514900, UTC)
    assert said.updated_at == datetime.fromtimestamp(1795520000, UTC)
    assert said.audience == Audience(1200, "subscribers")
    assert said.url == said.answer_url == f"{SITE}/r/coffee/comments/500/acme/"
    assert said.rating is None


def test_a_post_that_is_only_a_link_shows_where_it_leads(reddit: Connector[Any]) -> None:
    [said] = read(
        reddit, Answer(listing(post(selftext="", is_self=False, url="https://acme.example/?a=1&b=2")))
    ).mentions

    assert said.text == "https://acme.example/?a=1&b=2"


def test_a_comment_knows_what_it_answers_and_has_no_title(reddit: Connector[Any]) -> None:
    [said] = read(reddit, Answer(listing(comment(parent_id="t1_699", link_title="Acme Coffee & me")))).mentions

    assert (said.external_id, said.kind, said.title) == ("t1_700", Kind.COMMENT, None)
    assert (said.thread_id, said.parent_id) == ("t3_500", "t1_699")
    assert said.audience is None


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, f"{SITE}/r/coffee/comments/500/acme/700/"),
        ({"permalink": ...}, f"{SITE}/comments/500/_/700/"),
        ({"permalink": ..., "context": "/r/coffee/comments/500/a/700/"}, f"{SITE}/r/coffee/comments/500/a/700/"),
    ],
)
def test_a_comment_has_an_address_in_every_list(reddit: Connector[Any], changes: dict[str, Any], address: str) -> None:
    [said] = read(reddit, Answer(listing(comment(**changes)))).mentions

    assert said.url == address


def test_a_message_of_the_inbox_is_the_comment_it_tells_of(reddit: Connector[Any]) -> None:
    context = "/r/coffee/comments/500/acme/700/?context=3"
    inbox = comment(link_id=..., permalink=..., context=context, type="username_mention", was_comment=True)

    [said] = read(reddit, Answer(listing(inbox))).mentions

    assert (said.external_id, said.thread_id) == ("t1_700", "t3_500")


def test_a_crosspost_is_what_it_shows(reddit: Connector[Any]) -> None:
    first, second = read(reddit, Answer(listing(post(501, crosspost_parent="t3_500"), post(500)))).mentions

    assert first.same_as == second.same_as == "reddit:t3_500"


@pytest.mark.parametrize(
    "changes",
    [
        {"author": "[deleted]", "selftext": "[deleted]"},
        {"selftext": "[removed]"},
        {"removed_by_category": "moderator"},
        {"author": "[deleted]"},  # the account is gone: its name must be forgotten, too
    ],
)
def test_what_was_deleted_is_forgotten_wherever_it_shows(reddit: Connector[Any], changes: dict[str, Any]) -> None:
    page = read(reddit, Answer(listing(post(**changes), post(499))))

    assert [said.external_id for said in page.mentions] == ["t3_499"]
    assert page.gone == ("t3_500",)
    assert page.problems == ()


def test_a_deleted_comment_is_forgotten(reddit: Connector[Any]) -> None:
    page = read(reddit, Answer(listing(comment(author="[deleted]", body="[deleted]"))), INFO)

    assert page == Page(gone=("t1_700",))


# --- lists and how they are walked ---------------------------------------------------------------


def test_everything_is_asked_for_as_reddit_wants_it() -> None:
    requests = asked(made("reddit", subreddits=["coffee", "tea"], password="made-up"))

    assert list(requests) == ["/search", "/r/coffee+tea/new", "/r/coffee+tea/comments", "/message/mentions"]
    assert requests["/search"].params == {
        "q": '"Acme Coffee"', "sort": "new", "type": "link", "t": "all", "raw_json": 1, "limit": 100,
    }  # fmt: skip
    assert requests["/message/mentions"].params == {"raw_json": 1, "limit": 100}
    assert all("before" not in request.params for request in requests.values())


def test_later_searches_ask_for_a_week(reddit: Connector[Any]) -> None:
    assert asked(reddit, Since(NOON, {"/search": []}))["/search"].params["t"] == "week"


def test_many_words_are_several_questions() -> None:
    words = tuple(f"word number {number}" for number in range(60))
    requests = [one for one in made("reddit", terms=words).start(Since()) if isinstance(one, Request)]
    questions = [request.params["q"] for request in requests]

    assert len(questions) == 3
    assert all(len(question) <= 512 for question in questions)
    assert " OR ".join(questions) == " OR ".join(f'"{word}"' for word in words)


def test_quotes_in_a_word_do_not_end_the_phrase() -> None:
    assert asked(made("reddit", terms=('the "best" cup', '"')))["/search"].params["q"] == '"the  best  cup"'


def test_without_words_there_is_nothing_to_search_for() -> None:
    kind = class_of("reddit")

    with pytest.raises(UsageError, match="terms"):
        list(kind(kind.Config(**APP), ()).start(Since()))


def test_a_look_ends_where_a_known_name_comes_again(reddit: Connector[Any]) -> None:
    before = read(reddit, Answer(listing(post(500), post(499)))).bookmark
    begins = asked(reddit, Since(NOON, before))["/search"]

    reaches = read(reddit, Answer(listing(post(502), post(500), after="t3_500")), begins)
    reaches_not = read(reddit, Answer(listing(post(502), post(501), after="t3_501")), begins)

    assert reaches.follow == ()
    [further] = reaches_not.follow
    assert isinstance(further, Request)
    assert further.params["after"] == "t3_501"
    assert read(reddit, Answer(listing(post(499), after="t3_499")), further).follow == ()


def test_only_the_newest_page_is_remembered(reddit: Connector[Any]) -> None:
    page = read(reddit, Answer(listing(post(500), post(499, author="[deleted]"), after="t3_499")))
    [further] = page.follow

    assert page.bookmark == {'/search "Acme Coffee"': ["t3_500", "t3_499"]}
    assert isinstance(further, Request)
    assert read(reddit, Answer(listing(post(498))), further).bookmark is None


def test_an_empty_page_forgets_nothing(reddit: Connector[Any]) -> None:
    assert read(reddit, Answer(listing())) == Page()


def test_a_full_walk_goes_on_behind_known_names(reddit: Connector[Any]) -> None:
    begins = asked(reddit, Since(None, {'/search "Acme Coffee"': ["t3_500"]}))["/search"]

    assert read(reddit, Answer(listing(post(500), after="t3_500")), begins).follow


@pytest.mark.parametrize(("names", "seen", "told"), [(["t3_1"], 900, True), (["t3_1"], 100, False), ([], 900, False)])
def test_a_list_that_ends_before_anything_known_leaves_a_gap(
    reddit: Connector[Any], names: list[str], seen: int, told: bool
) -> None:
    request = Request(f"{API}/r/coffee/comments", context={"list": "/r/coffee/comments", "known": names, "seen": seen})

    page = read(reddit, Answer(listing(comment())), request)

    assert page.problems == ()
    assert ("1,000" in (page.gap or "")) is told


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-reset": "53.4"}, timedelta(seconds=53.4)),
        ({"x-ratelimit-reset": "53", "Retry-After": "7"}, timedelta(seconds=7)),
        ({"x-ratelimit-reset": "1795514400"}, timedelta(minutes=10)),
        ({"x-ratelimit-reset": "-3"}, timedelta(seconds=1)),
        ({}, None),
    ],
)
def test_the_limit_is_lifted_after_some_seconds(
    reddit: Connector[Any], headers: dict[str, str], wait: timedelta | None
) -> None:
    refusal = refusal_of(reddit, 429, headers)

    assert refusal is not None
    assert (refusal.outcome, refusal.wait) == (Outcome.THROTTLED, wait)


@pytest.mark.parametrize("status", [403, 404])
def test_a_subreddit_that_is_shut_does_not_end_the_access(status: int) -> None:
    subject = made("reddit", subreddits=["coffee"])
    answer = Answer({"message": "Forbidden", "error": status, "reason": "private"}, status)

    refusal = subject.refused(response_to(asked(subject)["/r/coffee/new"], answer))

    assert refusal is not None
    assert refusal.outcome is Outcome.FAILED
    assert "`subreddits`" in refusal.why


def test_a_name_reddit_does_not_know_is_no_empty_list() -> None:
    subject = made("reddit", subreddits=["coffee"])
    request = Request(f"{API}/subreddits/search", {"q": "coffee"}, context=asked(subject)["/r/coffee/new"].context)

    refusal = subject.refused(response_to(request, Answer(listing())))

    assert refusal is not None
    assert refusal.outcome is Outcome.FAILED


# --- looking again, answering --------------------------------------------------------------------


def test_a_hundred_things_are_asked_for_at_once_and_each_thread_by_itself() -> None:
    subject = made("reddit")
    many = [known(f"t3_{number}") for number in range(150)]

    requests = [one for one in subject.recheck(many) if isinstance(one, Request)]
    batches = [request.params["id"].split(",") for request in requests if request.url.endswith("/api/info")]

    assert [len(batch) for batch in batches] == [100, 50]
    assert [name for batch in batches for name in batch] == [mention.external_id for mention in many]
    assert len(requests) - len(batches) == 150
    assert len(list(subject.reread(many))) == 2, "whether they stand needs no threads"
    assert all(request.about == () for request in requests)  # one that is missing says nothing of the others


def test_the_thread_of_a_comment_is_asked_for_from_the_comment_on(reddit: Connector[Any]) -> None:
    [_, thread] = [one.url for one in reddit.recheck([known("t1_700")]) if isinstance(one, Request)]

    assert thread == f"{API}/comments/500/_/700"


def test_without_accounts_of_ours_nobody_asks_for_threads() -> None:
    kind = class_of("reddit")
    subject = kind(kind.Config(**APP), (Brand("acme", ("Acme",)),))

    assert [one.url for one in subject.recheck([known()]) if isinstance(one, Request)] == [f"{API}/api/info"]
    assert subject.sees_answers == "no"


def test_of_a_thread_only_our_own_comments_are_read(reddit: Connector[Any]) -> None:
    ours = comment(702, author="ACME_team", parent_id="t1_701")
    more = {"kind": "more", "data": {"count": 3, "children": ["a"], "id": "a", "name": "t1_a", "parent_id": "t3_500"}}
    other = comment(701, replies=listing(ours, more))

    page = read(reddit, Answer([listing(post()), listing(other, more)]), THREAD)

    assert [(said.external_id, said.parent_id) for said in page.mentions] == [("t1_702", "t1_701")]


def test_an_answer_is_given_as_the_account_whose_password_is_known() -> None:
    subject = made("reddit", password="made-up")

    request = subject.reply(known("t1_700"), "We are sorry.")

    assert (request.method, request.url) == ("POST", f"{API}/api/comment")
    assert request.form == {"api_type": "json", "thing_id": "t1_700", "text": "We are sorry."}
    with pytest.raises(UsageError, match="password"):
        made("reddit").reply(known(), "We are sorry.")


def test_our_answer_is_read_as_reddit_shows_it(reddit: Connector[Any]) -> None:
    said = {"json": {"errors": [], "data": {"things": [comment(702, author="Acme_Team", body="We are sorry.")]}}}

    reply = reddit.replied(response_to(THREAD, Answer(said)))

    assert (reply.text, reply.state, reply.external_id) == ("We are sorry.", ReplyState.VISIBLE, "t1_702")
    assert reply.url == f"{SITE}/r/coffee/comments/500/acme/702/"


@pytest.mark.parametrize(("code", "permanent"), [("RATELIMIT", False), ("THREAD_LOCKED", True)])
def test_a_no_that_comes_with_200_is_a_no(reddit: Connector[Any], code: str, permanent: bool) -> None:
    said = {"json": {"errors": [[code, "try again in 5 minutes", "ratelimit"]]}}

    with pytest.raises(FetchError, match="try again") as raised:
        reddit.replied(response_to(THREAD, Answer(said)))

    assert raised.value.permanent is permanent


# --- access --------------------------------------------------------------------------------------


def test_an_app_asks_for_a_token_of_its_own(reddit: Connector[Any]) -> None:
    auth = reddit.auth()
    assert isinstance(auth, ClientCredentials)

    signed = auth.ask(None, NOON)

    assert signed.request.url == f"{SITE}/api/v1/access_token"
    assert signed.request.form == {"grant_type": "client_credentials"}
    assert signed.headers["Authorization"].startswith("Basic ")
    assert SECRET not in repr(signed)


def test_with_a_password_the_token_is_that_of_the_account() -> None:
    auth = made("reddit", password="made-up-password").auth()
    assert isinstance(auth, ClientCredentials)

    signed = auth.ask(None, NOON)

    assert signed.request.form == {"grant_type": "password", "username": "acme_watch"}
    assert signed.form == {"password": "made-up-password"}
    assert "made-up-password" not in repr(signed)


# --- feeds ---------------------------------------------------------------------------------------

SIGNATURE = (
    ' &#32; submitted by &#32; <a href="https://www.reddit.com/user/Nia_N"> /u/Nia_N </a> <br/> '
    '<span><a href="https://www.reddit.com/r/coffee/comments/500/acme/">[link]</a></span> &#32; '
    '<span><a href="https://www.reddit.com/r/coffee/comments/500/acme/">[comments]</a></span>'
)
WORDS = '<!-- SC_OFF --><div class="md"><p>They took my money twice. As submitted by me.</p></div><!-- SC_ON -->'


def feed(*entries: str) -> Answer:
    """Return a feed."""
    head = '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>new</title>'
    return Answer(f"{head}{''.join(entries)}</feed>", content_type="application/atom+xml")


def entry(name: str = "t3_500", author: str = "/u/Nia_N", title: str = "Acme &amp; me", markup: str = "") -> str:
    """Return one entry of a feed."""
    content = (markup or WORDS + SIGNATURE).replace("&", "&amp;").replace("<", "&lt;")
    return (
        f"<entry><author><name>{author}</name><uri>https://www.reddit.com/user/x</uri></author>"
        f'<category term="coffee" label="r/coffee"/><content type="html">{content}</content><id>{name}</id>'
        f'<link href="https://www.reddit.com/r/coffee/comments/500/acme/" />'
        "<updated>2026-11-24T10:00:00+00:00</updated>"
        f"<published>2026-11-24T09:00:00+00:00</published><title>{title}</title></entry>"
    )


def test_feeds_are_asked_for_with_the_token_of_the_account() -> None:
    subject = feeds(subreddits=["coffee", "tea"])
    requests, auth = asked(subject), subject.auth()

    assert list(requests) == ["/search.rss", "/r/coffee+tea/new/.rss", "/r/coffee+tea/comments/.rss"]
    assert requests["/search.rss"].params == {"q": '"Acme Coffee"', "sort": "new", "limit": 100, "user": "acme_watch"}
    assert auth is not None
    assert auth.sign(requests["/search.rss"], None, NOON).params == {"feed": FEED_TOKEN}


def test_an_entry_of_a_feed_is_read_without_what_reddit_adds_to_it() -> None:
    subject = feeds()

    page = read(subject, feed(entry(), entry("t1_700", title="/u/Nia_N on Acme")), first_request(subject))

    said, below = page.mentions
    assert (said.external_id, said.kind, said.thread_id) == ("t3_500", Kind.POST, "t3_500")
    assert from_html(said.title or "") == "Acme & me"
    assert from_html(said.text).strip() == "They took my money twice. As submitted by me."
    assert said.author is not None
    assert (said.author.name, said.author.id) == ("Nia_N", "nia_n")
    assert said.published_at == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert said.url == f"{SITE}/r/coffee/comments/500/acme/"
    assert (below.kind, below.title) == (Kind.COMMENT, None)
    assert page.follow == ()


def test_a_feed_shows_no_deleted_accounts_and_hides_no_good_entry_behind_a_broken_one() -> None:
    subject = feeds()
    broken = entry("t3_3").replace("<id>t3_3</id>", "")

    page = read(subject, feed(entry(), entry("t3_4", author="[deleted]"), broken), first_request(subject))

    assert [said.external_id for said in page.mentions] == ["t3_500"]
    assert [problem.what for problem in page.problems] == ["no key `id`"]


BOMB = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "%s">%s]><feed xmlns="http://www.w3.org/2005/Atom">&z;</feed>' % (
    b"ha" * 50,
    b"".join(b'<!ENTITY %c "%s">' % (97 + at, (b"&%c;" % (96 + at)) * 20) for at in range(1, 26)),
)


@pytest.mark.parametrize("body", [b"<html><body>Log in</body></html>", b"<feed><entry>", b"<rss></rss>", b"", BOMB])
def test_what_is_no_feed_is_an_error(body: bytes) -> None:
    subject = feeds()

    with pytest.raises(ParseError):
        read(subject, Answer(body, content_type="text/html"), first_request(subject))


def test_a_feed_without_entries_is_none() -> None:
    assert read(feeds(), feed(), first_request(feeds())) == Page()


def test_feeds_see_no_answers_and_nothing_is_asked_for_again() -> None:
    assert feeds().sees_answers == "no"
    assert list(feeds().recheck([known()])) == []


def test_a_secret_is_no_part_of_what_an_option_shows() -> None:
    assert isinstance(feeds().config.feed_token, SecretStr)
    assert FEED_TOKEN not in repr(feeds().config)
