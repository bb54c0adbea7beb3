"""From a parsed page to committed rows, beside what cannot be done without.

    python3 bench/intake.py [--mentions 100000]

100,000 mentions in polls of 100, one in five bad, two channels, SQLite with `synchronous=FULL`: normalised, matched,
scored, decided, stored with versions, scores, cases, alerts and deliveries; as in the daemon, one thread judges while
another writes. Beside it, in the same run, what cannot be done without: vaderSentiment over the same texts, and one
`executemany` per table of all the rows that were written, into an empty database of the same shape and settings. The
ratio is theirs ÷ ours; at least 0.5 is asked for.
"""

from __future__ import annotations

import argparse
import gc
import queue
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitor import config, intake
from monitor.match import Matcher
from monitor.models import Author, Rating, RawMention
from monitor.scoring import scorer
from monitor.store import open_store, sources

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
POLL = 100
TABLES = (
    "mentions", "versions", "scores", "mention_brands", "cases", "case_events", "alerts", "deliveries",
    "delivery_alerts",
)  # fmt: skip
CONFIGURATION = """
[monitor]
database = "sqlite:///monitor.db"
timezone = "Europe/London"
[[brands]]
name = "acme"
terms = ["Acme Coffee"]
[[sources]]
name = "shop"
connector = "apple_rss"
app_id = "1459969523"
countries = ["us"]
brand = "acme"
[[channels]]
name = "one"
notifier = "webhook"
url = { env = "HOOK" }
[[channels]]
name = "two"
notifier = "webhook"
url = { env = "HOOK" }
"""
GOOD = (
    "Lovely place and the flat white is the best in town, we come every week and never had to wait.",
    "Does what it says. Set up in five minutes, the support answered within the hour, very happy with it.",
    "Great service again, friendly people, fair prices and the cake was delicious. Highly recommended!",
)
BAD = (
    "Waited 40 minutes for two coffees, then they were cold. Nobody said a word, we will not come back.",
    "The app crashes every time I open it since the update. Asked for a refund and never got an answer.",
    "Rude staff, dirty tables and they charged me twice. Terrible experience, avoid this place.",
)


def polls(count: int) -> Iterator[list[RawMention]]:
    """Yield what parsed pages hold."""
    chance = random.Random(7)
    for first in range(0, count, POLL):
        yield [_mention(number, chance) for number in range(first, min(first + POLL, count))]


def _mention(number: int, chance: random.Random) -> RawMention:
    is_bad = number % 5 == 0
    text = f"{chance.choice(BAD if is_bad else GOOD)} Visit {number}."
    return RawMention(
        external_id=f"r{number}",
        text=text,
        url=f"https://apps.example/review/{number}",
        author=Author(f"Visitor {number % 9973}", f"a{number % 9973}"),
        published_at=NOW - timedelta(seconds=number % 80_000),
        rating=Rating(chance.choice((1, 2)) if is_bad else chance.choice((4, 5))),
    )


def ours(folder: Path, count: int) -> tuple[float, Path]:
    """Return the seconds the product takes, and its database."""
    path = folder / "monitor.toml"
    path.write_text(CONFIGURATION, encoding="utf-8")
    settings = config.load(path, {"HOOK": "https://out.example/hook"})
    routing, judge, matcher = intake.Routing.of(settings), scorer(settings.scorer), Matcher(settings.brands)
    [source] = settings.sources
    connector = source.build()
    store = open_store(settings.database, now=NOW)
    with store.write() as conn:
        sources.sync(conn, [sources.Wanted(source.name, source.connector, source.options_hash)], NOW)
    pages = list(polls(count))
    gc.collect()
    gc.freeze()  # a daemon does not hold a hundred thousand entries for its collector to walk over
    waiting: queue.Queue[list[intake.Judged] | None] = queue.Queue(2)

    def look() -> None:
        for page in pages:
            read = intake.normalised(page, source, connector, matcher, NOW)
            waiting.put(intake.judge(read.mentions, judge))
        waiting.put(None)

    looking = threading.Thread(target=look)
    began = time.perf_counter()
    looking.start()
    while (judged := waiting.get()) is not None:
        with store.write() as conn:
            intake.take(conn, source, judged, routing=routing, now=NOW)
    seconds = time.perf_counter() - began
    store.close()
    return seconds, folder / "monitor.db"


def theirs(folder: Path, database: Path, count: int) -> tuple[float, float, dict[str, int]]:
    """Return the seconds of vaderSentiment over the texts, of writing the rows, and the rows of each table."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    texts = [mention.text for page in polls(count) for mention in page]
    analyzer = SentimentIntensityAnalyzer()
    began = time.perf_counter()
    for text in texts:
        analyzer.polarity_scores(text)
    scored = time.perf_counter() - began
    source = sqlite3.connect(database)
    rows = {table: source.execute(f"select * from {table}").fetchall() for table in TABLES}  # our own names
    named = "select sql from sqlite_master where sql is not null and name not like 'sqlite_%'"
    shape = [sql for (sql,) in source.execute(named)]
    target = sqlite3.connect(folder / "plain.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", "cache_size=-16384"):
        target.execute(f"pragma {pragma}")
    for sql in shape:
        target.execute(sql)
    began = time.perf_counter()
    for table, found in rows.items():
        if found:
            marks = ",".join("?" * len(found[0]))
            target.execute("begin immediate")
            target.executemany(f"insert into {table} values ({marks})", found)
            target.execute("commit")
    written = time.perf_counter() - began
    return scored, written, {table: len(found) for table, found in rows.items()}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--mentions", type=int, default=100_000)
    count = arguments.parse_args().mentions
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds, database = ours(folder, count)
        scored, written, rows = theirs(folder, database, count)
    print("rows written:", ", ".join(f"{table} {number:,}" for table, number in rows.items()))
    print(f"ours: {seconds:.1f} s, {count / seconds:,.0f} mentions/s")
    print(f"vaderSentiment {scored:.1f} s + executemany {written:.1f} s")
    print(f"ratio (theirs ÷ ours): {(scored + written) / seconds:.2f} (asked for: 0.5)")


if __name__ == "__main__":
    main()
