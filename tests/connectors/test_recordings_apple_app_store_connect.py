"""The recorded page of App Store Connect, read by its connector, and Apple's specification, asked by its requests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Rating, Request
from tests.connectors.cases.apple_app_store_connect import API, ONE, answer, page, review
from tests.connectors.kit import Answer, first_request, made, read
from tests.connectors.recordings import name_of, recordings, why_absent
from tests.connectors.test_apple_app_store_connect import known

OURS = made("apple_app_store_connect", countries=["DEU", "USA"])


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


PAGES = pytest.mark.parametrize(
    "recording", recordings("apple_app_store_connect", "customer_reviews_page*.json"), ids=name_of
)
SPECIFICATION = pytest.mark.parametrize(
    "recording", recordings("apple_app_store_connect", "openapi*.json"), ids=name_of
)


@PAGES
def test_the_recorded_page_is_read(recording: Path) -> None:
    [recorded] = json.loads(recording.read_bytes())["data"]

    found = read(OURS, Answer(recording.read_bytes()))

    [said] = found.mentions
    assert (said.external_id, said.rating) == (recorded["id"], Rating(5))
    assert (said.title, said.text) == (recorded["attributes"]["title"], recorded["attributes"]["body"])
    assert said.author is not None
    assert said.author.name == recorded["attributes"]["reviewerNickname"]
    assert said.published_at == datetime(2026, 7, 10, 15, 10, 55, tzinfo=UTC)
    assert (said.subject.country, said.reply) == ("CHN", None)
    assert [total.count for total in found.totals] == [1]
    assert (found.follow, found.problems) == ((), ())


def operation(specification: dict[str, Any], request: Request) -> dict[str, Any]:
    """Return what the specification says of a request; fails when it knows no such path or method."""
    path = request.url.removeprefix(API)
    for name, ways in specification["paths"].items():
        parts, wanted = path.split("/"), name.split("/")
        if len(parts) == len(wanted) and all(b in (a, "{id}") for a, b in zip(parts, wanted, strict=True)):
            found: dict[str, Any] = ways[request.method.lower()]
            return found
    raise AssertionError(f"the specification knows no {request.method} {path}")


def resolved(specification: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema, or the one it points to."""
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = specification["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def unknown(specification: dict[str, Any], value: Any, schema: dict[str, Any], at: str = "") -> list[str]:
    """Return the keys and words of a value that the specification does not know, and those it wants and lacks."""
    schema = resolved(specification, schema)
    if "oneOf" in schema:
        names = schema["discriminator"]["mapping"]
        return unknown(specification, value, {"$ref": names[value["type"]]}, at)
    if isinstance(value, list):
        return [fault for one in value for fault in unknown(specification, one, schema["items"], f"{at}[]")]
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        faults = [f"{at}.{key}" for key in value if key not in properties]
        faults += [f"{at}.{key} is missing" for key in schema.get("required", ()) if key not in value]
        inside = (key for key in value if key in properties)
        return faults + [
            fault for key in inside for fault in unknown(specification, value[key], properties[key], f"{at}.{key}")
        ]
    return [f"{at} = {value}"] if "enum" in schema and value not in schema["enum"] else []


@SPECIFICATION
def test_every_parameter_that_is_asked_with_is_in_the_specification(recording: Path) -> None:
    specification = json.loads(recording.read_bytes())

    for request in (first_request(OURS), ONE):
        parameters = {one["name"]: one for one in operation(specification, request)["parameters"]}
        assert request.params
        for name, value in request.params.items():
            schema = parameters[name]["schema"]
            if schema["type"] == "integer":
                assert value <= schema["maximum"]
            else:
                assert parameters[name]["explode"] is False
                assert set(str(value).split(",")) <= set(schema["items"]["enum"])


@SPECIFICATION
def test_what_the_tests_of_this_connector_make_up_has_the_shape_of_the_specification(recording: Path) -> None:
    specification = json.loads(recording.read_bytes())
    shown = page(review(1, answered=True), review(2), included=[answer(1)], following=f"{API}/x", total=2)
    one = {"data": review(1, answered=True), "included": [answer(1)], "links": {"self": ONE.url}}

    for request, body in ((first_request(OURS), shown), (ONE, one)):
        good = operation(specification, request)["responses"]["200"]["content"]["application/json"]["schema"]
        assert unknown(specification, body, good) == []
        assert read(OURS, Answer(body), request).mentions[0].reply is not None


@SPECIFICATION
def test_an_answer_is_sent_in_the_shape_of_the_specification(recording: Path) -> None:
    specification = json.loads(recording.read_bytes())
    request = OURS.reply(known("review-1"), "We are sorry.")

    sent = operation(specification, request)["requestBody"]["content"]["application/json"]["schema"]
    came = operation(specification, request)["responses"]["201"]["content"]["application/json"]["schema"]

    assert unknown(specification, request.json, sent) == []
    assert unknown(specification, {"data": answer(1), "links": {"self": "x"}}, came) == []


@SPECIFICATION
def test_a_key_the_specification_does_not_know_is_found(recording: Path) -> None:
    specification = json.loads(recording.read_bytes())
    schema = {"$ref": "#/components/schemas/CustomerReview"}

    assert unknown(specification, review(1, deviceFamily="x"), schema) == [".attributes.deviceFamily"]
