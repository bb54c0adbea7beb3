"""Recorded answers of real sites through the real command: what is stored, exported and told is what they hold."""

from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.proofs import held
from tests.proofs.held import Held
from tests.town import Town, a_town

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TOO_DEEP = b"CustomerReviews RSS page depth is limited to 10"
KINDS = {".json": "application/json", ".html": "text/html; charset=utf-8"}


@dataclass
class Watched:
    """What is watched: the configuration, and by source what its recording holds. None: it cannot be read."""

    town: Town
    tables: list[str] = field(default_factory=list)
    holds: dict[str, list[Held] | None] = field(default_factory=dict)

    def add(self, name: str, holds: list[Held] | None, options: str) -> None:
        """Watch one more."""
        self.holds[name] = holds
        base = f'base_url = "{self.town.site.url}"\nallow_private = true\n'
        self.tables.append(f'[[sources]]\nname = "{name}"\n{options}\n{base}')

    def serve(self, path: str, recording: Path) -> None:
        """Answer with a recording."""
        kind = KINDS.get(recording.suffix, "application/xml")
        self.town.site.serves(path, recording.read_bytes(), Content_Type=kind)


def apps(watched: Watched, folder: Path) -> None:
    """Watch each recorded page as the first one of an app of its own."""
    for number, recording in enumerate(sorted(folder.glob("*.json")), 1000):
        address = f"/us/rss/customerreviews/page={{page}}/id={number}/sortby=mostrecent/json"
        watched.serve(address.format(page=1), recording)
        watched.town.site.serves(address.format(page=2), TOO_DEEP, Content_Type="text/plain")
        watched.add(f"app-{number}", held.app_reviews(recording), f'connector = "apple_rss"\napp_id = "{number}"')


def feeds(watched: Watched, folder: Path) -> None:
    """Watch each recorded feed at a host of its own."""
    for recording in sorted(folder.iterdir()):
        if recording.suffix in (".md", ".txt"):
            continue
        name = re.sub(r"\W", "-", recording.name).lower()
        watched.serve(f"/{recording.name}", recording)
        options = f'connector = "feed"\nurl = "https://{name}.example/{recording.name}"'
        watched.add(f"feed-{name}", held.feed_items(recording), options)


def pages(watched: Watched, folder: Path) -> None:
    """Watch each recorded page at a host of its own; one with neither review nor average cannot be read."""
    for recording in sorted(folder.glob("*.html")):
        name = re.sub(r"\W", "-", recording.name).lower()
        watched.serve(f"/{recording.name}", recording)
        reviews = held.page_reviews(recording)
        bare = not reviews and "aggregaterating" not in recording.read_text().lower()
        options = f'connector = "schema_org"\nurl = "https://{name}.example/{recording.name}"'
        watched.add(f"page-{name}", None if bare else reviews, options)


def posts(watched: Watched, folder: Path) -> None:
    """Watch a search whose answer holds all recorded hits; the brand is a word of each."""
    for number, recording in enumerate(sorted(folder.glob("*.json"))):
        found = held.hits(recording)
        answer = {"hits": found, "nbHits": len(found), "hitsPerPage": 1000, "page": 0, "nbPages": 1}
        watched.town.site.serves("/api/v1/search_by_date", json.dumps(answer).encode(), Content_Type="application/json")
        words = [
            max(re.findall(r"\b[A-Za-z]{3,}\b", str(hit["title"] or hit["comment_text"])), key=len) for hit in found
        ]
        watched.tables.append(f'[[brands]]\nname = "words-{number}"\nterms = {json.dumps(words)}\n')
        options = f'connector = "hacker_news"\nterms = ["recorded"]\nbrand = "words-{number}"'
        watched.add(f"posts-{number}", [held.hit(hit) for hit in found], options)


