"""Every recorded post of a Discourse forum, read by its connector."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Audience, Kind, Page, Request
from monitor.text import from_html
from tests.connectors.cases.discourse import FORUM
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, squeezed, why_absent, words


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def agree(page: Page, posts: list[dict[str, Any]]) -> None:
    """Check that what was read is what a recording holds."""
    assert posts
    assert page.problems == ()
    for mention, post in zip(page.mentions, posts, strict=True):
        assert mention.external_id == str(post["id"])
        assert mention.kind == (Kind.POST if post["post_number"] == 1 else Kind.COMMENT)
        assert squeezed(from_html(mention.text)) == squeezed(" ".join(words(post["cooked"])))
        assert mention.published_at == datetime.fromisoformat(post["created_at"]).replace(microsecond=0)
        assert mention.audience == Audience(post["reads"], "readers")
        assert mention.author is not None
        assert (mention.author.id, mention.author.name) == (post["username"], post["name"] or post["username"])
        assert mention.url == f"{FORUM}/t/{post['topic_slug']}/{post['topic_id']}/{post['post_number']}"
        assert mention.thread_id == f"topic-{post['topic_id']}"


@pytest.mark.parametrize("recording", recordings("discourse", "posts_latest*.json"), ids=name_of)
def test_every_recorded_post_is_read_and_the_page_leads_on(recording: Path) -> None:
    body = json.loads(recording.read_bytes())

    page = read(made("discourse"), Answer(body))

    agree(page, body["latest_posts"])
    [further] = page.follow
    assert isinstance(further, Request)
    assert further.params["before"] == min(post["id"] for post in body["latest_posts"])


@pytest.mark.parametrize("recording", recordings("discourse", "topic*.json"), ids=name_of)
def test_the_replies_of_a_recorded_topic_are_read_without_the_notes_of_moderators(recording: Path) -> None:
    posts = [post for post in json.loads(recording.read_bytes())["post_stream"]["posts"] if post["post_number"] > 1]
    request = Request(f"{FORUM}/posts/83/replies.json", context={"answered": "83"})

    page = read(made("discourse"), Answer(posts), request)

    agree(page, [post for post in posts if post["post_type"] == 1])
    assert {mention.parent_id for mention in page.mentions} == {"83"}
