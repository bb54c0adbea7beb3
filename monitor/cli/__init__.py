"""The command line. Light to load: what a command needs is imported by the command."""

from __future__ import annotations

import os
import sys

import typer

from monitor.cli import data, read, setup, watch
from monitor.errors import ConfigError, MonitorError, UsageError

FAILED = 1
USAGE = 2

app = typer.Typer(
    name="monitor",
    help="Tells the right person when somebody publicly complains about you, "
    "and does not let go until your answer can be seen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (setup, watch, read, data):
    room.add_to(app)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process: 0 fine, 1 failed, 2 usage or configuration."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 gets marks, not a traceback
    try:
        app(args=arguments)
    except ConfigError as error:
        _say(str(error))
        sys.exit(USAGE)
    except UsageError as error:
        _say(str(error))
        sys.exit(USAGE)
    except MonitorError as error:
        _say(str(error))
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): not an error, and not worth a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _say(text: str) -> None:
    from monitor.text import terminal

    for line in text.splitlines():
        print(terminal(line), file=sys.stderr)
