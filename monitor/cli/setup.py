"""Commands that set things up: init, check, send-test, demo."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.common import ConfigOption, load, opened, say
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.config import ChannelSettings, Settings, SourceSettings
    from monitor.daemon import Daemon


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("demo")(demo)
    app.command("init")(init)
    app.command("check")(check)
    app.command("doctor", hidden=True)(check)
    app.command("send-test")(send_test)


def demo(
    folder: Annotated[Path, typer.Option(help="Where its pages and its CSV are written.")] = Path("monitor-demo"),
) -> None:
    """Show the whole product at work on a made-up town, in half a minute, without an account anywhere."""
    from monitor import demo as show

    show.run(folder)


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to write.")] = Path("review-monitor"),
) -> None:
    """Ask five things and write a folder with the configuration and how to start it here."""
    from monitor.cli import init as questions

    questions.run(folder)


def check(
    config: ConfigOption = None,
    live: Annotated[bool, typer.Option("--live", help="Ask every site and every channel once.")] = False,
) -> None:
    """Repeat the configuration in sentences, and say what looks wrong."""
    from monitor import config as configuration
    from monitor.text import terminal

    settings = load(config)
    for sentence in configuration.sentences(settings):
        print(terminal(sentence))
    for warning in settings.warnings:
        print(terminal(f"Look again: {warning}"))
    if live and not _live(settings):
        sys.exit(1)


def _live(settings: Settings) -> bool:
    """Ask every site and channel once, say in words how that went; False when something is wrong."""
    from monitor.text import terminal

    print()
    fine = True
    with opened(settings) as store:
        from monitor.daemon import Daemon

        daemon = Daemon(settings, store)
        for source in settings.sources:
            trouble = _ask_site(daemon, source)
            fine &= trouble is None
            print(terminal(f"{source.name}: {trouble or 'answers, and can be read'}"))
        for channel in settings.channels:
            trouble = _ask_channel(daemon, channel)
            fine &= trouble is None
            print(terminal(f"{channel.name}: {trouble or f'took a test message ({channel.build().describe()})'}"))
    return fine


def _ask_site(daemon: Daemon, source: SourceSettings) -> str | None:
    from monitor import polling
    from monitor.cli.watch import unseen

    look = polling.look(source, unseen(source, daemon.now()), daemon.tools)
    if look.error is None:
        return None if look.seen or look.not_modified else "answers, but shows no review (yet)"
    return f"{look.error}"


def _ask_channel(daemon: Daemon, channel: ChannelSettings) -> str | None:
    error = daemon.try_channel(channel)
    return str(error) if error else None


def send_test(
    channel: Annotated[str, typer.Argument(help="The channel, by its name in the configuration.")],
    config: ConfigOption = None,
) -> None:
    """Send your newest bad review to a channel, marked TEST."""
    settings = load(config)
    names = [one.name for one in settings.channels]
    if channel not in names:
        raise UsageError(f"there is no channel `{channel}`. Known: {', '.join(names)}.")
    with opened(settings) as store:
        from monitor.daemon import Daemon

        daemon = Daemon(settings, store)
        wanted = daemon.routing.channels[channel]
        trouble = _ask_channel(daemon, wanted)
        if trouble is not None:
            say(f"{channel}: {trouble}")
            advice = getattr(wanted.build(), "advice", None)
            if advice:
                say(advice)
            sys.exit(1)
        print(f"A test message is on its way to {wanted.build().describe()}.")
