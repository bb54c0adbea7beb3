"""The recorded page of questions of Stack Exchange, whose words were taken out, read by its connector."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.connector import Audience, Request
from tests.connectors.cases.stack_exchange import ANSWERS
from tests.connectors.kit import Answer, class_of, made, read
from tests.connectors.recordings import name_of, recordings, why_absent


@pytest.mark.parametrize("recording", recordings("stackexchange", "*.json"), ids=name_of)
def test_recorded_questions_are_read_and_the_backoff_is_kept(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)
    body = json.loads(recording.read_bytes())
    asked = Request(
        "https://api.stackexchange.com/2.3/questions", context={"lists": [{"for": "a", "after": 1, "page": 1}]}
    )

    page = read(made("stack_exchange"), Answer(body), asked)

    assert len(page.mentions) == len(body["items"]) == 2
    assert page.problems == ()
    for said, item in zip(page.mentions, body["items"], strict=True):
        assert said.external_id == str(item["question_id"])
        assert said.published_at == datetime.fromtimestamp(item["creation_date"], UTC)
        assert said.audience == Audience(item["view_count"], "views")
        assert said.author is not None
        assert (said.author.name, said.author.id) == (item["owner"]["display_name"], str(item["owner"]["user_id"]))
    assert (body["backoff"], body["has_more"]) == (0.2, True)
    assert page.follow == ()
    assert page.bookmark == {"left": [{"for": "a", "after": 1, "page": 2}]}


@pytest.mark.parametrize("recording", recordings("stackexchange", "*.json"), ids=name_of)
def test_recorded_answers_and_comments_are_known_by_who_wrote_them(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)
    items = json.loads(recording.read_bytes())["items"]
    answers = [one for item in items for one in item["answers"]]
    kind = class_of("stack_exchange")
    brand = made("stack_exchange").brands[0]
    author = str(answers[0]["owner"]["user_id"])
    subject = kind(
        made("stack_exchange").config, (type(brand)("acme", ("Acme",), own_accounts={"stack_exchange": (author,)}),)
    )

    page = read(subject, Answer({"items": answers, "has_more": False}), ANSWERS)

    expected = [one for one in answers if str(one["owner"]["user_id"]) == author]
    assert expected
    assert [(said.external_id, said.parent_id) for said in page.mentions] == [
        (str(one["answer_id"]), str(one["question_id"])) for one in expected
    ]
