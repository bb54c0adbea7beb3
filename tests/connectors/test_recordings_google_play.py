"""The recorded answer of Google Play's API and a recorded monthly file, read by the connector."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from monitor.connector import Page, Rating, RawMention
from tests.connectors.cases.google_play import BUCKET
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, why_absent
from tests.connectors.test_google_play import downloads, entry

PACKAGE = "org.kiwix.kiwixmobile"
LISTS = pytest.mark.parametrize("recording", recordings("google_play", "reviews_list*.json"), ids=name_of)
FILES = pytest.mark.parametrize("recording", recordings("google_play", "*.csv"), ids=name_of)


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def moment(millis: str) -> datetime | None:
    return datetime.fromtimestamp(int(millis) / 1000, UTC) if millis else None


def near(one: datetime | None, other: datetime | None) -> bool:
    return one == other or (one is not None and other is not None and abs((one - other).total_seconds()) < 0.001)


@LISTS
def test_the_recorded_review_and_its_answer_are_read(recording: Path) -> None:
    [item] = json.loads(recording.read_bytes())["reviews"]
    said, answer = item["comments"][0]["userComment"], item["comments"][1]["developerComment"]

    [found] = read(made("google_play"), Answer(recording.read_bytes())).mentions

    assert found.external_id == item["reviewId"]
    assert (found.text, found.rating) == (said["text"], Rating(3))
    assert found.author is not None
    assert found.author.name == item["authorName"]
    assert (found.subject.app_version, found.subject.device) == ("20161122", "heroqltevzw (Galaxy S7)")
    assert near(found.updated_at, datetime(2017, 2, 7, 15, 55, 36, 525000, UTC))
    assert found.reply is not None
    assert found.reply.text == answer["text"]
    assert near(found.reply.published_at, datetime(2017, 2, 7, 16, 56, 20, 628000, UTC))


def rows_of(recording: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(recording.read_bytes().decode("utf-16"), newline="")))


def page_of(recording: Path) -> Page:
    subject = made("google_play", package=PACKAGE, bucket=BUCKET)
    [asked] = downloads(subject, entry(f"reviews/{recording.name}"))
    return read(subject, Answer(recording.read_bytes(), content_type="text/csv"), asked)


@FILES
def test_every_row_of_the_recorded_file_is_read(recording: Path) -> None:
    rows, found = rows_of(recording), page_of(recording)

    assert (len(rows), found.problems) == (287, ())
    for said, row in zip(found.mentions, rows, strict=True):
        assert said.rating == Rating(int(row["Star Rating"]))
        assert said.text == row["Review Text"].strip()
        assert said.title == (row["Review Title"].strip() or None)
        assert near(said.published_at, moment(row["Review Submit Millis Since Epoch"]))
        assert near(said.updated_at, moment(row["Review Last Update Millis Since Epoch"]))
        assert said.subject.app_version == row["App Version Name"]
        assert (said.reply.text if said.reply else "") == row["Developer Reply Text"]
        assert said.reply is None or near(said.reply.published_at, moment(row["Developer Reply Millis Since Epoch"]))


@FILES
def test_the_counts_of_the_recorded_file_are_right(recording: Path) -> None:
    found = page_of(recording).mentions

    assert sum(not said.text and not said.title for said in found) == 156
    assert Counter(said.rating.value for said in found if said.rating) == Counter(
        float(row["Star Rating"]) for row in rows_of(recording)
    )


@FILES
def test_recorded_rows_have_the_id_of_their_link_or_a_key_of_their_own(recording: Path) -> None:
    found, rows = page_of(recording).mentions, rows_of(recording)

    linked = {said.external_id: row for said, row in zip(found, rows, strict=True) if row["Review Link"]}
    assert all(parse_qs(row["Review Link"].partition("#")[2])["reviewid"] == [key] for key, row in linked.items())
    assert len({said.external_id for said in found}) == len(found)
    assert [bare(said) for said in found] == [not row["Review Link"] for row in rows]


def bare(said: RawMention) -> bool:
    return said.external_id.startswith(f"{PACKAGE} ")
