"""One source gets what it needs: the steps of its connector, its secrets, an access allowed in a browser, and a proof.

keeping    secrets into files, a line into the configuration
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from monitor import config, logs, polling
from monitor.cli.check import ADVICE, working
from monitor.cli.common import counted, local
from monitor.cli.connect import keeping
from monitor.cli.init.asking import Asker
from monitor.config import Key, Needs, Settings, SourceSettings
from monitor.demo.screen import Screen
from monitor.errors import ConfigError, LookError, MonitorError, UsageError
from monitor.polling import BiteSize
from monitor.store import sources
from monitor.store.sources import SourceState
from monitor.text import terminal

if TYPE_CHECKING:
    from monitor.config.positions import Path as Place
    from monitor.daemon import Daemon
    from monitor.models import Json
    from monitor.polling import Look

MAX_FILE = 64 * 1024  # bytes of a secret
LONGEST_TEXT = 1000  # characters of an option that is no secret


def run(name: str, file: Path, env: Mapping[str, str], *, again: bool = False, command: str = "monitor") -> None:
    """Connect a source, and say in one sentence what came back.

    `again` asks for everything anew although it works. Raises UsageError for an unknown source, for an answer that
    makes no sense and for an access that the site refuses; ConfigError; LookError when the site does not answer.
    """
    screen = Screen(sys.stdout)
    asker = Asker(screen, sys.stdin, left="nothing was kept")
    _Connecting(file, env, config.needs(file, env, name), screen, asker, command).run(again=again)


@dataclass
class _Connecting:
    """One source on its way."""

    file: Path
    env: Mapping[str, str]
    needs: Needs
    screen: Screen
    asker: Asker
    command: str
    given: dict[Place, Json] = field(default_factory=dict)  # what does not stand in the file yet
    changed: bool = False  # a secret is new
    unwritten: bool = False  # something given does not stand in the file
    walked: bool = False  # the steps have been shown

    @property
    def site(self) -> str:
        """Return the site and the source, as people call them."""
        title = self.needs.kind.title
        return f"{title} ({self.needs.source})" if title else self.needs.source

    def run(self, *, again: bool) -> None:
        """Go from what is there to what works."""
        self._say_what_it_is()
        asks = again or any(key.required and not key.there for key in self.needs.keys)
        if asks:
            self._walk()
            self._take(key for key in self.needs.keys if key.required and (again or not key.there))
        with working(self._completed()) as daemon:
            self._forget_if_changed(daemon)
            if (invitation := polling.invite(self._source(daemon))) is not None:
                look = self._by_consent(daemon, invitation, asks=asks, again=again)
            else:
                look = self._by_secrets(daemon, asks=asks, again=again)
            if look.error is not None:
                raise self._failure(look.error)
            self._conclude(daemon, look)

    def _by_secrets(self, daemon: Daemon, *, asks: bool, again: bool) -> Look:
        """Look; where what is there is refused, ask for other secrets and look once more."""
        if again:
            self._take_and_use(daemon, [key for key in self.needs.keys if key.secret and not key.required])
        look = self._look(daemon)
        secrets = [key for key in self.needs.keys if key.secret]
        if asks or not secrets or not _is_refused(look):
            return look
        self._say_why(look)
        self._walk()
        self._take_and_use(daemon, secrets)
        return self._look(daemon) if self.changed else look

    def _by_consent(self, daemon: Daemon, invitation: polling.Invitation, *, asks: bool, again: bool) -> Look:
        """Look where there is an access that works; else let somebody allow it, and look then."""
        if not again and self._has_access(daemon, invitation):
            look = self._look(daemon)
            if not _is_refused(look):
                return look
            self._say_why(look)
        if not asks:
            self._walk()
        self._let_in(daemon, invitation)
        return self._look(daemon)

    def _say_what_it_is(self) -> None:
        kind, found = self.needs.kind, self.needs
        self.screen.head(self.site)
        if kind.sees:
            self.screen.say(kind.sees)
        if found.sharing:
            others = ", ".join(found.sharing)
            self.screen.say(terminal(f"The account {found.account} is connected once, for {others} as well."))

    def _walk(self) -> None:
        """Show what a person has to do, one step after the other; once."""
        kind, shown, self.walked = self.needs.kind, self.walked, True
        if shown:
            return
        if kind.needs != "nothing":
            self.screen.say(f"It needs {kind.needs}.")
        for number, step in enumerate(kind.steps, 1):
            self.screen.say()
            self.screen.head(f"{number} of {len(kind.steps)}", step)
            if number < len(kind.steps):
                self.asker.pause("Enter when that is done: ")

    # --- what is asked for

    def _take(self, keys: Iterable[Key]) -> None:
        """Ask for some keys, keep them, and see to it that the configuration names them."""
        lines: dict[Key, Json] = {}
        for key in keys:
            if not (answer := self._ask(key)):
                continue
            value: Json = answer
            if key.secret:
                logs.hide([answer])
                name = keeping.file_for(self.file, self.needs, key)
                keeping.keep(self.file, name, answer)
                self.screen.note(terminal(f"Kept in {name}, which only its owner can read."))
                self.asker.left = "what you gave so far is kept"
                value, self.changed = {"file": name}, True
            self.given[(*key.owner, key.name)] = value
            if value != key.reference:
                lines[key] = value
        self._write_down(lines)

    def _ask(self, key: Key) -> str:
        about = f": {key.about}" if key.about else ""
        self.screen.say()
        if key.there:
            end = " An empty line keeps the one that is there."
        else:
            end = "" if key.required else " An empty line leaves it out."
        if not key.secret:
            return self.asker.ask(f"{key.name}{about}.{end}", partial(_text, may_be_empty=not key.required))
        question = f"{key.name}{about}. Nothing of it is shown; @FILE takes it from a file.{end}"
        read = partial(_secret, may_be_empty=key.there or not key.required)
        return self.asker.ask_secret(question, read, unfinished=_goes_on)

    def _write_down(self, lines: Mapping[Key, Json]) -> None:
        if not lines:
            return
        self.screen.say()
        for key, value in lines.items():
            kind = key.owner[0]
            instead = ", in place of the one there" if key.reference else ""
            self.screen.say(terminal(f'In {self.file.name}, in the [[{kind}]] table "{self._owner(key)}"{instead}:'))
            self.screen.exact(terminal(config.line_of(key.name, value)))
        if not self.asker.ask("Shall I write that there? Everything else stays as it is. [yes or no]", _yes_or_no):
            self.unwritten = True
            self.screen.say("Then write it there yourself: until it stands there, it is not used.")
            return
        failed = [key for key, value in lines.items() if not keeping.add(self.file, key, value)]
        if failed:
            self.unwritten = True
            names = ", ".join(key.name for key in failed)
            self.screen.say(f"I cannot write {names} into {self.file.name} without harm: please write it yourself.")
        else:
            self.screen.say("Written.")

    def _owner(self, key: Key) -> str:
        return self.needs.owner_name if key.owner[0] == "accounts" else self.needs.source

    def _take_and_use(self, daemon: Daemon, keys: Iterable[Key]) -> None:
        self._take(keys)
        self._forget_if_changed(daemon)
        daemon.use(self._completed())

    def _forget_if_changed(self, daemon: Daemon) -> None:
        """Let the token go that an earlier secret brought: it would hide whether the new one works."""
        if self.changed:
            holder = self._source(daemon).holder
            daemon.write(lambda conn: sources.forget_token(conn, holder))

    def _source(self, daemon: Daemon) -> SourceSettings:
        return daemon.by_name[self.needs.source]

    def _completed(self) -> Settings:
        """Return the settings, after asking for the keys that the options miss together, such as one of two."""
        while True:
            try:
                return self._settings()
            except ConfigError as error:
                what = " ".join(problem.what for problem in error.problems)
                open_ = [key for key in self.needs.keys if not key.there and (*key.owner, key.name) not in self.given]
                named = [key for key in open_ if f"`{key.name}`" in what]
                before = len(self.given)
                if named:
                    self._walk()
                    self.screen.say()
                    self.screen.say(terminal(f"{what[:1].upper()}{what[1:]}."))
                    self._take(named)
                if len(self.given) == before:
                    raise

    def _settings(self) -> Settings:
        settings = config.load_one(self.file, self.env, self.needs.source, self.given)
        logs.hide(config.secret_values(settings))
        return settings

    # --- an access that is allowed in a browser

    def _has_access(self, daemon: Daemon, invitation: polling.Invitation) -> bool:
        holder = self._source(daemon).holder
        return invitation.auth.refresh is not None or daemon.tools.vault.token(holder) is not None

    def _let_in(self, daemon: Daemon, invitation: polling.Invitation) -> None:
        say = self.screen.say
        say()
        say("Open this address on any device, sign in as whoever may allow it, and allow it:")
        say()
        self.screen.exact(invitation.address)
        say()
        say(f"In the end the browser goes to {invitation.consent.redirect} and may say that nothing answers there: "
            "that is as it should be.")  # fmt: skip
        code = self.asker.ask("Paste the whole address that it shows then, or the code.", invitation.code_in)
        token = polling.redeem(self._source(daemon), invitation, code, daemon.tools)
        if token.refresh is None and token.expires_at is not None:
            ends = local(token.expires_at, daemon.settings.zone)
            say(f"The access is kept. The site gave no way to renew it: it ends on {ends}, and I write before it does.")
        else:
            say("The access is kept, and renewed by itself.")

    # --- the proof

    def _look(self, daemon: Daemon) -> Look:
        """Ask the site once, as the running monitor would; nothing of what comes back is stored."""
        source, now = self._source(daemon), daemon.now()
        unseen = SourceState(source.name, source.connector, source.options_hash, added_at=now, next_poll_at=now)
        return polling.look(source, unseen, replace(daemon.tools, size=BiteSize(requests=1)))

    def _say_why(self, look: Look) -> None:
        self.screen.say()
        self.screen.say(terminal(f"It does not let me in: {str(look.error).rstrip('.')}."))

    def _conclude(self, daemon: Daemon, look: Look) -> None:
        source, settings = self._source(daemon), daemon.settings
        daemon.write(lambda conn: polling.note_connected(conn, settings, source, daemon.now()))
        needless = not any(key.secret for key in self.needs.keys) and source.build().auth() is None
        how = "needs no account and no key" if needless else "is connected"
        self.screen.say()
        self.screen.say(terminal(f"{self.site} {how}: {_what_came(look, settings)}."))
        if self.changed and self.needs.ends is not None:
            self.screen.say(f"{self.file.name} says that the key ends on {self.needs.ends}: write the new day there.")
        if not self.unwritten and daemon.store.lock_holder() is not None:
            self.screen.say("The monitor that is running uses it within a minute.")

    def _failure(self, error: LookError) -> MonitorError:
        words = f"{self.needs.source}: {str(error).rstrip('.')}."
        if error.code == "reconnect":
            to_type = f"{self.command} connect {shlex.quote(self.needs.source)}"
            return UsageError(f"{words} Look at what you gave, then once more: {to_type}")
        return MonitorError(f"{words} {ADVICE.get(error.code, '')}".rstrip())


def _is_refused(look: Look) -> bool:
    return look.error is not None and look.error.code == "reconnect"


def _what_came(look: Look, settings: Settings) -> str:
    if look.requests == 0:
        return "there is nothing to ask, it waits for what is sent to it"
    if not look.seen:
        return "it answers, and its first page shows nothing yet"
    newest = look.walk.newest_at
    of = f", the newest of {local(newest, settings.zone)}" if newest else ""
    return f"it answers, {counted(len(look.seen), 'mention')} on its first page{of}"


# --- what is typed -------------------------------------------------------------------------------


def _goes_on(text: str) -> bool:
    """Say whether a key file that is pasted has further lines."""
    if text.startswith("-----BEGIN "):
        return "-----END " not in text
    if text.startswith("{"):
        try:
            json.loads(text)
        except ValueError:
            return True
    return False


def _secret(typed: str, *, may_be_empty: bool) -> str:
    if not typed and may_be_empty:
        return ""
    text = _from_file(typed[1:]) if typed.startswith("@") else typed
    if flaw := config.flaw_of(text):
        raise ValueError(f"What you gave {flaw}.")
    return text


def _from_file(name: str) -> str:
    path = Path(name.strip()).expanduser()
    try:
        with path.open("rb") as stream:
            body = stream.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "that is no path"
        raise ValueError(f"{path} cannot be read: {why.lower()}.") from error
    if len(body) > MAX_FILE:
        raise ValueError(f"{path} is larger than {MAX_FILE // 1024} KiB, which no secret is.")
    return body.decode("utf-8", "replace").strip()


def _text(typed: str, *, may_be_empty: bool) -> str:
    if not typed and may_be_empty:
        return ""
    if not typed or len(typed) > LONGEST_TEXT or not typed.isprintable():
        raise ValueError(f"Something is wanted here, of at most {LONGEST_TEXT} characters.")
    return typed


def _yes_or_no(typed: str) -> bool:
    word = typed.casefold()
    if word in ("y", "yes"):
        return True
    if word in ("n", "no"):
        return False
    raise ValueError("yes or no?")
