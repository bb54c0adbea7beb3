"""Fit the tables of the scorer "reviews" on labelled posts, and write them with where they come from.

    python bench/fit_scorer.py --data DIR [--out monitor/scoring] [--only clean] [--quick]

DIR holds `*.csv.gz` with the columns text, label and lang. A large set weighs somewhat more than a small one, bad
and other posts have fixed shares in each, and what is measured is the plain mean of the sets. The scale and the
alert level are fixed on predictions for sets that the model did not see (leave one source out); `--quick` fixes
them on the fit itself. `--only clean` takes the sets whose licence allows any use. Needs the extra `dev`. The same
rows give the same bytes.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import csv
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from monitor.scoring import weights as files  # noqa: E402  # once the path is set
from monitor.scoring.cutting import cut, tokens_of  # noqa: E402  # once the path is set
from monitor.scoring.features import NEGATED, NUMBERS, POWER, groups, heard, numbers  # noqa: E402  # once the path is set
from monitor.scoring.phrases import Spans, phrases  # noqa: E402  # once the path is set
from monitor.scoring.prepare import prepare  # noqa: E402  # once the path is set
from monitor.scoring.reviews import Reviews  # noqa: E402  # once the path is set
from monitor.scoring.vader import Vader, tables  # noqa: E402  # once the path is set

CLEAN = (
    "vader_tweets",
    "vader_amazonReviewSnippets",
    "vader_movieReviewSnippets",
    "uci_amazon_cells",
    "uci_imdb",
    "reddit_goemotions",
)
LEFT_OUT = ("vader_nytEditorialSnippets",)  # news prose: negative words without a complaint
LANGUAGES = ("ar", "de", "es", "fr", "it", "pt")
FEWEST_TEXTS, FEWEST_SETS = 4, 2  # of a group: what one set alone says is no name of a thing people say
BAD_SHARE = 0.4  # of the weight of a set
SIZE_POWER = 0.35  # of the rows of a set: more of them say more, but none may drown the small ones
STRENGTH = 1.0  # C of the regression
NUMBERS_WEIGHT = 0.4  # numbers and phrases learn less freely than words: they tell sets apart too well
RARITY = 0.5  # power of the inverse frequency of a group
MOST_GROUPS = 12_000  # that are kept: the ones whose weight and frequency change most scores
MAX_STEPS = 100
AS_GOOD = 0.002  # of F1: cuts so near to the best differ by chance
STEPS = 127


class Row(NamedTuple):
    """A labelled post."""

    set: str
    text: str
    bad: bool
    language: str
    stars: float | None


@dataclass
class Read:
    """What the scorer sees in the rows."""

    rows: list[Row]
    held: list[list[str]]
    counts: np.ndarray
    named: np.ndarray  # numbers, then phrases
    phrase_names: list[str]

    @property
    def bad(self) -> np.ndarray:
        """Return which rows are bad."""
        return np.array([row.bad for row in self.rows])

    @property
    def sets(self) -> np.ndarray:
        """Return the set of each row."""
        return np.array([row.set for row in self.rows])


@dataclass
class Model:
    """A fitted model, before it is made small."""

    vocabulary: list[str]
    weights: np.ndarray
    named: np.ndarray
    bias: float


def read_rows(folder: Path) -> Iterator[Row]:
    """Yield every labelled post of a folder."""
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                stars = float(row["stars"]) if row.get("stars") else None
                name = path.name.removesuffix(".csv.gz")
                yield Row(name, row["text"], row["label"] == "negative", row["lang"], stars)


def read(rows: Sequence[Row]) -> Read:
    """Return what the scorer sees in English rows."""
    vader, table = Vader(), phrases(opinions=True)
    held, counts, values, found = [], [], [], []
    for row in rows:
        text = prepare(row.text)
        written = cut(text.lower())
        tokens = written.tokens
        reading, sentences = heard(text, written, vader)
        held.append(sorted(map(files.in_words, groups(tokens))))
        counts.append(len(tokens) + 1)
        named = table.names(tokens, Spans(text, tokens))
        values.append(numbers(len(tokens), reading, sentences, [kind for kind, _ in named]))
        found.append({f"{kind}:{name}" for kind, name in named})
    names = sorted(set().union(*found))
    flags = np.array([[name in one for name in names] for one in found], dtype=float).reshape(len(rows), len(names))
    return Read(list(rows), held, np.array(counts, dtype=float), np.hstack([np.array(values), flags]), names)


def vocabulary(seen: Read, fewest_sets: int) -> list[str]:
    """Return the groups that are frequent enough, in enough sets."""
    texts: Counter[str] = Counter()
    sets: dict[str, set[str]] = {}
    for row, held in zip(seen.rows, seen.held, strict=True):
        texts.update(held)
        for group in held:
            sets.setdefault(group, set()).add(row.set)
    return sorted(
        group
        for group, count in texts.items()
        if count >= FEWEST_TEXTS and len(sets[group]) >= fewest_sets and not any(map(str.isdigit, group))
    )


def matrix(held: Sequence[Sequence[str]], counts: np.ndarray, known: Sequence[str]) -> sp.csr_matrix:
    """Return one row a text: which groups it holds, less each the longer the text is."""
    at = {group: place for place, group in enumerate(known)}
    places, starts = [], [0]
    for groups_ in held:
        places += sorted(at[group] for group in groups_ if group in at)
        starts.append(len(places))
    found = sp.csr_matrix((np.ones(len(places)), places, starts), shape=(len(held), len(known)))
    return sp.csr_matrix(sp.diags(counts**-POWER) @ found)


@cache
def lexicons() -> tuple[dict[str, float], ...]:
    """Return what other word lists think of single words: VADER's, AFINN's and TextBlob's."""
    import textblob
    from afinn import Afinn

    blob: dict[str, list[float]] = {}
    path = Path(textblob.__file__).parent / "en" / "en-sentiment.xml"
    for word in ElementTree.parse(path).getroot():
        blob.setdefault(word.get("form", ""), []).append(float(word.get("polarity", 0)))
    return (
        {word: value / 2 for word, value in tables().lexicon.items()},
        {word: value / 3 for word, value in Afinn()._dict.items()},  # noqa: SLF001
        {word: sum(values) / len(values) for word, values in blob.items()},
    )


