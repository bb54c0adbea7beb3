"""What is special about WordPress: whom a comment answers, and how one that is no longer shown looks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import Author, Connector, Kind, Mention, Outcome, Page, ParseError, Since
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.wordpress_comments import ACME, OURS, SITE, alone, comment, error, listed
from tests.connectors.kit import Answer, class_of, first_request, made, read, response_to


@pytest.fixture
def blog() -> Connector[Any]:
    return made("wordpress_comments")


def without_accounts() -> Connector[Any]:
    kind = class_of("wordpress_comments")
    return kind(kind.Config(url=SITE))


def known(subject: Connector[Any], *numbers: int) -> list[Mention]:
    """Return comments as they are stored."""
    page = read(subject, listed(*map(comment, numbers)))
    return [normalise(raw, connector="wordpress_comments", brands=(ACME,), now=NOON) for raw in page.mentions]


def test_a_comment_is_read_whole(blog: Connector[Any]) -> None:
    [raw] = read(blog, listed(comment())).mentions
    mention = normalise(raw, connector="wordpress_comments", brands=(ACME,), now=datetime(2026, 11, 25, tzinfo=UTC))

    assert (mention.external_id, mention.kind, mention.rating) == ("52", Kind.COMMENT, None)
    assert mention.text == "I waited an hour.\nNobody came – why?"
    assert mention.author == Author("Nia & Jo")
    assert mention.published_at == datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert mention.url == mention.answer_url == f"{SITE}/2026/11/new-opening-hours/comment-page-1/#comment-52"
    assert (mention.parent_id, mention.own) == (None, False)


def test_our_answer_names_the_comment_that_it_answers(blog: Connector[Any]) -> None:
    [raw] = read(blog, listed(comment(60, parent=52, **OURS))).mentions
    mention = normalise(raw, connector="wordpress_comments", brands=(ACME,), now=NOON)

    assert (mention.own, mention.parent_id, mention.text) == (True, "52", "We are sorry.")


def test_a_guest_with_our_number_as_a_name_is_not_us(blog: Connector[Any]) -> None:
    [raw] = read(blog, listed(comment(author=8, author_name="7"))).mentions

    assert not normalise(raw, connector="wordpress_comments", brands=(ACME,), now=NOON).own


def test_mail_address_and_picture_of_people_stay_where_they_are(blog: Connector[Any]) -> None:
    private = {"author_email": "nia@mail.example", "author_ip": "192.0.2.7", "author_user_agent": "Agent/1"}

    page = read(blog, listed(comment(**private)))

    assert len(page.mentions) == 1
    for value in (*private.values(), "avatar", "nia.example"):
        assert value not in repr(page)


def test_the_newest_comments_are_asked_for_a_hundred_at_once(blog: Connector[Any]) -> None:
    request = first_request(made("wordpress_comments", url=f"{SITE}/en/", posts=[12, 13]), Since(NOON))

    assert request.url == f"{SITE}/en/wp-json/wp/v2/comments"
    assert request.params == {
        "orderby": "date_gmt", "order": "desc", "per_page": 100, "page": 1, "post[]": [12, 13],
    }  # fmt: skip
    assert "post[]" not in first_request(blog).params


def test_an_empty_list_without_a_number_is_not_believed(blog: Connector[Any]) -> None:
    with pytest.raises(ParseError, match="empty list"):
        read(blog, Answer([]))


def test_an_open_case_asks_for_comments_and_answers_a_hundred_at_once(blog: Connector[Any]) -> None:
    asked = [request.params for request in blog.recheck(known(blog, *range(1, 151)))]  # type: ignore[union-attr]

    assert [len(params.get("include[]", ())) for params in asked] == [100, 0, 50, 0]
    assert [len(params.get("parent[]", ())) for params in asked] == [0, 100, 0, 50]


def test_without_accounts_of_ours_no_answers_are_seen_or_asked_for(blog: Connector[Any]) -> None:
    [request] = without_accounts().recheck(known(blog, 52))

    assert request.params["include[]"] == ["52"]  # type: ignore[union-attr]
    assert (blog.sees_answers, without_accounts().sees_answers) == ("yes", "no")


def test_a_comment_that_the_list_lacks_is_asked_for_alone(blog: Connector[Any]) -> None:
    asked, answers = blog.recheck(known(blog, 52, 51))

    page = read(blog, listed(comment(51)), asked)  # type: ignore[arg-type]  # nothing is signed here

    assert page.follow == (alone(52),)
    assert page.gone == ()
    assert read(blog, Answer(comment()), alone(52)).mentions[0].external_id == "52"
    assert read(blog, listed(pages=0), answers) == Page()  # type: ignore[arg-type]  # nothing is signed here


@pytest.mark.parametrize(("status", "code"), [(404, "rest_comment_invalid_id"), (401, "rest_cannot_read")])
def test_a_comment_that_is_deleted_or_in_the_trash_is_gone(blog: Connector[Any], status: int, code: str) -> None:
    assert read(blog, error(code, status, alone(52))).gone == ("52",)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, "rest_no_route", "look whether `url` is right, whether its permalinks are plain (then `url` has to end "),
        (404, "rest_no_route", "with /?rest_route=/), and whether something has switched off /wp-json/wp/v2/comments"),
        (401, "rest_cannot_read_post", "take it out of `posts`"),
        (401, "rest_not_logged_in", "let /wp-json/wp/v2/comments through"),
        (403, "rest_forbidden", "let /wp-json/wp/v2/comments through"),
    ],
)
def test_a_site_that_is_shut_is_no_deleted_comment(blog: Connector[Any], status: int, code: str, words: str) -> None:
    refusal = blog.refused(response_to(alone(52), error(code, status)))

    assert refusal is not None
    assert (refusal.outcome, refusal.gone) == (Outcome.FAILED, ())
    assert words in refusal.why


def test_comments_may_have_to_name_a_brand(blog: Connector[Any]) -> None:
    assert not blog.searches
    assert made("wordpress_comments", match_brand=True).searches


@pytest.mark.parametrize("given", [f"{SITE}/?rest_route=/", f"{SITE}/index.php?rest_route=/", f"{SITE}?rest_route="])
def test_a_site_with_plain_permalinks_is_asked_in_its_own_way(given: str) -> None:
    plain = made("wordpress_comments", url=given)

    request = first_request(plain)
    page = read(plain, listed(), next(iter(plain.recheck(known(plain, 52)))))  # type: ignore[arg-type]

    assert (request.url, request.params["rest_route"]) == (f"{SITE}/", "/wp/v2/comments")
    assert request.params["per_page"] == 100
    [alone_] = page.follow
    assert (alone_.url, alone_.params) == (f"{SITE}/", {"rest_route": "/wp/v2/comments/52"})  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [200, 404])
def test_plain_permalinks_are_told_with_the_address_to_give(blog: Connector[Any], status: int) -> None:
    api = f'<{SITE}/index.php?rest_route=/>; rel="https://api.w.org/"'
    front = Answer("<html>Welcome</html>", status, headers={"Link": api}, content_type="text/html")

    refusal = blog.refused(response_to(first_request(blog), front))

    assert refusal is not None
    assert f"give its address as {SITE}/?rest_route=/" in refusal.why


def test_an_empty_page_before_the_last_is_told_and_leads_on(blog: Connector[Any]) -> None:
    page = read(blog, listed(pages=2, total=101))

    assert [problem.what for problem in page.problems] == ["page 1 of 2 is empty: what belongs there was not seen"]
    assert [request.params["page"] for request in page.follow] == [2]  # type: ignore[union-attr]
