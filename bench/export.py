"""Export of a million mentions as CSV, beside pandas reading the same query and writing it with to_csv.

    python bench/export.py [--rows 1000000] [--folder DIR]

Both read the same SQLite file in the same run, one after the other, each in a process of its own;
times are ISO text in both. Prints seconds, the ratio and the peak memory; ends with 1 when the
export is slower than pandas or when its memory grows with the rows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

Page = Sequence[Sequence[object]]

START = datetime(2024, 1, 1, tzinfo=UTC)
FLAT = 16  # MiB the peak may grow between the first tenth of the rows and the last row

SENTENCES = (
    "Waited 40 minutes for two coffees, then they were cold.",
    "Nobody said a word.",
    "The app crashes every time I open the basket - since the last update.",
    "Best flat white in town!",
    'They told me "come back tomorrow", twice.',
    "Das Essen war kalt; die Bedienung unfreundlich.",
    "Five stars for Ana, who found my wallet 🙏",
    "Charged twice & nobody answers my mails.",
    "Nice place, a bit slow.",
    "I've been coming here for years, and it's never been this bad.",
)


def main() -> int:
    """Build the database, run both, print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, help="keep the files here, and use the database that is there")
    arguments.add_argument("--child", choices=("ours", "pandas"), help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.child:
        return {"ours": _ours, "pandas": _pandas}[given.child](given.folder)
    if given.folder:
        return _compare(given.folder, given.rows)
    with tempfile.TemporaryDirectory() as scratch:
        return _compare(Path(scratch), given.rows)


def _compare(folder: Path, rows: int) -> int:
    path = folder / "bench.db"
    if not path.exists():
        began = time.perf_counter()
        build(path, rows)
        print(
            f"built {rows:,} mentions, {path.stat().st_size / 2**20:,.0f} MiB, in {time.perf_counter() - began:.0f} s"
        )
    _warm(path)
    figures = {}
    for name in ("ours", "pandas"):
        command = [sys.executable, __file__, "--folder", str(folder), "--child", name]
        figures[name] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(f"{name:7}", "  ".join(f"{key} {value:,}" for key, value in figures[name].items()))
    ours, pandas = figures["ours"], figures["pandas"]
    ratio = pandas["seconds"] / ours["seconds"]
    grown = ours["peak_mib"] - ours["peak_mib_after_a_tenth"]
    print(f"ratio   {ratio:.2f} (pandas' seconds / ours; at least 1)   memory grown {grown} MiB (at most {FLAT})")
    assert ours["rows"] == pandas["rows"]
    return 0 if ratio >= 1 and grown <= FLAT else 1


def _ours(folder: Path) -> int:
    from monitor.reports import csv_file
    from monitor.store import Store, connecting, export
    from monitor.store.files import replacing

    after_a_tenth = 0

    def watched(found: Iterator[Page], tenth: int) -> Iterator[Page]:
        nonlocal after_a_tenth
        for number, page in enumerate(found):
            if number == tenth:
                after_a_tenth = _peak()
            yield page

    path = folder / "bench.db"
    store = Store(connecting.sqlite_engine(path), path=path)
    began = time.perf_counter()
    with replacing(folder / "ours.csv") as stream, store.read() as conn:
        count = _count(path)
        rows = csv_file.write_csv(watched(export.pages(conn), count // export.PAGE // 10), stream)
    return _tell(began, rows, folder / "ours.csv", peak_mib_after_a_tenth=after_a_tenth)


def _pandas(folder: Path) -> int:
    import pandas
    from sqlalchemy.dialects import sqlite

    from monitor.store.export import select_mentions

    query = select_mentions("sqlite").compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    conn = sqlite3.connect(folder / "bench.db")
    began = time.perf_counter()
    frame = pandas.read_sql(str(query), conn)
    frame.to_csv(folder / "pandas.csv", index=False)
    return _tell(began, len(frame), folder / "pandas.csv")


def _tell(began: float, rows: int, path: Path, **more: int) -> int:
    seconds = round(time.perf_counter() - began, 2)
    size = path.stat().st_size // 2**20
    print(json.dumps({"rows": rows, "seconds": seconds, "csv_mib": size, "peak_mib": _peak(), **more}))
    return 0


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _count(path: Path) -> int:
    return int(sqlite3.connect(path).execute("SELECT count(*) FROM mentions").fetchone()[0])


def _warm(path: Path) -> None:
    with path.open("rb") as stream:
        while stream.read(1 << 24):
            pass


# --- the database --------------------------------------------------------------------------------


def build(path: Path, rows: int) -> None:
    """Make a database of that many mentions, with all that belongs to them."""
    from monitor.store import open_store

    open_store(f"sqlite:///{path}", now=START).close()
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA synchronous=OFF")
    dice = random.Random(7)
    for first in range(1, rows + 1, 20_000):
        conn.execute("BEGIN")
        _insert(conn, [_mention(dice, number) for number in range(first, min(first + 20_000, rows + 1))])
        conn.execute("COMMIT")
    conn.close()


def _mention(dice: random.Random, number: int) -> dict[str, dict[str, object]]:
    at = START + timedelta(seconds=60 * number + dice.randrange(3000))
    seen = at + timedelta(minutes=dice.randrange(1, 60))
    stars = dice.choice((1, 2, 3, 4, 5, 5))
    bad = stars < 3
    words = " ".join(dice.choices(SENTENCES, k=dice.randrange(1, 5)))
    label = "bad" if bad else "good" if stars > 3 else "mixed"
    reasons = [{"code": "stars", "text": f"{stars} stars", "words": []}]
    if bad:
        reasons.append({"code": "topic:waiting", "text": "waiting", "words": ["waited 40 minutes"]})
    badness = round(dice.random(), 4)
    found: dict[str, dict[str, object]] = {
        "mentions": {
            "id": number,
            "source": f"shop-{number % 40}",
            "external_id": f"rev-{number:09}",
            "connector": "example_reviews",
            "kind": "review",
            "url": f"https://reviews.example/places/{number % 40}/reviews/{number}?lang=en",
            "author": f"Guest {dice.randrange(10**6)}",
            "place": f"Street {number % 40}",
            "country": "gb",
            "own": 0,
            "published_at": _iso(at),
            "sort_at": _iso(at),
            "first_seen_at": _iso(seen),
            "last_seen_at": _iso(seen),
            "version": 1,
            "content_hash": f"{number:064x}",
            "label": label,
            "level": "alert" if bad else "quiet",
            "severity": "high" if bad else None,
            "badness": badness,
            "scorer": "stars-vader/2",
            "case_id": number if bad else None,
        },
        "versions": {
            "mention_id": number,
            "version": 1,
            "content_hash": f"{number:064x}",
            "seen_at": _iso(seen),
            "title": dice.choice((None, "Never again", "Lovely")),
            "text": words,
            "text_length": len(words),
            "language": "en",
            "rating": float(stars),
            "rating_best": 5.0,
            "rating_worst": 1.0,
        },
        "scores": {
            "mention_id": number,
            "version": 1,
            "scorer": "stars-vader/2",
            "badness": badness,
            "level": "alert" if bad else "quiet",
            "label": label,
            "topics": json.dumps(["waiting"] if bad else []),
            "dangers": "[]",
            "reasons": json.dumps(reasons),
        },
        "mention_brands": {"mention_id": number, "brand": "acme"},
    }
    return found | (_followed(number, seen, answered=dice.random() < 0.7) if bad else {})


def _followed(number: int, seen: datetime, *, answered: bool) -> dict[str, dict[str, object]]:
    later = _iso(seen + timedelta(hours=2))
    found: dict[str, dict[str, object]] = {
        "cases": {
            "id": number,
            "state": "answered" if answered else "open",
            "severity": "high",
            "opened_at": _iso(seen),
            "due_at": _iso(seen + timedelta(hours=4)),
            "answered_at": later if answered else None,
            "answer_seen_at": later if answered else None,
            "ladder": "[]",
        },
        "alerts": {
            "id": number,
            "key": f"{number:032x}",
            "reason": "new",
            "mention_id": number,
            "created_at": _iso(seen),
            "facts": "{}",
        },
    }
    if answered:
        found["replies"] = {
            "id": number,
            "mention_id": number,
            "text": "We are sorry, and have spoken with the team - please come and see us.",
            "state": "visible",
            "published_at": later,
            "first_seen_at": later,
            "last_seen_at": later,
        }
    return found


def _insert(conn: sqlite3.Connection, mentions: list[dict[str, dict[str, object]]]) -> None:
    for table in dict.fromkeys(itertools.chain.from_iterable(mentions)):
        rows = [found[table] for found in mentions if table in found]
        names = ", ".join(rows[0])
        places = ", ".join(f":{name}" for name in rows[0])
        conn.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


if __name__ == "__main__":
    sys.exit(main())