def opinions(known: Sequence[str]) -> np.ndarray:
    """Return what the word lists think of each group, plain and turned round apart."""
    lists = lexicons()
    result = np.zeros((len(known), 2 * len(lists)))
    for place, group in enumerate(known):
        turned = group.startswith(NEGATED)
        word = group.removeprefix(NEGATED)
        for column, words in enumerate(lists):
            result[place, column + turned * len(lists)] = words.get(word, 0.0)
    return result


def row_weights(bad: np.ndarray, sets: np.ndarray, *, power: float = 0.0) -> np.ndarray:
    """Return a weight a row: its set's size to a power for each set, bad and other posts in the same shares in each."""
    weights = np.zeros(len(bad))
    for name in sorted(set(sets)):
        size = (sets == name).sum() ** power
        for which, share in ((True, BAD_SHARE), (False, 1 - BAD_SHARE)):
            chosen = (sets == name) & (bad == which)
            if chosen.any():
                weights[chosen] = size * share / chosen.sum()
    return weights * len(bad) / weights.sum()


@dataclass
class Design:
    """The matrix of a fit, and how to turn its coefficients back into weights of groups."""

    known: list[str]
    scales: np.ndarray  # of each group's column
    opinions: np.ndarray
    spread: np.ndarray  # of the named numbers
    whole: sp.csr_matrix
    plain: sp.csr_matrix
    texts: np.ndarray  # that hold each group
    signs: np.ndarray  # of the named numbers: 1 never speaks for a post, -1 never against it, 0 is free

    def model(self, coefficients: np.ndarray, bias: float) -> Model:
        """Return the weights: the opinions of the word lists become part of them."""
        size, named = len(self.known), len(self.spread)
        own = coefficients[:size] * self.scales + self.opinions @ coefficients[size + named :]
        if size > MOST_GROUPS:
            moves = np.abs(own) * np.sqrt(self.texts)
            own = np.where(moves >= np.sort(moves)[-MOST_GROUPS], own, 0.0)
        numbered = coefficients[size : size + named] / self.spread * NUMBERS_WEIGHT
        numbered = np.where(self.signs * numbered < 0, 0.0, numbered)
        return Model(self.known, own, numbered, bias)


