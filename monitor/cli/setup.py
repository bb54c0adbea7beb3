"""Commands that set things up: demo, init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
    """Answer five questions and get a folder with your configuration.

    The folder has the configuration, a secrets file that only you can read, and how to start it on this machine.

    Example: monitor init
    """
    from monitor.cli import init as questions
    from monitor.cli.invocation import command

    questions.run(folder, command=command())
