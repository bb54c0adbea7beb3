"""Commands that try a configuration: check, send-test."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, counted, known, load, opened
from monitor.cli.invocation import command
from monitor.cli.screen import say, show, show_json

if TYPE_CHECKING:
    from monitor.config import ChannelSettings, Settings, SourceSettings
    from monitor.daemon import Daemon
    from monitor.errors import LookError

# What helps, by the code of what went wrong; the sentence before it says what that was.
ADVICE = {
    "dns": "Look for a slip in the address; without one, ask for the name from another machine.",
    "dns_timeout": "This machine's name server is silent: try again, or name another one in the system.",
    "connect": "Is the address right, and may this machine reach it (firewall, proxy)?",
    "deadline": "It may be slow just now: try again. If it stays so, ask for less, or less often.",
    "tls": "Its certificate must be mended there, or the address belongs to somebody else.",
    "redirect": "Open the address in a browser and write down where it leads.",
    "robots": "The site does not want programs there; see docs/connectors.md for another way in.",
    "http_404": "The site knows no such page: look for a slip in the address or the id.",
    "http_410": "The page has gone for good: look for its new address.",
    "reconnect": "The key is missing, wrong or no longer valid. To mend:",  # the command follows
    "throttled": "It was asked too often: wait, and choose a longer `every`.",
    "over_budget": "The money or quota of the day is spent; it goes on tomorrow, or raise `daily_budget`.",
    "unexpected_type": "It answers with another kind of page than expected: open the address in a browser.",
    "empty": "It answers with nothing at all: open the address in a browser.",
    "shape": "The page looks different from what the connector knows: compare the options, or the selectors, with it.",
    "parser_limit": "The page is too much for the parser: choose a smaller one.",
}
NOTHING = "answers, and shows nothing yet: if that is wrong, compare its address or id with the site"


def check(
    live: Annotated[bool, typer.Option("--live", help="Ask every site and every channel once.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say in sentences what the configuration means.

    Everything that is wrong with it is told at once. With --live every site is asked once and every channel gets
    one message marked TEST; what does not work is said with what helps.

    Example: monitor check --live
    """
    from monitor import config as configuration

    settings = load(config)
    sentences = configuration.sentences(settings)
    doubts = [str(warning) for warning in settings.warnings]
    if as_json:
        asked = list(_asked(settings)) if live else []
        show_json({"sentences": sentences, "look_again": doubts, "asked": asked})
        raise typer.Exit(1 if any(one["trouble"] for one in asked) else 0)
    for sentence in sentences:
        show(sentence, lead="- ", indent="  ")
    print()
    for doubt in doubts:
        show(f"Look again: {doubt}", indent="  ")
    if not live:
        look = "Nothing looks wrong." if not doubts else f"{counted(len(doubts), 'thing')} to look at again."
        show(f"{look} To ask every site and channel once: {command()} check --live")
        return
    raise typer.Exit(1 if _print_live(settings) else 0)


def _print_live(settings: Settings) -> int:
    """Ask every site and channel, say of each how that went, and return how many have trouble."""
    trouble = 0
    for one in _asked(settings):
        trouble += one["trouble"] is not None
        words = one["trouble"] or one["fine"]
        show(f"{one['kind']} {one['name']}: {words}{' ' + one['advice'] if one['advice'] else ''}", indent="  ")
    print()
    count = len(settings.sources) + len(settings.channels)
    print(f"{trouble} of {count} have trouble." if trouble else f"All {count} answer.")
    return trouble


def _asked(settings: Settings) -> Iterator[dict[str, Any]]:
    with working(settings) as daemon:
        for source in settings.sources:
            yield {"kind": "source", "name": source.name, **_ask_site(daemon, source)}
        for channel in settings.channels:
            yield {"kind": "channel", "name": channel.name, **_ask_channel(daemon, channel)}


@contextmanager
def working(settings: Settings) -> Iterator[Daemon]:
    """Give what looks and sends, for the time of a command that does so by hand."""
    from monitor.daemon import Daemon

    with opened(settings, create=True) as store:
        daemon = Daemon(settings, store)
        try:
            yield daemon
        finally:
            daemon.sandbox.close()
            daemon.door.close()


def _ask_site(daemon: Daemon, source: SourceSettings) -> dict[str, Any]:
    from monitor import polling
    from monitor.store.sources import SourceState

    if source.kind.pushed_only:
        from monitor.config import push_address

        address = push_address(daemon.settings, source)
        fine = f"waits for what is posted to {address}; docs/connectors.md has a line to try it with"
        return {"fine": fine, "trouble": None, "advice": None}
    now = daemon.now()
    unseen = SourceState(source.name, source.connector, source.options_hash, added_at=now, next_poll_at=now)
    look = polling.look(source, unseen, daemon.tools)
    if look.error is not None:
        return {"fine": None, "trouble": str(look.error), "advice": _advice(look.error, source)}
    fine = f"answers, and can be read ({counted(len(look.seen), 'mention')} in the first look)"
    return {"fine": fine if look.seen else NOTHING, "trouble": None, "advice": None}


def _advice(error: LookError, source: SourceSettings) -> str | None:
    advice = ADVICE.get(error.code)
    return f"{advice} {command()} connect {shlex.quote(source.name)}" if error.code == "reconnect" else advice


def _ask_channel(daemon: Daemon, channel: ChannelSettings) -> dict[str, Any]:
    error = daemon.try_channel(channel)
    if error is not None:
        return {"fine": None, "trouble": str(error), "advice": None}
    return {"fine": f"took a test message ({channel.build().describe()})", "trouble": None, "advice": None}


def send_test(
    channel: Annotated[str, typer.Argument(help="The channel, by its name in the configuration.", metavar="CHANNEL")],
    config: ConfigOption = None,
) -> None:
    """Send your newest bad review to a channel, marked TEST.

    A channel that had refused for good and works again is turned on by it.

    Example: monitor send-test support-slack
    """
    from monitor.intake import Routing

    settings = load(config)
    known("channel", channel, Routing.of(settings).channels)
    with working(settings) as daemon:
        wanted = daemon.routing.channels[channel]
        found = _ask_channel(daemon, wanted)
        if found["trouble"] is not None:
            say(f"{channel}: {found['trouble']}")
            raise typer.Exit(1)
        print(f"Sent: a message marked TEST, to {wanted.build().describe()}.")