def design(seen: Read, *, fewest_sets: int = FEWEST_SETS) -> Design:
    """Return the matrix for all rows."""
    known = vocabulary(seen, fewest_sets)
    plain = matrix(seen.held, seen.counts, known)
    texts = np.asarray((plain > 0).sum(0)).ravel()
    rarity = np.log(len(seen.rows) / np.maximum(texts, 1))
    scales = (rarity / max(rarity.mean(), 1e-9)) ** RARITY
    spread = np.maximum(seen.named.std(0), 0.1)
    thought = opinions(known)
    parts = [plain @ sp.diags(scales), sp.csr_matrix(seen.named / spread * NUMBERS_WEIGHT), plain @ thought]
    whole = sp.csr_matrix(sp.hstack([sp.csr_matrix(part) for part in parts]))
    # A named complaint is one, although in news and small talk people also speak of lawyers and of being ignored.
    signs = [0] * len(NUMBERS) + [-1 if name.startswith("praise") else 1 for name in seen.phrase_names]
    return Design(known, scales, thought, spread, whole, plain, texts, np.array(signs))


def fitted(whole: sp.csr_matrix, bad: np.ndarray, sets: np.ndarray) -> tuple[np.ndarray, float]:
    """Return coefficients and bias."""
    model = LogisticRegression(C=STRENGTH, max_iter=MAX_STEPS, tol=1e-3)
    model.fit(whole, bad, sample_weight=row_weights(bad, sets, power=SIZE_POWER))
    return model.coef_[0], float(model.intercept_[0])


def left_out(made: Design, seen: Read, say: bool = False) -> np.ndarray:
    """Return the log-odds of each row from a model that saw nothing of its set."""
    bad, sets = seen.bad, seen.sets
    result = np.zeros(len(bad))
    for name in sorted(set(sets)):
        unseen = sets == name
        coefficients, bias = fitted(made.whole[~unseen], bad[~unseen], sets[~unseen])
        model = made.model(coefficients, bias)
        result[unseen] = made.plain[unseen] @ model.weights + seen.named[unseen] @ model.named + bias
        if say:
            print(f"  without {name}: AP {average_precision_score(bad[unseen], result[unseen]):.3f}", flush=True)
    return result


