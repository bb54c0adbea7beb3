"""10,000 bad reviews in a minute: a handful of messages, and every review reachable from them."""

from __future__ import annotations

import csv
import io
import resource
from collections.abc import Callable

import pytest

from tests.pipeline.conftest import Watch
from tests.town import Town, bad, review

Begin = Callable[..., Watch]
PLACES = ("quay", "mill", "harbour", "station")


def _storm(town: Town, monitor: Watch, count: int) -> None:
    each = count // len(PLACES)
    now = monitor.clock().isoformat()
    for place in PLACES:
        town.site.publishes(place, *(bad(n, created=now, id=f"{place}-{n}") for n in range(each)))
    monitor.look(minutes=2)
    for _ in range(60):
        monitor.look(seconds=10)


def _reachable(monitor: Watch, deliveries: list[str]) -> set[int]:
    found: set[int] = set()
    for delivery in deliveries:
        rows = monitor.rows(
            "select a.mention_id from delivery_alerts d join alerts a on a.id = d.alert_id where d.delivery_id = :id",
            id=delivery,
        )
        found.update(row.mention_id for row in rows if row.mention_id is not None)
    return found


@pytest.mark.slow
def test_ten_thousand_bad_reviews_make_at_most_fifteen_posts_and_six_mails(
    town: Town, watch: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in PLACES:
        town.site.shows(place, review(1, id=f"{place}-first"))
    monitor = watch(places=PLACES, source="size = 1000")
    monitor.look()
    posts, mails = len(town.slack.posts), len(town.mail.received)

    _storm(town, monitor, 10_000)

    bad_ids = {row.id for row in monitor.rows("select id from mentions where label = 'bad'")}
    sent = [post["blocks"][0]["block_id"] for post in town.slack.posts[posts:]]
    attached = _attached(town, mails)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    with capsys.disabled():
        print(f"\n{len(sent)} posts, {len(town.mail.received) - mails} mails, peak memory {peak} MiB")
    assert len(bad_ids) == 10_000
    assert len(sent) <= 15
    assert len(town.mail.received) - mails <= 6
    assert _reachable(monitor, sent) >= bad_ids
    assert attached >= {f"m{mention_id}" for mention_id in bad_ids}


def _attached(town: Town, since: int) -> set[str]:
    """Return the ids that the mails name: in their attached lists, or in the text of single ones."""
    found: set[str] = set()
    for mail in town.mail.received[since:]:
        text = mail.get_body(("plain",)).get_content()
        found.update(word.strip(".,;:()") for word in text.split() if word.strip(".,;:()").lstrip("m").isdigit())
        for part in mail.iter_attachments():
            rows = csv.DictReader(io.StringIO(part.get_payload(decode=True).decode("utf-8-sig")))
            found.update(row["id"] for row in rows)
    return found


def test_a_small_flood_from_one_source_becomes_one_message(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",))
    monitor.look()
    posts = len(town.slack.posts)
    now = monitor.clock().isoformat()
    town.site.publishes("quay", *(bad(n, created=now) for n in range(2, 40)))

    monitor.look(minutes=2)

    sent = [post["blocks"][0]["block_id"] for post in town.slack.posts[posts:]]
    assert len(sent) == 1
    assert len(_reachable(monitor, sent)) == 38