@pytest.fixture(scope="module")
def watched(shared_samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Every recording of the four kinds of site, served on this machine and configured."""
    with a_town(tmp_path_factory.mktemp("real")) as town:
        made = Watched(town)
        apps(made, shared_samples / "apple_rss")
        feeds(made, shared_samples / "feeds")
        pages(made, shared_samples / "schema_org_html")
        posts(made, shared_samples / "hackernews")
        town.configure(places=(), extra="\n".join(made.tables))
        yield made


@pytest.fixture(scope="module")
def first(watched: Watched) -> subprocess.CompletedProcess[str]:
    """The first run, over everything at once."""
    return monitor(watched.town, "run", "--once")


def monitor(town: Town, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in the town's folder."""
    command = [sys.executable, "-m", "monitor", *arguments, "--config", str(town.folder / "monitor.toml")]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **town.env}, capture_output=True, text=True, timeout=60)


QUERY = """
    SELECT m.source, v.rating, m.published_at, v.text
    FROM mentions m JOIN versions v ON v.mention_id = m.id AND v.version = m.version
"""


def stored(town: Town) -> dict[str, list[Held]]:
    """Return what lies in the database, by source."""
    with closing(sqlite3.connect(town.folder / "monitor.db")) as conn:
        rows = list(conn.execute(QUERY))
    return by_source((source, stars, when, text) for source, stars, when, text in rows)


def exported(town: Town) -> dict[str, list[Held]]:
    """Return what an export holds, by source."""
    output = town.folder / "reviews.csv"
    assert monitor(town, "export", "--output", str(output)).returncode == 0
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return by_source((row["source"], row["rating"], row["published_at"], unguarded(row["text"])) for row in rows)


def unguarded(cell: str) -> str:
    """Return a cell as it was before it was made safe for spreadsheets."""
    return re.sub(r"(^|[,;|\t\r\n\"])'", r"\1", cell)


def by_source(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Held]]:
    """Return rows as what recordings hold; pages name a day, not an instant."""
    found = defaultdict(list)
    for source, stars, when, text in rows:
        moment = held.instant(when)[:10] if source.startswith("page-") else held.instant(when)
        found[source].append(Held(float(stars) if stars not in (None, "") else None, moment, "".join(text.split())))
    return found


def told(town: Town) -> int:
    """Return how many messages have arrived anywhere."""
    return len(town.slack.posts) + len(town.mail.received)


def alike(found: dict[str, list[Held]], watched: Watched) -> None:
    """Compare source by source: too much is on the left of what differs, what is missing on the right."""
    differing = {
        name: (Counter(found.get(name, [])) - Counter(holds or []), Counter(holds or []) - Counter(found.get(name, [])))
        for name, holds in watched.holds.items()
        if Counter(found.get(name, [])) != Counter(holds or [])
    }
    assert differing == {}


def test_counts_stars_dates_and_texts_are_those_of_the_recordings(
    watched: Watched, first: subprocess.CompletedProcess[str]
) -> None:
    alike(stored(watched.town), watched)

    assert sum(len(holds or ()) for holds in watched.holds.values()) > 150
    unreadable = {name for name, holds in watched.holds.items() if holds is None}
    assert set(re.findall(r'"source not polled".*?"source": "([^"]+)"', first.stderr)) == unreadable
    assert first.returncode == (1 if unreadable else 0)


def test_the_export_says_the_same(watched: Watched, first: subprocess.CompletedProcess[str]) -> None:
    alike(exported(watched.town), watched)


def test_the_first_look_tells_the_staff_by_slack_and_by_mail(
    watched: Watched, first: subprocess.CompletedProcess[str]
) -> None:
    assert any("I now watch" in text for text in watched.town.slack.texts())
    assert watched.town.mail.received


def test_a_second_run_adds_nothing_and_tells_nothing(watched: Watched, first: subprocess.CompletedProcess[str]) -> None:
    before, messages = stored(watched.town), told(watched.town)

    second = monitor(watched.town, "run", "--once")

    assert stored(watched.town) == before
    assert told(watched.town) == messages
    assert second.returncode == first.returncode
