"""How well and how fast bad posts are found, beside vaderSentiment, TextBlob and AFINN in the same run.

    python bench/scorer.py [--data DIR] [--folds 20] [--speed]

DIR holds `*.csv.gz` with the columns text, label, stars and lang; without it the folder next to the
project is taken, and where there is none, nothing is measured. Stars are hidden. "left out" is our
scorer fitted anew for each set without that set; "shipped" is the file that ships, which has seen
them all, so its figures say how it was made and not what it does on others. `--speed` measures speed alone.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import fit_scorer as fit  # noqa: E402  # once the path is set

from monitor.models import Scorable  # noqa: E402  # once the path is set
from monitor.scoring import badness, scorer  # noqa: E402  # once the path is set
from monitor.scoring.vader import Vader  # noqa: E402  # once the path is set

LONG_TEXT = 200  # words
SHORT, LONG = (60, 150), (450, 1000)  # characters of the texts that speed is measured on
ROUNDS = 7  # another program on the machine disturbs some of them, not all
Judge = Callable[[Sequence[str]], np.ndarray]
Timed = Callable[[Sequence[str]], object]


def others() -> dict[str, tuple[Judge, float]]:
    """Return the scorers to compare with: what they say (more is worse) and their usual cut."""
    from afinn import Afinn
    from textblob import TextBlob
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    vader, afinn = SentimentIntensityAnalyzer(), Afinn()
    return {
        "vaderSentiment": (lambda texts: np.array([-vader.polarity_scores(text)["compound"] for text in texts]), 0.05),
        "TextBlob": (lambda texts: np.array([-TextBlob(text).sentiment.polarity for text in texts]), 1e-9),
        "AFINN": (lambda texts: np.array([-afinn.score(text) for text in texts]), 1e-9),
    }


def figures(bad: np.ndarray, says: np.ndarray, at: float) -> tuple[float, ...]:
    """Return precision, recall, F1, average precision and the recall at precision .90 of one set."""
    told = says >= at
    right = (told & bad).sum()
    precision, recall = right / max(told.sum(), 1), right / max(bad.sum(), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    precisions, recalls, _ = precision_recall_curve(bad, says)
    sure = recalls[precisions >= 0.9].max(initial=0.0)
    return precision, recall, f1, average_precision_score(bad, says), sure


def show(name: str, rows: Sequence[fit.Row], says: np.ndarray, at: float, *, each: bool = True) -> None:
    """Print a scorer's figures: a line a set, and their mean."""
    bad, sets = np.array([row.bad for row in rows]), np.array([row.set for row in rows])
    lines = [(one, figures(bad[sets == one], says[sets == one], at)) for one in sorted(set(sets))]
    print(f"\n{name}{'':{max(0, 30 - len(name))}}    P    R   F1   AP  R@P.90")
    for one, found in lines if each else []:
        print(f"  {one:28}" + "".join(f" {value:.3f}" for value in found))
    print(f"  {'MACRO':28}" + "".join(f" {value:.3f}" for value in np.mean([found for _, found in lines], axis=0)))
    long = np.array([len(row.text.split()) > LONG_TEXT for row in rows])
    told = says >= at
    print(
        f"  over {LONG_TEXT} words: {told[long & ~bad].mean():.3f} of the others told, "
        f"{told[long & bad].mean():.3f} of the bad ones ({long.sum()} texts)"
    )


def calibration(bad: np.ndarray, sets: np.ndarray, says: np.ndarray) -> None:
    """Print what share is bad where the scorer says so much; each set and class weighs as in the fit."""
    weights = fit.row_weights(bad, sets)
    print("\ncalibration (of sets left out)\n  says        is    texts")
    for low in np.arange(0, 1, 0.1):
        chosen = (says >= low) & (says < low + 0.1)
        if chosen.any():
            share = np.average(bad[chosen], weights=weights[chosen])
            print(f"  {low:.1f}-{low + 0.1:.1f}   {share:.3f}   {chosen.sum()}")


def took(judges: Mapping[str, Timed], texts: Sequence[str]) -> dict[str, float]:
    """Return the processor time in seconds that each takes, one after the other."""
    times = {}
    for name, judge in judges.items():
        start = time.process_time()
        judge(texts)
        times[name] = time.process_time() - start
    return times


def speed(texts: Sequence[str]) -> None:
    """Print texts a second of each, short and long: the best of some rounds, all in turn."""
    judges: dict[str, Timed] = {name: judge for name, (judge, _) in others().items()}
    engine = Vader()
    judges |= {
        "our VADER engine": lambda texts: [engine.polarity(text) for text in texts],
        "reviews, with reasons": lambda texts: scorer("reviews").score([Scorable(text) for text in texts]),
        "reviews, badness alone": lambda texts: badness([{"text": text} for text in texts]),
        "stars-vader, with reasons": lambda texts: scorer("stars-vader").score([Scorable(text) for text in texts]),
    }
    gc.collect()
    gc.freeze()
    for name, (low, high) in (("short", SHORT), ("long", LONG)):
        some = [text for text in texts if low <= len(text) <= high][::7][:1000]
        print(f"\n{name}: {sum(map(len, some)) / len(some):.0f} characters, {len(some)} texts")
        rounds = [took(judges, some) for _ in range(ROUNDS)]
        best = {judge_name: min(one[judge_name] for one in rounds) for judge_name in judges}
        for judge_name, seconds in best.items():
            print(f"  {judge_name:26}{len(some) / seconds:10,.0f}/s{best['vaderSentiment'] / seconds:8.2f} x VADER")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "sentiment")
    parser.add_argument("--speed", action="store_true")
    chosen, _ = parser.parse_known_args()
    if not chosen.data.is_dir():
        print("labelled posts are not here: --data DIR")
        return 0
    everything = list(fit.read_rows(chosen.data))
    rows = [row for row in everything if row.language == "en" and row.set not in fit.LEFT_OUT]
    texts = [row.text for row in rows]
    if chosen.speed:
        speed(texts)
        return 0
    for name, (judge, at) in others().items():
        show(name, rows, judge(texts), at, each=False)
    shipped = np.array(badness([{"text": text, "rating": None, "lang": None} for text in texts]))
    show("reviews, shipped (has seen them)", rows, shipped, badness.threshold, each=False)
    seen = fit.read(rows)
    log_odds = fit.left_out(fit.design(seen), seen)
    slope, shift = fit.placed(seen.bad, seen.sets, log_odds)
    says = 1 / (1 + np.exp(-(slope * log_odds + shift)))
    show("reviews, left out", rows, says, badness.threshold)
    calibration(seen.bad, seen.sets, says)
    starred = [row for row in rows if row.stars is not None]
    with_stars = np.array(badness([{"text": row.text, "rating": row.stars, "lang": "en"} for row in starred]))
    show("reviews, with stars (labels are made of them)", starred, with_stars, badness.threshold, each=False)
    for language in ("de", "es", "fr", "it", "pt", "ar", "hi"):
        long = [row for row in everything if row.language == language and len(row.text) >= 50]
        read = [one.language for one in scorer("reviews").score([Scorable(row.text) for row in long])]
        print(f"{language}: {len(long)} long enough, {read.count('en') / max(len(read), 1):.3f} read as English")
    speed(texts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
