"""Everything out and everything in, with the list of keys that still work after one has left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from monitor.config import Settings
from monitor.store import Store, moving
from monitor.store.moving import Key

REVOKED_AT: Mapping[str, str] = {
    "discord": "Discord: the channel's settings, Integrations, Webhooks, delete it",
    "email": "your mail provider: the app passwords of that mailbox, or its password",
    "slack": "https://api.slack.com/apps: your app, Incoming Webhooks or OAuth & Permissions, revoke",
    "webhook": "the program that receives it: forget the signing key",
}


def export_all(store: Store, folder: Path, settings: Settings, *, now: datetime) -> int:
    """Write every table as CSV into a new folder and return how many rows there are. Tokens stay out.

    Its README has the pandas call for each table and what to revoke where. Raises UsageError: not empty, no room.
    """
    manifest = moving.export_all(store, folder, now=now, keys=tuple(keys(settings)))
    return sum(table.rows for table in manifest.tables)


def import_all(store: Store, folder: Path) -> int:
    """Read such a folder into an empty database, all or nothing, and return how many rows there were.

    Raises UsageError when the database holds data already, StoreError for a folder that is no export.
    """
    manifest = moving.import_all(store, folder)
    return sum(table.rows for table in manifest.tables)


def keys(settings: Settings) -> Iterator[Key]:
    """Yield every key of a configuration, by its place there and never by its value."""
    for account in settings.accounts.values():
        for name in account.secrets:
            yield Key(f'accounts "{account.name}": {name}', _sites_of(settings, account.name))
    for source in settings.sources:
        for name in _secrets(source.options):
            yield Key(f'sources "{source.name}": {name}', _account_page(source.connector))
    for channel in settings.channels:
        for name in _secrets(channel.options):
            yield Key(f'channels "{channel.name}": {name}', REVOKED_AT.get(channel.notifier, channel.notifier))
    for person in settings.people.values():
        if person.phone_webhook:
            yield Key(f'people "{person.name}": phone_webhook', "the service that calls that phone")
    if settings.heartbeat_url is not None:
        yield Key("monitor: heartbeat_url", "the service that waits for it")


def _secrets(options: Any) -> list[str]:
    return [name for name, value in dict(options).items() if isinstance(value, SecretStr) and value.get_secret_value()]


def _sites_of(settings: Settings, account: str) -> str:
    connectors = dict.fromkeys(source.connector for source in settings.sources if source.account == account)
    return "; ".join(map(_account_page, connectors)) or "the site it is for"


def _account_page(connector: str) -> str:
    return f"{connector.replace('_', ' ')}: the page of that site on which the key was made"
