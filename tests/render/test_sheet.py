"""The list of a folded message: whole, within what mail takes, and harmless in every spreadsheet."""

from __future__ import annotations

import csv
import io
import itertools
import re
import shutil
import subprocess
import zipfile

import pytest

from monitor.models import Why
from monitor.render import Told, folded_csv
from monitor.render.sheet import ALL_TEXT, COLUMNS, LONGEST_TEXT, cell
from tests.render.scenes import a_flood, a_told

SIGNS = ["=", "+", "-", "@", "%", "|", "＝", "＋", "－", "＠", "％", "｜", "−", "﹣"]
BEFORE = ["", " ", "\u200b", "\ufeff", "\u00a0", "\t", "\r", "\n", "\x00", "  \u200b "]
WITHIN = ["x;=1+1", "x\t=1+1", 'x","=1+1', "x|=1+1", "x\n=1+1", "x\r=1+1", '"=1+1', "x; =1+1", "x:=1+1", "x, =1+1"]
WORDS = [*(f"{before}{sign}1+1" for sign in SIGNS for before in BEFORE), *WITHIN, '=HYPERLINK("https://evil.example")']


def rows_of(*told: Told) -> list[dict[str, str]]:
    file = folded_csv(told)
    return list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))


def everywhere(words: str) -> Told:
    return a_told(
        author=words, title=words, text=words, place=words, site=words, source=words, language=words,
        reasons=(Why("x", words),), url=words,
    )  # fmt: skip


def test_each_mention_is_a_row_with_all_its_columns():
    file = folded_csv((a_told(),))

    [row] = rows_of(a_told())
    assert (file.name, file.content_type) == ("reviews.csv", "text/csv")
    assert tuple(row) == COLUMNS
    assert row["id"] == "m12"
    assert row["rating"] == "1"
    assert row["author"] == "Jonas K."
    assert row["published_at"] == "2026-11-24T13:20:00+00:00"
    assert row["reasons"] == "1 star; waiting; ignored"
    assert row["case_id"] == "c118"


@pytest.mark.parametrize("words", WORDS)
def test_no_cell_begins_like_a_formula_whatever_the_separator(words):
    text = folded_csv((everywhere(words),)).content.decode("utf-8-sig")

    for separator, quoting in itertools.product(";\t|,: ", (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)):
        # With its own separator the quotes hold; a blank or a colon is taken for one before = only.
        few = separator in ": " or (separator == "," and quoting == csv.QUOTE_NONE)
        # A bar begins no formula; old Excel took one for a command at the true beginning of a cell only.
        signs = "=＝" if few else "=＝+＋@＠%％−－﹣-" + ("|｜" if separator == "," else "")
        for row in csv.reader(text.split("\n"), delimiter=separator, quoting=quoting):
            begins = {re.sub(r"^[\s\"\u200b\ufeff\ufffd]+", "", found)[:1] for found in row}
            assert not begins & set(signs)


@pytest.mark.parametrize("words", ["1+1", "a=b", "a-b", "me@example.org", "100%", "fine"])
def test_signs_inside_words_are_left_alone(words):
    assert cell(words) == words


@pytest.mark.parametrize(
    "words", ["a\rb", "a\r\nb", "a\x85b", "a\u2028b", "a\x0bb", "\n" * 50, '"""', "x" * 40_000, "\ud800"]
)
def test_one_mention_stays_one_row(words):
    assert len(rows_of(everywhere(words), everywhere(words))) == 2


@pytest.mark.parametrize("address", ["javascript:alert(1)", "=HYPERLINK(1)", "//evil.example", "file:///etc/passwd"])
def test_only_a_safe_address_stands_in_the_list(address):
    [row] = rows_of(a_told(url=address))

    assert row["url"] == ""


def test_ten_thousand_long_ones_stay_within_what_mail_takes():
    told = tuple(a_told(ref=f"m{number}", text="\U0001f600" * 400) for number in range(10_000))

    file = folded_csv(told)

    assert len(file.content) * 4 / 3 < 24_000_000
    assert file.content.count(b"\r\n") == 10_001


@pytest.mark.parametrize(
    "number, longest",
    [(1, LONGEST_TEXT), (ALL_TEXT // 1000, 1000), (ALL_TEXT // 300, 300)],
)
def test_the_more_there_are_the_shorter_the_texts(number, longest):
    told = a_told(text="x" * 20_000)

    rows = folded_csv((told,) * number).content.decode("utf-8-sig").split("\r\n")

    assert f'"{"x" * (longest - 1)}…"' in rows[1]


@pytest.mark.parametrize("length", [LONGEST_TEXT - 1, LONGEST_TEXT, LONGEST_TEXT + 1])
def test_the_limit_of_a_text_is_exact(length):
    [row] = rows_of(a_told(text="x" * length))

    assert len(row["text"]) == min(length, LONGEST_TEXT)
    assert row["text"].endswith("…") is (length > LONGEST_TEXT)


def test_the_list_of_a_flood_names_every_one_of_them():
    told = a_flood(300)

    assert [row["id"] for row in rows_of(*told)] == [one.ref for one in told]


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("soffice") is None, reason="there is no LibreOffice on this machine to open the list with"
)
@pytest.mark.parametrize("separator", [44, 59, 9, 124])
def test_libreoffice_finds_no_formula_and_no_link(tmp_path, separator):
    file = tmp_path / "reviews.csv"
    file.write_bytes(folded_csv(tuple(everywhere(words) for words in WORDS)).content)

    subprocess.run(
        [
            "soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "ods",
            f"--infilter=CSV:{separator},34,76", "--outdir", str(tmp_path), str(file),
        ],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip

    content = zipfile.ZipFile(tmp_path / "reviews.ods").read("content.xml").decode()
    assert "table:formula" not in content
    assert "evil.example&quot;)" in content or "evil.example" in content
    assert "xlink:href" not in content
