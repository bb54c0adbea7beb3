"""The command line. Light to load: what a command needs is imported by the command."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from monitor import __version__
from monitor.cli import check, data, erase, learn, read, reply, rescore, rules, setup, show, status, teach, watch, work
from monitor.cli.common import ConfigOption
from monitor.cli.screen import say
from monitor.errors import ConfigError, MonitorError, UsageError

FAILED = 1
USAGE = 2
STOPPED = 130
NOT_WRITTEN = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

GROUPS: dict[str, tuple[Callable[..., None], ...]] = {
    "Begin": (setup.demo, setup.init, setup.connect, check.check, check.send_test, read.connectors),
    "Watch": (watch.run, watch.poll, status.status, watch.audit, rescore.rescore),
    "Look": (read.mentions, show.show, read.cases, read.deliveries, read.score, data.report, rules.rules),
    "Work": (
        work.inbox,
        work.claim,
        work.assign,
        work.note,
        work.snooze,
        reply.reply,
        work.answer,
        work.close,
        work.reopen,
        work.away,
    ),
    "Teach": (teach.learn, learn.mark, learn.accuracy, setup.new_connector),
    "In and out": (data.export, data.import_, data.backup, data.restore, erase.erase),
}
"""The commands, by what one wants to do."""

Mistake: type[Exception] = typer.BadParameter.__bases__[0]  # whatever somebody mistyped


class Commands(TyperGroup):
    """Shows the commands in their groups, and ends quietly when nobody reads any more."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands of each group under its name."""
        shown = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        there = [(name, command) for name, command in shown if command is not None and not command.hidden]
        longest = max(len(name) for name, _ in there)
        room = formatter.width - formatter.indent_increment - longest - 2
        for group in GROUPS:
            rows = [
                (name.ljust(longest), command.get_short_help_str(room))
                for name, command in there
                if getattr(command, "rich_help_panel", None) == group
            ]
            with formatter.section(group):
                formatter.write_dl(rows)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what it printed is out before anything else is said."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read our output has gone (`| head`): not an error, and not worth a traceback.
            _drop_output()
            raise typer.Exit from None
        except OSError as error:
            if error.errno not in NOT_WRITTEN:
                raise
            _drop_output()
            say(f"the output was not written: {error.strerror}")
            raise typer.Exit(FAILED) from None


def _drop_output() -> None:
    """Let what could not be written go, or it would be tried again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    name="monitor",
    cls=Commands,
    help="Tells the right person when somebody publicly complains about you, "
    "and does not let go until your answer can be seen.",
    epilog="`monitor COMMAND --help` has the options of a command and an example.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"Review Monitor {__version__}")
        raise typer.Exit


@app.callback()
def _before(
    config: ConfigOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Read what stands before the command."""


def _add_all() -> None:
    for group, functions in GROUPS.items():
        for function in functions:
            name = function.__name__.rstrip("_").replace("_", "-")
            summary, _, examples = (function.__doc__ or "").partition("\n\n    Example: ")
            app.command(
                name,
                help=summary,
                epilog=f"Example: {examples.strip()}" if examples else None,
                rich_help_panel=group,
            )(function)
    app.command("doctor", hidden=True, help="The same as check.")(check.check)


_add_all()


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process: 0 fine, 1 failed, 2 usage or configuration."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 gets marks, not a traceback
    sys.excepthook = _fault
    sys.exit(_status(arguments))


@cache
def commands() -> Any:
    """Return the group of all commands."""
    return typer.main.get_command(app)


def _status(arguments: list[str] | None) -> int:
    try:
        status = commands().main(args=arguments, prog_name="monitor", standalone_mode=False)
    except (ConfigError, UsageError) as error:
        _say_all(str(error))
        return USAGE
    except MonitorError as error:
        _say_all(str(error))
        return FAILED
    except Mistake as error:
        _say_all(_mistake(error))
        return USAGE
    except (typer.Abort, KeyboardInterrupt):
        say("stopped")
        return STOPPED
    return status if isinstance(status, int) else 0


def _mistake(error: Any) -> str:
    context = error.ctx
    if type(error).__name__ == "NoArgsIsHelpError":
        return str(error.message)
    command = context.command_path if context else "monitor"
    words = error.format_message().replace("'", "`").rstrip(".")
    return f"{command}: {words[:1].lower()}{words[1:]}. `{command} --help` shows how it is used."


def _say_all(text: str) -> None:
    for line in text.splitlines():
        say(line)


def _fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show what nobody foresaw, without any secret."""
    from monitor import logs

    for line in "".join(traceback.format_exception(kind, error, trace)).splitlines():
        say(logs.masked(line))
    say("This is a fault of the program, and what is stored is safe. Please report the lines above.")
