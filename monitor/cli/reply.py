"""The command `reply`: answers in public, once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, load, number
from monitor.cli.invocation import command
from monitor.cli.screen import say, show, show_quote
from monitor.cli.work import By, who_am_i
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.config import SourceSettings
    from monitor.daemon import Daemon
    from monitor.exchange import Request
    from monitor.polling import Posted

LONGEST_FILE = 100_000  # bytes


def reply(
    target: Annotated[str, typer.Argument(metavar="ID", help="The mention to answer (m12).")],
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="The answer; else --file.")] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="A file with the answer; - reads it here.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Post it without asking.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Post it although an earlier one may stand there. Look first.")
    ] = False,
    by: By = None,
    config: ConfigOption = None,
) -> None:
    """Answer in public, where the site takes answers.

    It is shown to you first. It leaves once: after a crash or a broken line I say that it may stand there, and post
    nothing twice. The case ends when the answer can be seen on the site.

    Example: monitor reply m12 "I am sorry, Jonas. Your next two are on me. Mara"
    """
    from monitor.cli.check import working

    words = _words(text, file)
    settings = load(config)
    who = who_am_i(settings, by)
    with working(settings) as daemon:
        answer = _Answer(daemon, number(target, "m"), words, who)
        answer.check(again=again)
        if not (yes or answer.agreed()):
            raise UsageError("nothing was posted")
        answer.post()


def _words(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise UsageError("give the answer either as words or with --file")
    if text is not None:
        return text.strip()
    try:
        raw = sys.stdin.buffer.read(LONGEST_FILE) if str(file) == "-" else (file or Path()).read_bytes()[:LONGEST_FILE]
        return raw.decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read as UTF-8 text: {getattr(error, 'strerror', None) or error}") from error


class _Answer:
    """One answer on its way."""

    def __init__(self, daemon: Daemon, mention_id: int, text: str, who: str) -> None:
        from monitor.store import mentions

        row = daemon.read(lambda conn: mentions.full(conn, [mention_id]).get(mention_id))
        if row is None:
            raise UsageError(f"there is no mention m{mention_id}")
        if row["own"]:
            raise UsageError(f"m{mention_id} is a post of your own")
        if row["deleted_at"] is not None:
            raise UsageError(f"m{mention_id} is no longer on the site")
        self.daemon, self.row, self.text, self.who = daemon, row, text, who
        self.source = self._source()
        self.request: Request | None = None

    def _source(self) -> SourceSettings:
        found = self.daemon.routing.source(self.row["source"])
        if found is None:
            raise UsageError(f"m{self.row['id']} is of `{self.row['source']}`, which is no longer watched")
        return found

    def check(self, *, again: bool) -> None:
        """Raise UsageError where it cannot or must not be posted."""
        from monitor import polling
        from monitor.store import mentions, outgoing

        self.request = polling.prepared(self.source, mentions.as_mention(self.row), self.text)
        before = self.daemon.read(lambda conn: outgoing.doubtful(conn, self.row["id"]))
        if before is not None and not again:
            raise UsageError(
                f"an answer to m{self.row['id']} left at {before.started_at:%Y-%m-%d %H:%M} UTC, and nobody knows "
                f"whether it stands there: look at {self.row['answer_url'] or self.row['url']}, then say --again"
            )

    def agreed(self) -> bool:
        """Show what would be posted, and ask."""
        show(f"In public on {self.source.build().title or self.source.name}, below this:")
        show_quote(self.row["text"] or "(no text)")
        show("You answer:")
        show_quote(self.text)
        return typer.confirm("Post it?", default=False, err=True)

    def post(self) -> None:
        """Write it down, post it, and write down how that ended."""
        from monitor import polling
        from monitor.store import outgoing

        daemon, mention_id = self.daemon, self.row["id"]
        assert self.request is not None
        begun = daemon.write(lambda conn: outgoing.begin(conn, mention_id, self.text, self.who, daemon.now()))
        done = polling.post(self.source, self.request, daemon.tools)
        state = outgoing.POSTED if done.error is None else outgoing.UNCERTAIN if done.maybe else outgoing.REFUSED
        error = None if done.error is None else str(done.error)
        daemon.write(lambda conn: self._settle(conn, begun, state, error, done))
        self._say(done)

    def _settle(self, conn: Any, begun: int, state: str, error: str | None, done: Posted) -> None:
        from monitor import intake
        from monitor.store import outgoing

        now = self.daemon.now()
        outgoing.end(conn, begun, state, now, error)
        if done.reply is not None:
            intake.posted(conn, self.row["id"], done.reply, self.text, self.who, now)

    def _say(self, done: Posted) -> None:
        ref = f"m{self.row['id']}"
        if done.error is None:
            show(f"{ref} is answered. I look at the site in a minute, and stop when the answer can be seen there.")
            return
        if done.maybe:
            say(f"the line broke after the answer had left ({done.error}): it may stand there. Look at "
                f"{self.row['answer_url'] or self.row['url']} before `{command()} reply {ref} --again`.")  # fmt: skip
        else:
            say(f"{ref} was not answered: {done.error}")
        raise typer.Exit(1)
