"""The recorded search and the recorded error of GitHub, read by its connector."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.connector import Audience, Outcome
from tests.connectors.cases.github import SEARCH
from tests.connectors.kit import Answer, made, read, response_to
from tests.connectors.recordings import name_of, recordings, why_absent


@pytest.mark.parametrize("recording", recordings("github", "search-*.json"), ids=name_of)
def test_a_recorded_search_is_read(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)
    [exchange] = json.loads(recording.read_bytes())
    items = exchange["response"]["items"]

    page = read(made("github"), Answer(exchange["response"]), SEARCH)

    assert (len(page.mentions), page.problems, page.gap) == (2, (), None)
    for said, item in zip(page.mentions, items, strict=True):
        assert (said.external_id, said.title, said.text) == (str(item["id"]), item["title"], item["body"])
        assert said.author is not None
        assert (said.author.id, said.author.url) == (item["user"]["login"], item["user"]["html_url"])
        assert said.published_at == datetime(2017, 10, 10, 16, tzinfo=UTC)
        assert said.audience == Audience(0, "reactions")
        assert said.url == item["html_url"]
        assert said.subject.product == "octokit-fixture-org/search-issues"


@pytest.mark.parametrize("recording", recordings("github", "errors.*.json"), ids=name_of)
def test_a_recorded_error_is_none_of_the_access(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)
    [exchange] = json.loads(recording.read_bytes())
    headers = exchange["headers"]  # among them how much of the limit is left

    refusal = made("github").refused(
        response_to(SEARCH, Answer(exchange["response"], exchange["status"], headers=headers))
    )

    assert headers["x-ratelimit-remaining"] == "4999"
    assert refusal is not None
    assert refusal.outcome == Outcome.FAILED
