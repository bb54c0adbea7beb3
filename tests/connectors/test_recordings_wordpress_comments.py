"""Every recorded list of comments of a WordPress site, read by its connector."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.connector import Kind
from monitor.text import from_html
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, squeezed, why_absent, words


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


@pytest.mark.parametrize("recording", recordings("wordpress", "comments-v2-*.json"), ids=name_of)
def test_every_recorded_comment_is_read(recording: Path) -> None:
    comments = json.loads(recording.read_bytes())
    page = read(made("wordpress_comments"), Answer(recording.read_bytes()))

    assert [mention.external_id for mention in page.mentions] == [str(comment["id"]) for comment in comments]
    assert page.problems == ()
    for mention, comment in zip(page.mentions, comments, strict=True):
        assert (mention.kind, mention.rating) == (Kind.COMMENT, None)
        assert mention.published_at == datetime.fromisoformat(comment["date_gmt"]).replace(tzinfo=UTC)
        assert squeezed(from_html(mention.text)) == squeezed(" ".join(words(comment["content"]["rendered"])))
        assert mention.author is not None
        assert (mention.author.name, mention.author.id) == (comment["author_name"], str(comment["author"]))
        assert (mention.url, mention.parent_id) == (comment["link"], str(comment["parent"]))
        for private in ("author_email", "author_ip", "author_user_agent"):
            assert comment.get(private, "avatar") not in repr(mention)
