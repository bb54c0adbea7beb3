"""The configuration: one TOML file → checked, frozen settings, or every reason why not."""

from __future__ import annotations

from monitor.config.adding import line_of, with_key
from monitor.config.connecting import Key, Needs, load_one, needs
from monitor.config.file import read as read_file
from monitor.config.load import FILE_NAME, USUAL_RULE, find, load
from monitor.config.renamed import RENAMED, Renamed
from monitor.config.secrets import flaw_of
from monitor.config.sentences import rule_in_words, sentences
from monitor.config.settings import (
    AccountSettings,
    ChannelSettings,
    Settings,
    SourceSettings,
    push_address,
    secret_values,
)

__all__ = [
    "FILE_NAME",
    "RENAMED",
    "USUAL_RULE",
    "AccountSettings",
    "ChannelSettings",
    "Key",
    "Needs",
    "Renamed",
    "Settings",
    "SourceSettings",
    "find",
    "flaw_of",
    "line_of",
    "load",
    "load_one",
    "needs",
    "push_address",
    "read_file",
    "rule_in_words",
    "secret_values",
    "sentences",
    "with_key",
]
