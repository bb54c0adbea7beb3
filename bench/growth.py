"""What a mention costs when much is stored already.

    python3 bench/growth.py [--sizes 10000,100000,1000000]

For each size a database of that many mentions, with their versions, scores, answers, cases and alerts; then polls of
a hundred new ones are taken in by the product and the cost of each mention is printed. The largest is to be at most
1.5 times the smallest. The page cache is the product's own: 16 MiB a connection.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import export as filled
import intake as bench

from monitor import config, intake
from monitor.match import Matcher
from monitor.scoring import scorer
from monitor.store import open_store, sources

POLLS, WARM = 60, 10


def cost(folder: Path, size: int) -> float:
    """Return the microseconds a mention costs beside `size` others, the median of the polls."""
    filled.build(folder / "monitor.db", size)
    path = folder / "monitor.toml"
    path.write_text(bench.CONFIGURATION, encoding="utf-8")
    settings = config.load(path, {"HOOK": "https://out.example/hook"})
    routing, judge, matcher = intake.Routing.of(settings), scorer(settings.scorer), Matcher(settings.brands)
    [source] = settings.sources
    now = bench.NOW + timedelta(days=1)
    times = []
    with open_store(settings.database, now=now) as store:
        with store.write() as conn:
            sources.sync(conn, [sources.Wanted(source.name, source.connector, source.options_hash)], now)
        for page in bench.polls((POLLS + WARM) * bench.POLL):
            read = intake.normalised(page, source, source.build(), matcher, now)
            judged = intake.judge(read.mentions, judge)
            began = time.perf_counter()
            with store.write() as conn:
                intake.take(conn, source, judged, routing=routing, now=now)
            times.append((time.perf_counter() - began) / bench.POLL * 1_000_000)
    return statistics.median(times[WARM:])


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--sizes", default="10000,100000,1000000")
    sizes = [int(size) for size in arguments.parse_args().sizes.split(",")]
    costs = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            costs[size] = cost(Path(name), size)
        print(f"{size:>10,} stored: {costs[size]:.0f} microseconds a mention", flush=True)
    print(f"ratio (largest ÷ smallest): {max(costs.values()) / min(costs.values()):.2f} (asked for: at most 1.5)")


if __name__ == "__main__":
    main()
