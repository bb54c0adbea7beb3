"""Commands that set things up: demo, init, connect, new-connector."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import ConfigOption


def demo(
    folder: Annotated[Path, typer.Option(help="Where its pages and its CSV are written.")] = Path("monitor-demo"),
) -> None:
    """See all of it at work on a made-up town, in half a minute.

    The real program watches made-up sites on this machine; no account is needed and nothing leaves it.

    Example: monitor demo
    """
    from monitor import demo as show
    from monitor.cli.invocation import command

    show.run(folder, command=command())


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to write.", metavar="FOLDER")] = Path("review-monitor"),
) -> None:
    """Answer five questions and get a folder with your settings.

    The folder has the configuration, a secrets file that only you can read, and how to start it on this machine.

    Example: monitor init
    """
    from monitor.cli import init as questions
    from monitor.cli.invocation import command

    questions.run(folder, command=command())


def connect(
    source: Annotated[str, typer.Argument(help="The source, by its name in the configuration.", metavar="SOURCE")],
    again: Annotated[bool, typer.Option("--again", help="Ask for everything anew, although it works.")] = False,
    config: ConfigOption = None,
) -> None:
    """Give a source its key or consent, and prove it.

    It says what to do step by step, asks for each missing secret and keeps it in a file that only you can read.
    An access that is allowed in a browser can be allowed on any device. Last, the site is asked once.

    Example: monitor connect quay-street
    """
    import os

    from monitor import config as configuration
    from monitor import logs
    from monitor.cli import connect as connecting
    from monitor.cli.invocation import command

    logs.use("warning")
    connecting.run(source, configuration.find(config, os.environ), os.environ, again=again, command=command())


def new_connector(
    name: Annotated[str, typer.Argument(help="What it is called, such as our_forum.", metavar="NAME")],
    config: ConfigOption = None,
) -> None:
    """Begin a connector of your own: file, sample and exam.

    They go into the folder that `own_connectors` names in the configuration, or into my_connectors beside it.

    Example: monitor new-connector our_forum
    """
    import os

    from monitor import config as configuration
    from monitor.cli import own
    from monitor.cli.invocation import command

    own.run(name, configuration.find(config, os.environ), command())
