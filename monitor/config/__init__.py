"""The configuration: one TOML file → checked, frozen settings, or every reason why not."""

from __future__ import annotations

from monitor.config.load import FILE_NAME, USUAL_RULE, find, load
from monitor.config.renamed import RENAMED, Renamed
from monitor.config.sentences import sentences
from monitor.config.settings import AccountSettings, ChannelSettings, Settings, SourceSettings, secret_values

__all__ = [
    "FILE_NAME",
    "RENAMED",
    "USUAL_RULE",
    "AccountSettings",
    "ChannelSettings",
    "Renamed",
    "Settings",
    "SourceSettings",
    "find",
    "load",
    "secret_values",
    "sentences",
]
