"""Files of other programs: their columns are known, a broken row is named, the same file twice adds nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import config, imports, reports
from monitor.config import Settings
from monitor.errors import UsageError
from monitor.imports import files
from monitor.store import Store, open_store, schema
from tests.builders import NOON
from tests.cli.conftest import CONFIG, SECRET
from tests.reports.hostile import BEHIND_BLANKS, INSIDE, LOOKS_LIKE, STARTING
from tests.reports.mentions import put_mention

PLAY = (
    "Package Name,App Version Code,App Version Name,Reviewer Language,Device,Review Submit Date and Time,"
    "Review Submit Millis Since Epoch,Review Last Update Date and Time,Review Last Update Millis Since Epoch,"
    "Star Rating,Review Title,Review Text,Developer Reply Date and Time,Developer Reply Millis Since Epoch,"
    "Developer Reply Text,Review Link"
)
PLAY_ROWS = """\
example.brew,41,2.1,en,kettle9,2026-11-02T08:15:30Z,1793607330000,2026-11-03T09:00:00Z,1793696400000,1,,\
"Waited, and waited.\nThen it crashed.",2026-11-04T10:00:00Z,1793786400000,"We are sorry, it is mended.",\
http://play.example/details?id=example.brew&reviewId=gp%3AAOqp-one&hl=en
example.brew,41,2.1,de,pan3,2026-11-05T07:00:00Z,1793862000000,2026-11-05T07:00:00Z,1793862000000,5,Prima,Sehr gut.,,,,\
http://play.example/details?id=example.brew&reviewId=gp%3AAOqp-two
example.brew,,,fr,cup1,2026-11-06T07:00:01Z,1793948401000,2026-11-06T07:00:01Z,1793948401000,2,,,,,,
example.brew,,,fr,cup1,2026-11-06T07:00:02Z,1793948402000,2026-11-06T07:00:02Z,1793948402000,2,,,,,,
"""
TRUSTPILOT = """\
Review Id,Review Created (UTC),Review Consumer User Id,Review Title,Review Content,Review Stars,Review Language,\
Company Reply Date (UTC),Company Reply,Review Url
64aa01,2026-11-01 23:30:00,u1,Cold coffee,"It was cold, and nobody cared.",1,en,2026-11-02 08:00:00,\
Please write to us.,https://reviews.example/64aa01
64aa02,2026-11-02 00:10:00,u2,Lovely,Warm and quick.,5,en,,,https://reviews.example/64aa02
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A small configuration."""
    path = tmp_path / "monitor.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return config.load(path, {"SUPPORT_HOOK": SECRET})


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty database of each kind."""
    with open_store(database_url, now=NOON) as opened:
        yield opened


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, to be copied."""
    path = tmp_path_factory.mktemp("made") / "monitor.db"
    open_store(f"sqlite:///{path}", now=NOON).close()
    return path


@pytest.fixture
def file_store(tmp_path: Path, made: Path) -> Iterator[Store]:
    """An empty SQLite database."""
    shutil.copy(made, tmp_path / "monitor.db")
    with open_store(f"sqlite:///{tmp_path}/monitor.db", now=NOON) as opened:
        yield opened


Put = Callable[..., imports.Result]


@pytest.fixture
def put(tmp_path: Path, settings: Settings, file_store: Store) -> Put:
    """Return a function that writes a file and reads it in."""

    def one(content: str | bytes, name: str = "file.csv", *maps: str, **options: Any) -> imports.Result:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        values: dict[str, Any] = {"source": "old", "mapping": imports.mapping(maps), "now": NOON, **options}
        return imports.run(file_store, settings, path, **values)

    return one


def rows(store: Store, *names: str) -> list[tuple[Any, ...]]:
    """Return columns of all mentions with their current version, in the order in which they came."""
    m, v = schema.mentions, schema.versions
    found = [m.c[name] if name in m.c else v.c[name] for name in names]
    current = (v.c.mention_id == m.c.id) & (v.c.version == m.c.version)
    query = sa.select(*found).select_from(m.join(v, current)).order_by(m.c.id)
    with store.read() as conn:
        return [tuple(row) for row in conn.execute(query)]


def replies(store: Store) -> list[tuple[str, datetime]]:
    """Return the answers that came along."""
    with store.read() as conn:
        return [tuple(row) for row in conn.execute(sa.select(schema.replies.c.text, schema.replies.c.published_at))]


# --- files of other programs ---------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig"])
def test_a_month_of_google_play_needs_no_mapping(put: Put, file_store: Store, encoding: str) -> None:
    result = put(f"{PLAY}\n{PLAY_ROWS}".encode(encoding), "reviews_example.brew_202611.csv")

    assert (result.new, result.problems) == (4, ())
    found = rows(file_store, "external_id", "rating", "text", "title", "app_version", "device", "product", "language")
    assert found[0] == (
        "gp:AOqp-one", 1.0, "Waited, and waited.\nThen it crashed.", None, "2.1", "kettle9", "example.brew", "en",
    )  # fmt: skip
    assert found[1][:4] == ("gp:AOqp-two", 5.0, "Sehr gut.", "Prima")
    assert rows(file_store, "published_at", "updated_at")[0] == (
        datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC),
        datetime(2026, 11, 3, 9, tzinfo=UTC),
    )
    assert replies(file_store) == [("We are sorry, it is mended.", datetime(2026, 11, 4, 10, tzinfo=UTC))]


def test_stars_without_text_and_without_an_id_are_told_apart_by_the_second(put: Put, file_store: Store) -> None:
    put(f"{PLAY}\n{PLAY_ROWS}", "november.csv")
    again = put(f"{PLAY}\n{PLAY_ROWS.splitlines()[-1]}\n", "december.csv")

    assert (again.new, again.known) == (0, 1)
    assert len(rows(file_store, "id")) == 4


def test_a_file_of_trustpilot_needs_no_mapping_and_keeps_its_zone(put: Put, file_store: Store) -> None:
    result = put(TRUSTPILOT, zone="America/New_York")

    assert result.new == 2
    assert result.columns["published_at"] == "Review Created (UTC)"
    assert rows(file_store, "external_id", "author_id", "rating", "title", "published_at")[0] == (
        "64aa01", "u1", 1.0, "Cold coffee", datetime(2026, 11, 1, 23, 30, tzinfo=UTC),
    )  # fmt: skip
    assert replies(file_store) == [("Please write to us.", datetime(2026, 11, 2, 8, tzinfo=UTC))]


REVIEWS = [
    {"id": 7, "body": "Too slow.", "stars": 2, "user": {"name": "Nia", "id": "u-7"}, "created_at": 1793607330},
    {
        "id": 8,
        "body": "Fine.",
        "stars": "4",
        "user": {"name": "Ole", "id": "u-8"},
        "created_at": "2026-11-02T09:00:00Z",
    },
]


@pytest.mark.parametrize(
    "content, name",
    [
        (json.dumps(REVIEWS), "reviews.json"),
        (json.dumps({"count": 2, "reviews": REVIEWS}), "answer.json"),
        ("\n".join(map(json.dumps, REVIEWS)), "reviews.jsonl"),
        ("\n\n".join(map(json.dumps, REVIEWS)), "reviews.ndjson"),
        ("\n".join(map(json.dumps, REVIEWS)), "lines under another name.json"),
        ("\ufeff" + json.dumps(REVIEWS), "with a mark.json"),
        (json.dumps(REVIEWS), "without an ending"),
    ],
)
def test_a_list_in_json_comes_in_and_what_is_in_an_object_is_named_with_a_dot(
    put: Put, file_store: Store, content: str, name: str
) -> None:
    result = put(content, name, "author=user.name", "author_id=user.id")

    assert (result.new, result.problems) == (2, ())
    assert rows(file_store, "external_id", "text", "rating", "author", "author_id") == [
        ("7", "Too slow.", 2.0, "Nia", "u-7"),
        ("8", "Fine.", 4.0, "Ole", "u-8"),
    ]


def test_a_mapping_goes_before_what_a_name_says(put: Put, file_store: Store) -> None:
    result = put("text,comment,stars\nnot this,but this,1\n", "file.csv", "text=comment")

    assert rows(file_store, "text", "rating") == [("but this", 1.0)]
    assert result.columns == {"text": "comment", "rating": "stars"}


# --- our own export ------------------------------------------------------------------------------


def export_of(store: Store, tmp_path: Path, name: str, texts: Sequence[str]) -> Path:
    with store.write() as conn:
        for number, text in enumerate(texts, 1):
            put_mention(
                conn, number, source="shop", external_id=f"=r{number}", text=text, author=text[:20] or None, rating=2.0,
                place="Quay Street", published_at=NOON - timedelta(days=number),
            )  # fmt: skip
    path = tmp_path / name
    reports.export(store, path)
    return path


TEXTS = [text for text in STARTING + BEHIND_BLANKS + INSIDE + LOOKS_LIKE if text.strip() == text and "\0" not in text]


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_our_own_export_comes_back_as_it_was(tmp_path: Path, settings: Settings, name: str) -> None:
    with open_store(f"sqlite:///{tmp_path}/one.db", now=NOON) as before:
        path = export_of(before, tmp_path, name, TEXTS)
        there = rows(before, "text", "author", "rating", "rating_best", "place", "published_at")

    with open_store(f"sqlite:///{tmp_path}/two.db", now=NOON) as after:
        result = imports.run(after, settings, path, source="back", mapping={}, now=NOON)
        came = rows(after, "text", "author", "rating", "rating_best", "place", "published_at")
        ids = {row[0] for row in rows(after, "external_id")}

    assert result.problems == ()
    assert len(came) == len(there) == result.new
    clean = {ord("\r"): "\n"}
    assert sorted(row[0].replace("\r\n", "\n").translate(clean) for row in there) == sorted(row[0] for row in came)
    assert {row[2:5] for row in came} == {(2.0, 5.0, "Quay Street")}
    assert sorted(row[5] for row in came) == sorted(row[5] for row in there)
    assert "shop/=r1" in ids


def test_two_sources_of_an_export_that_use_one_id_stay_two(tmp_path: Path, settings: Settings) -> None:
    with open_store(f"sqlite:///{tmp_path}/one.db", now=NOON) as before:
        with before.write() as conn:
            put_mention(conn, 1, source="quay", external_id="r1", text="At the quay.")
            put_mention(conn, 2, source="mill", external_id="r1", text="At the mill.")
        reports.export(before, tmp_path / "out.csv")

    with open_store(f"sqlite:///{tmp_path}/two.db", now=NOON) as after:
        result = imports.run(after, settings, tmp_path / "out.csv", source="back", mapping={}, now=NOON)

    assert result.new == 2


# --- known again ---------------------------------------------------------------------------------

NO_IDS = "author,date,text,stars\n" + "".join(
    f"{author},{day},{text},{stars}\n"
    for author, day, text, stars in [
        ("Nia", "2026-11-02 10:15", "Slow.", 2),
        ("Nia", "2026-11-02 10:16", "Slow.", 2),
        ("Ole", "2026-11-03", "Good.", 5),
        ("", "", "", 1),
        ("", "", "", 1),
        ("", "", "", 1),
    ]
)


def test_the_same_file_twice_adds_nothing_also_without_ids(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(NO_IDS, encoding="utf-8")

    first = imports.run(store, settings, path, source="old", mapping={}, now=NOON)
    second = imports.run(store, settings, path, source="old", mapping={}, now=NOON + timedelta(hours=1))

    assert (first.new, first.edited, first.known) == (6, 0, 0)
    assert (second.new, second.edited, second.known) == (0, 0, 6)


def test_rows_that_are_alike_are_counted_across_transactions(put: Put, file_store: Store) -> None:
    alike = "text,stars\n" + "Bad.,1\n" * (imports.AT_ONCE + 5)

    first, second = put(alike), put(alike)

    assert first.new == imports.AT_ONCE + 5
    assert (second.new, second.known) == (0, imports.AT_ONCE + 5)


def test_a_later_file_in_which_somebody_changed_their_words_is_an_edit(put: Put, file_store: Store) -> None:
    put(NO_IDS)

    later = put(NO_IDS.replace("Nia,2026-11-02 10:15,Slow.,2", "Nia,2026-11-02 10:15,Slow. And rude.,1"))

    assert (later.new, later.edited) == (0, 1)
    assert rows(file_store, "text", "rating", "version")[0] == ("Slow. And rude.", 1.0, 2)


# --- how a CSV is written ------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_the_separator_and_the_line_ends_are_found(put: Put, file_store: Store, delimiter: str, ending: str) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=ending)
    writer.writerows([["Review Text", "Stars, of 5", "Author"], ["Cold; late, and | rude\tstaff", "1", "Nia"]])

    result = put(stream.getvalue(), "file.csv", "rating=Stars, of 5")

    assert result.problems == ()
    assert rows(file_store, "text", "rating", "author") == [("Cold; late, and | rude\tstaff", 1.0, "Nia")]


def test_what_excel_says_of_the_separator_is_believed(put: Put, file_store: Store) -> None:
    put("sep=;\r\ntext;stars\r\na, b, c;2\r\n")

    assert rows(file_store, "text", "rating") == [("a, b, c", 2.0)]


@pytest.mark.parametrize(
    "content, text",
    [
        ("text,stars\nCafé zu laut – „naja“,2\n".encode("cp1252"), "Café zu laut – „naja“"),
        ("text,stars\nCafé,2\n".encode("iso8859-1"), "Café"),
        ("text,stars\nCafé,2\n".encode(), "Café"),
        ("\ufefftext,stars\nCafé,2\n".encode(), "Café"),
        ("text,stars\nCafé \n".encode()[:-1] + b"\xff,2\n", "Café \ufffd"),
        (b"text,stars\na\0b,2\n", "a\ufffdb"),
        (("text,stars\n" + "é" * 3_000_000 + ",2\n").encode(), None),
    ],
    ids=["windows-1252", "latin-1", "utf-8", "mark", "a fault in utf-8", "nothing", "long"],
)
def test_the_letters_are_those_that_were_written(put: Put, file_store: Store, content: bytes, text: str | None) -> None:
    result = put(content)

    if text is None:  # a cell beyond all measure
        assert str(result.problems[0]).startswith("file.csv:2: field larger than")
    else:
        assert rows(file_store, "text") == [(text,)]


@pytest.mark.parametrize("size", [files.MAX_FIELD - 1, files.MAX_FIELD, files.MAX_FIELD + 1])
def test_a_cell_has_a_longest_length(put: Put, size: int) -> None:
    result = put(f"text,stars\n{'x' * size},2\nnext,1\n")

    assert result.new == (2 if size <= files.MAX_FIELD else 0)
    assert len(result.problems) == (size > files.MAX_FIELD)


def test_short_rows_and_empty_lines_and_columns_without_a_name_do_no_harm(put: Put, file_store: Store) -> None:
    result = put("text,stars,,author\n\nonly text\n ,,,\na,2,unnamed,Nia,,,\n")

    assert (result.new, len(result.problems)) == (2, 1)
    assert rows(file_store, "text", "rating", "author") == [("only text", None, None), ("a", 2.0, "Nia")]


# --- rows that cannot be read --------------------------------------------------------------------


@pytest.mark.parametrize(
    "row, words",
    [
        (" , ,", "has neither a text nor a mark"),
        ("bad,eleven,", "`eleven` is no mark"),
        ("bad,6,", "the mark 6 is not between 1 and 5; see --best and --worst"),
        ("bad,0,", "the mark 0 is not between 1 and 5; see --best and --worst"),
        ("bad,nan,", "`nan` is no mark"),
        ("bad,1,yesterday", "`yesterday` is no time (date); write it like 2026-11-24T09:30:00+01:00"),
        ("bad,1,03/04/2026", "`03/04/2026` is no time (date)"),
        ("bad,1,2026-13-45", "`2026-13-45` is no time (date)"),
        ("bad, and more,1,2026-11-02", "has 4 cells where the first line names 3; is a quote missing?"),
    ],
)
def test_a_broken_row_is_named_by_the_line_it_begins_in_and_the_others_come_in(put: Put, row: str, words: str) -> None:
    before = '"a text\nof three\nlines",5,2026-11-02\n'

    result = put(f"text,stars,date\n{before}{row}\ngood,5,\n")

    assert result.new == 2
    [problem] = result.problems
    assert str(problem).startswith(f"file.csv:5: {words.replace('(date)', '(published_at)')}")


def test_a_missing_quote_does_not_swallow_the_file_in_silence(put: Put) -> None:
    swallowed = "".join(f"text {number},5\n" for number in range(files.MAX_LINES + 1))

    result = put(f'text,stars\nfine,5\n"no end,1\n{swallowed}')

    assert result.new == 1
    [problem] = result.problems
    assert str(problem).startswith("file.csv:3: goes over 1,00")
    assert "is a quote missing?" in str(problem)


def test_a_broken_line_and_an_entry_that_is_none_are_named(put: Put) -> None:
    lines = put('{"text": "a", "stars": 1}\n{"text": \n[1]\n"x"\n{"text": "b"}\n', "file.jsonl")
    listed = put('[{"text": "c"}, 7, null, {"text": "d", "stars": 9}]', "file.json")

    assert (lines.new, listed.new) == (2, 1)
    assert [problem.where for problem in lines.problems] == ["file.jsonl:2", "file.jsonl:3", "file.jsonl:4"]
    assert [str(problem) for problem in listed.problems] == [
        "file.json: entry 2: is no object",
        "file.json: entry 3: is no object",
        "file.json: entry 4: the mark 9 is not between 1 and 5; see --best and --worst",
    ]


def test_other_scales_are_read_with_their_ends(put: Put, file_store: Store) -> None:
    put("text,score\nmeh,3\n", best=10.0, worst=0.0)
    put('[{"text": "thumb", "rating": 0, "rating_best": 1, "rating_worst": 0}]', "thumbs.json", source="thumbs")

    assert rows(file_store, "rating", "rating_best", "rating_worst", "label") == [
        (3.0, 10.0, 0.0, "bad"),
        (0.0, 1.0, 0.0, "bad"),
    ]


def test_times_without_a_zone_are_of_the_one_that_is_named(put: Put, file_store: Store) -> None:
    put("id,text,date\n1,a,2026-07-01 12:00\n2,b,2026-07-01T12:00:00Z\n", zone="Europe/Berlin")

    assert [row[0].hour for row in rows(file_store, "published_at")] == [10, 12]


# --- files that cannot be read at all ------------------------------------------------------------


@pytest.mark.parametrize(
    "content, name, words",
    [
        ("", "a.csv", "a.csv is empty"),
        (" \n \n", "a.csv", "a.csv is empty"),
        ("name,when\nNia,today\n", "a.csv", "a.csv: no column is known as text, title or rating"),
        (",,,\n1,2,3\n", "a.csv", "a.csv: the first line names no columns"),
        ("{}", "a.json", "a.json: expected a list of reviews, or an object that holds one list"),
        ('{"a": [], "b": []}', "a.json", "expected a list of reviews"),
        ("7", "a.json", "a.json: expected a list of reviews"),
        ("[]", "a.json", "a.json holds no review"),
        ("[1, 2]", "a.json", "a.json holds no review"),
        ('[{"text": "x"}', "a.json", "a.json: "),
        ("[" * 100_000, "a.json", "a.json: "),
        ('[{"text": NaN}]', "a.json", "a.json: "),
        (json.dumps([{f"k{n}": 1 for n in range(2_001)}]), "a.json", "a.json has 2001 different keys"),
    ],
)
def test_a_file_without_reviews_is_refused_with_the_reason(put: Put, content: str, name: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        put(content, name)

    assert words in str(error.value)


def test_a_file_that_is_not_there_or_is_none_is_named(settings: Settings, file_store: Store, tmp_path: Path) -> None:
    for path, words in ((tmp_path / "no.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UsageError, match=f"cannot read {path}: {words}"):
            imports.run(file_store, settings, path, source="old", mapping={})


def test_a_pipe_is_read_like_a_file(settings: Settings, file_store: Store, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("text,stars\nbad,1\n",))
    writer.start()

    result = imports.run(file_store, settings, pipe, source="old", mapping={}, now=NOON)

    writer.join()
    assert result.new == 1


@pytest.mark.parametrize(
    "pairs, words",
    [
        (["text"], "`text` is no mapping; write text=Review Text"),
        (["text="], "`text=` is no mapping"),
        (["=x"], "there is no field ``"),
        (["txt=Words"], "there is no field `txt`. Did you mean `text`? Known: id, text, title, rating"),
    ],
)
def test_a_mapping_that_maps_nothing_is_said(pairs: list[str], words: str) -> None:
    with pytest.raises(UsageError) as error:
        imports.mapping(pairs)

    assert str(error.value).startswith(words)


def test_a_column_that_is_not_there_is_said_with_the_nearest_one(put: Put) -> None:
    with pytest.raises(UsageError, match="has no column `Wordz`. Did you mean `Words`\\? It has: Words, Stars."):
        put("Words,Stars\na,1\n", "file.csv", "text=Wordz")


@pytest.mark.parametrize(
    "options, words",
    [
        ({"source": "shop"}, "`shop` is watched already"),
        ({"source": " "}, "a name has 1 to 100 characters"),
        ({"source": "a\nb"}, "a name has 1 to 100 characters"),
        ({"best": 1.0}, "the best mark (1) must be above the worst (1)"),
        ({"best": float("nan")}, "the best mark (nan) must be above the worst (1)"),
        ({"zone": "Mars/Base"}, "there is no time zone `Mars/Base`; write one like Europe/Berlin"),
        ({"zone": "../etc/passwd"}, "there is no time zone"),
    ],
)
def test_options_that_do_not_fit_are_said_before_anything_is_stored(
    put: Put, file_store: Store, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError) as error:
        put("text,stars\nbad,1\n", **options)

    assert words in str(error.value)
    assert rows(file_store, "id") == []


# --- telling -------------------------------------------------------------------------------------


def alerts(store: Store) -> int:
    with store.read() as conn:
        return int(conn.scalar(sa.select(sa.func.count()).select_from(schema.alerts)) or 0)


FRESH = f"id,text,stars,date\n1,Cold.,1,{(NOON - timedelta(hours=5)).isoformat()}\n2,Cold.,1,2026-01-01\n"


def test_nobody_is_told_of_what_is_read_from_a_file(put: Put, file_store: Store) -> None:
    put(FRESH)

    assert alerts(file_store) == 0
    assert len(rows(file_store, "why_not_told")) == 2
    assert all(why for (why,) in rows(file_store, "why_not_told"))


def test_with_tell_people_hear_of_the_fresh_bad_ones_only(put: Put, file_store: Store) -> None:
    put(FRESH, tell=True)

    assert alerts(file_store) == 1


def test_progress_is_told_batch_by_batch(put: Put) -> None:
    told: list[int] = []

    put("id,text\n" + "".join(f"{n},fine\n" for n in range(2 * imports.AT_ONCE + 1)), progress=told.append)

    assert told == [imports.AT_ONCE, 2 * imports.AT_ONCE, 2 * imports.AT_ONCE + 1]
