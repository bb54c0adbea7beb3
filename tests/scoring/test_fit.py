"""The fit gives the same bytes for the same rows, and its file is what the scorer reads."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import random
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from monitor.scoring.weights import MANIFEST, TABLES, manifest, packed, table, unpacked
from tests.samples import ROOT

pytestmark = pytest.mark.slow  # scikit-learn alone takes three seconds to load

BAD = ["rude", "cold", "dirty", "slow", "broken", "late", "terrible", "refund", "waited", "crash"]
GOOD = ["lovely", "warm", "clean", "quick", "works", "early", "great", "thanks", "enjoyed", "smooth"]
ROOM = ["the", "waiter", "room", "app", "was", "and", "we", "it", "staff", "our", "order", "had"]


@pytest.fixture(scope="module")
def fit() -> ModuleType:
    for needed in ("sklearn", "afinn", "textblob"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip("fitting needs the extra `dev`")
    spec = importlib.util.spec_from_file_location("fit_scorer", ROOT / "bench" / "fit_scorer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fit_scorer"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    draw = random.Random(4)
    for name, language in (("shops", "en"), ("apps", "en"), ("laeden", "de")):
        with gzip.open(tmp_path / f"{name}.csv.gz", "wt", encoding="utf-8", newline="") as lines:
            rows = csv.writer(lines)
            rows.writerow(["text", "label", "stars", "lang", "source"])
            for number in range(120):
                words = draw.choices(BAD if number % 3 == 0 else GOOD, k=2) + draw.choices(ROOM, k=5)
                draw.shuffle(words)
                rows.writerow([" ".join(words), "negative" if number % 3 == 0 else "positive", "", language, name])
    return tmp_path


def test_the_same_rows_give_the_same_bytes(fit: ModuleType, made_up: Path, tmp_path: Path) -> None:
    for out in ("one", "two"):
        fit.write(made_up, tmp_path / out, clean=False, quick=False, say=False)

    for name in (MANIFEST, TABLES):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_fit_learns_the_words_and_says_where_they_come_from(fit: ModuleType, made_up: Path, tmp_path: Path) -> None:
    found = fit.write(made_up, tmp_path / "out", clean=False, quick=True, say=False)
    start, size = found["tables"]["en"]["section"]
    words = unpacked((tmp_path / "out" / TABLES).read_bytes()[start : start + size])

    assert found == json.loads((tmp_path / "out" / MANIFEST).read_text(encoding="utf-8"))
    assert found["tables"]["en"]["sets"] == {"apps": 120, "shops": 120}
    assert found["rows"] == 360
    assert words["rude"] > 0 > words["lovely"]


def test_a_large_set_weighs_more_than_a_small_one_but_far_less_than_its_size(fit: ModuleType) -> None:
    bad = np.array([True, False] * 50 + [True, False])
    sets = np.array(["large"] * 100 + ["small"] * 2)

    weights = fit.row_weights(bad, sets, power=fit.SIZE_POWER)

    assert 1 < weights[:100].sum() / weights[100:].sum() < 10
    assert weights[:100][bad[:100]].sum() / weights[:100].sum() == pytest.approx(fit.BAD_SHARE)


def test_the_cut_is_put_in_the_middle_of_those_that_are_as_good(fit: ModuleType) -> None:
    log_odds = np.array([-3.0] * 5 + [1.0] * 5)

    slope, shift = fit.placed(log_odds > 0, np.array(["one"] * 10), log_odds)

    assert -shift / slope == pytest.approx(-1, abs=0.3)


def test_a_section_holds_what_was_put_in() -> None:
    assert unpacked(packed(["a b", "schön", "!gut"], [-127, 3, 127])) == {"a b": -127, "schön": 3, "!gut": 127}


def test_the_file_that_ships_is_small_and_says_what_it_was_made_of() -> None:
    english = table("en")

    assert english is not None
    assert len(english.groups) > 5_000
    assert set(manifest()["tables"]) == {"en", "ar", "de", "es", "fr", "it", "pt"}
    assert "vader_nytEditorialSnippets" not in manifest()["tables"]["en"]["sets"]
    assert (ROOT / "monitor" / "scoring" / TABLES).stat().st_size < 1_500_000
    assert not any(character.isdigit() or character == "@" for group in english.groups for character in group)
