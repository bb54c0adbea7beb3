"""What `monitor connectors` says of the sites that no connector reads."""

from __future__ import annotations

import json
from pathlib import Path

from monitor.cli.unwatched import ANYHOW, NO_INTERFACE, NOT_NOW
from tests.cli.conftest import Run

NOT_NOW_NAMES = {
    "microsoft_store", "vscode_marketplace", "g2", "disqus", "tiktok", "linkedin", "booking_com",
    "facebook_recommendations",
}  # fmt: skip
NO_INTERFACE_NAMES = {
    "amazon", "shopify", "capterra", "glassdoor", "opentable", "zomato", "chrome_web_store", "quora",
}  # fmt: skip


def test_every_site_that_is_not_read_says_why_and_which_way_in_there_is():
    for site in (*NOT_NOW, *NO_INTERFACE):
        assert site.why.endswith(".")
        assert site.ways
        assert list(site.ways_in({"feed", "imap_mailbox", "inbound_webhook"}))
    assert {site.name for site in NOT_NOW} == NOT_NOW_NAMES
    assert {site.name for site in NO_INTERFACE} == NO_INTERFACE_NAMES


def test_a_way_in_is_named_only_where_its_connector_is_there():
    site = next(site for site in NO_INTERFACE if site.ways == ANYHOW)

    assert [way for way, _ in site.ways_in(set())] == ["import"]
    assert [way for way, _ in site.ways_in({"imap_mailbox"})] == ["import", "mailbox"]
    assert [way for way, _ in site.ways_in({"imap_mailbox", "inbound_webhook"})] == ["import", "mailbox", "webhook"]


def test_the_list_has_them_behind_what_is_built(run: Run, shop):
    plain, rows = run("connectors"), json.loads(run("connectors", "--json").out)

    assert plain.code == 0
    states = [row["state"] for row in rows]
    assert states == sorted(states, key=["built", "not now", "no usable interface"].index)
    by_name = {row["connector"]: row for row in rows}
    assert by_name.keys() >= NOT_NOW_NAMES | NO_INTERFACE_NAMES
    assert by_name["amazon"]["ways"][0]["way"] == "import"
    said = " ".join(plain.out.split())
    assert "No usable interface, and so no connector:" in said
    assert "Quora It has neither an API nor feeds, and forbids programs. Way in: a Google Alert such as" in said


def test_a_site_that_has_become_a_connector_is_no_longer_among_them(run: Run, shop):
    own = shop.folder / "mine"
    own.mkdir()
    (own / "g2.py").write_text("from monitor.connector import Connector\n\n\nclass G2(Connector):\n    pass\n")
    shop.config.write_text(shop.config.read_text().replace("[monitor]\n", '[monitor]\nown_connectors = "mine"\n'))

    rows = json.loads(run("connectors", "--json").out)

    assert [row["state"] for row in rows if row["connector"] == "g2"] == ["built"]


def test_the_page_tells_the_same():
    page = (Path(__file__).resolve().parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")

    told = page.partition("\n## What is not read, and the way in\n")[2]

    assert [f"| {site.title} | {site.why} |" in told for site in (*NOT_NOW, *NO_INTERFACE)] == [True] * 16
