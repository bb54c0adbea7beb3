"""Leaving: everything in one folder, and what still works after one has left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor import config
from monitor.reports import export_all, import_all
from monitor.store import Store, schema
from tests.builders import NOON
from tests.reports.mentions import put_alert, put_mention
from tests.store.processes import ROOT

CONFIG = """
[monitor]
database = "sqlite:///monitor.db"
heartbeat_url = { env = "BEAT" }

[[people]]
name = "ana"
phone_webhook = { env = "PHONE" }

[[accounts]]
name = "shop-key"
token = { env = "TOKEN" }

[[sources]]
name = "blog"
connector = "feed"
url = "https://blog.example/feed"

[[channels]]
name = "support-slack"
notifier = "slack"
webhook_url = { env = "SLACK" }
"""
SECRETS = {
    "BEAT": "https://beat.example/secret-beat",
    "PHONE": "https://phone.example/secret-phone",
    "TOKEN": "secret-token-1",
    "SLACK": "https://hooks.slack.com/services/T1/B1/secretslack",
}


@pytest.fixture
def settings(tmp_path: Path) -> config.Settings:
    (tmp_path / "monitor.toml").write_text(CONFIG)
    return config.load(tmp_path / "monitor.toml", SECRETS)


def test_the_readme_names_every_key_and_where_to_end_it_but_no_value(
    store: Store, settings: config.Settings, tmp_path: Path
) -> None:
    export_all(store, tmp_path / "out", settings, now=NOON)

    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    for line in (
        '- accounts "shop-key": token: ',
        '- channels "support-slack": webhook_url: https://api.slack.com/apps',
        '- people "ana": phone_webhook: ',
        "- monitor: heartbeat_url: ",
    ):
        assert line in text
    for path in (tmp_path / "out").iterdir():
        assert "secret" not in path.read_text(encoding="utf-8")


def test_what_is_counted_out_is_counted_in(
    store: Store, settings: config.Settings, tmp_path: Path, sqlite_url: str
) -> None:
    from monitor.store import open_store

    with store.write() as conn:
        put_mention(conn, 1)
        put_alert(conn, 1, NOON)
        conn.execute(schema.tokens.insert().values(account="a", token={"access": "x"}, renewed_at=NOON))

    written = export_all(store, tmp_path / "out", settings, now=NOON)
    with open_store(sqlite_url.replace("monitor.db", "new.db"), now=NOON) as new:
        read = import_all(new, tmp_path / "out")

    assert written == read == 5  # mention, version, score, alert, and which version made the tables


@pytest.mark.slow
def test_an_export_is_not_slower_than_pandas_and_its_memory_stays_flat() -> None:
    command = [sys.executable, "bench/export.py", "--rows", "60000"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
