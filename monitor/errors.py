"""Every error of the product, in one tree.

    MonitorError                  permanent, retry_after: what the caller may do about it
    ├── ConfigError               the configuration file, one Problem a line
    ├── UsageError                a command asked for something that is not there
    ├── LookError                 a source could not be read
    │   ├── FetchError            the exchange failed: `code` says how
    │   ├── ParseError            the answer has another shape than the connector knows
    │   └── RefusedError          the site answered, and the answer was no
    ├── DeliveryError             a channel did not take a message
    └── StoreError                the database cannot be used as it is

Sorted by what the caller should do, not by where they arise. Caught in three
places only: per source, per delivery, and in the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


class MonitorError(Exception):
    """The root: a sentence for people, and two facts for the program.

    `permanent` means that trying again changes nothing until somebody acts.
    `retry_after` is what the other side asked us to wait, if it said so.
    """

    permanent: bool = False
    retry_after: timedelta | None = None

    def __init__(
        self,
        message: str,
        *,
        permanent: bool | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        if permanent is not None:
            self.permanent = permanent
        if retry_after is not None:
            self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where it stands and what to do, in one line."""

    where: str  # monitor.toml: sources[2] "shop-us"
    what: str  # unknown key `contry`. Did you mean `countries`? Known: app_id, countries.

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class ConfigError(MonitorError):
    """The configuration cannot be used. `problems` holds all of them, not the first only."""

    permanent = True

    def __init__(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class UsageError(MonitorError):
    """A command was given a name, id or file that does not exist or does not fit."""

    permanent = True


class LookError(MonitorError):
    """A source could not be read. `code` is a fixed word for logs, counters and health."""

    code = "look"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        permanent: bool | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message, permanent=permanent, retry_after=retry_after)
        if code is not None:
            self.code = code


class FetchError(LookError):
    """The exchange itself failed.

    Codes: deadline, dns, dns_timeout, connect, refused_address, redirect, tls, protocol, too_large,
    truncated, encoding, empty, blocked, unexpected_type, robots, http_NNN, parser_limit, stopped, folder.
    `sent` means that the whole request had left: it may have had its effect all the same.
    """

    code = "fetch"

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: int | None = None,
        permanent: bool | None = None,
        retry_after: timedelta | None = None,
        sent: bool = False,
    ) -> None:
        super().__init__(message, code=code, permanent=permanent, retry_after=retry_after)
        self.status = status
        self.sent = sent


class ParseError(LookError):
    """The answer has another shape than the connector knows; names the site and the key."""

    code = "shape"


class RefusedError(LookError):
    """The site answered and said no: reconnect, throttled, over_budget (these are the codes)."""

    code = "refused"


class DeliveryError(MonitorError):
    """A channel did not take a message.

    `uncertain` means that the message may have arrived all the same (the line broke
    after the last byte was sent): look it up before sending it again. `whole_channel` means
    that no other message would fare better (a revoked webhook), as against one recipient or text.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool | None = None,
        retry_after: timedelta | None = None,
        uncertain: bool = False,
        whole_channel: bool = False,
    ) -> None:
        super().__init__(reason, permanent=permanent, retry_after=retry_after)
        self.reason = reason
        self.uncertain = uncertain
        self.whole_channel = whole_channel


class StoreError(MonitorError):
    """The database cannot be used as it is: newer, foreign, read-only, gone, half moved."""

    permanent = True