def scored(bad: np.ndarray, sets: np.ndarray, log_odds: np.ndarray, at: float) -> dict[str, float]:
    """Return the mean over the sets of precision, recall and F1 at a cut, and of average precision."""
    found = []
    for name in sorted(set(sets)):
        chosen = sets == name
        told = log_odds[chosen] >= at
        right = (told & bad[chosen]).sum()
        precision, recall = right / max(told.sum(), 1), right / max(bad[chosen].sum(), 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        found.append((precision, recall, f1, average_precision_score(bad[chosen], log_odds[chosen])))
    return dict(zip(("precision", "recall", "f1", "ap"), np.mean(found, axis=0).tolist(), strict=True))


def placed(bad: np.ndarray, sets: np.ndarray, log_odds: np.ndarray) -> tuple[float, float]:
    """Return slope and shift that put the best cut at 0 and make the log-odds as sure as they are right.

    The best cut is the middle of those that are about as good, which another choice of sets moves least.
    """
    calibrating = LogisticRegression(C=1e6).fit(log_odds[:, None], bad, sample_weight=row_weights(bad, sets))
    slope = float(calibrating.coef_[0][0])
    cuts = np.quantile(log_odds, np.linspace(0.3, 0.95, 66))
    f1 = np.array([scored(bad, sets, log_odds, cut)["f1"] for cut in cuts])
    good = cuts[f1 >= f1.max() - AS_GOOD]
    return slope, -slope * float(good[0] + good[-1]) / 2


def small(model: Model, slope: float, shift: float) -> tuple[dict[str, Any], bytes]:
    """Return the entry of the manifest and the section of the file."""
    weights = model.weights * slope
    limit = float(np.quantile(np.abs(weights), 0.9995)) if len(weights) else 1.0
    scale = float(f"{max(limit, 1e-6) / STEPS:.6g}")
    steps = np.clip(np.rint(weights / scale), -STEPS, STEPS).astype(int)
    kept = [(group, int(step)) for group, step in zip(model.vocabulary, steps, strict=True) if step]
    section = files.packed([group for group, _ in kept], [step for _, step in kept])
    entry = {
        "bias": round(model.bias * slope + shift, 5),
        "scale": scale,
        "groups": len(kept),
        "numbers": [round(float(value) * slope, 5) for value in model.named[: len(NUMBERS)]],
    }
    return entry, section


def english(rows: Sequence[Row], *, quick: bool, say: bool) -> tuple[dict[str, Any], bytes]:
    """Return the English table."""
    seen = read(rows)
    made = design(seen)
    bad, sets = seen.bad, seen.sets
    coefficients, bias = fitted(made.whole, bad, sets)
    log_odds = made.whole @ coefficients + bias if quick else left_out(made, seen, say)
    slope, shift = placed(bad, sets, log_odds)
    model = made.model(coefficients, bias)
    entry, section = small(model, slope, shift)
    phrase_weights = model.named[len(NUMBERS) :] * slope
    entry["phrases"] = {
        name: round(float(value), 4) for name, value in zip(seen.phrase_names, phrase_weights, strict=True)
    }
    at = -shift / slope
    entry["figures"] = {name: round(value, 4) for name, value in scored(bad, sets, log_odds, at).items()}
    return entry, section


def foreign(rows: Sequence[Row], *, quick: bool) -> tuple[dict[str, Any], bytes]:
    """Return the table of another language: words alone."""
    tokens = [tokens_of(prepare(row.text).lower()) for row in rows]
    held = [sorted(map(files.in_words, groups(one))) for one in tokens]
    counts = np.array([len(one) + 1.0 for one in tokens])
    seen = Read(list(rows), held, counts, np.zeros((len(rows), 0)), [])
    known = vocabulary(seen, 1)
    plain = matrix(held, counts, known)
    bad, sets = seen.bad, seen.sets
    coefficients, bias = fitted(plain, bad, sets)
    log_odds = plain @ coefficients + bias
    if not quick:
        folds = np.arange(len(rows)) % 5
        for fold in range(5):
            rest = folds != fold
            part, of_part = fitted(plain[rest], bad[rest], sets[rest])
            log_odds[~rest] = plain[~rest] @ part + of_part
    slope, shift = placed(bad, sets, log_odds)
    entry, section = small(Model(known, coefficients, np.zeros(0), bias), slope, shift)
    entry["figures"] = {n: round(v, 4) for n, v in scored(bad, sets, log_odds, -shift / slope).items()}
    return entry, section


def write(folder: Path, out: Path, *, clean: bool, quick: bool, say: bool = True) -> dict[str, Any]:
    """Fit and write both files; return the manifest."""
    rows = [row for row in read_rows(folder) if row.set not in LEFT_OUT]
    chosen = {"en": [row for row in rows if row.language == "en" and (not clean or row.set in CLEAN)]}
    chosen |= {language: [row for row in rows if row.language == language] for language in LANGUAGES}
    entries: dict[str, Any] = {}
    content = b""
    for language, own in chosen.items():
        if not own:
            continue
        fit = english(own, quick=quick, say=say) if language == "en" else foreign(own, quick=quick)
        entry, section = fit
        counts = Counter(row.set for row in own)
        entries[language] = entry | {"section": [len(content), len(section)], "sets": dict(sorted(counts.items()))}
        content += section
        if say:
            print(f"{language}: {len(own)} rows, {entry['groups']} groups, {entry['figures']}", flush=True)
    options = (" --only clean" if clean else "") + (" --quick" if quick else "")
    manifest = {
        "scorer": f"{Reviews.name}/{Reviews.version}",
        "command": f"python bench/fit_scorer.py --data DIR{options}",
        "rows": sum(map(len, chosen.values())),
        "fixed_on": "the fit itself" if quick else "predictions for sets left out (other languages: five folds)",
        "names_of_numbers": list(NUMBERS),
        "tables": entries,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / files.TABLES).write_bytes(content)
    (out / files.MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest


def main() -> int:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "monitor" / "scoring")
    parser.add_argument("--only", choices=("clean",))
    parser.add_argument("--quick", action="store_true")
    chosen, _ = parser.parse_known_args()
    if chosen.data is None:
        print("nothing is fitted without labelled posts: --data DIR")
        return 0
    write(chosen.data, chosen.out, clean=chosen.only == "clean", quick=chosen.quick)
    print(f"{(chosen.out / files.TABLES).stat().st_size / 1024:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
