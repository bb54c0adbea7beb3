"""The files of a new folder: made in memory, tried, and then written all or not at all."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from monitor import config
from monitor.cli.init.hours import Hours
from monitor.cli.init.sites import NotYet, Watched
from monitor.cli.init.tellings import Channel
from monitor.config import Settings
from monitor.errors import UsageError

CONFIG = config.FILE_NAME
SECRETS = "secrets"
TEAM, OPENING = "staff", "ours"
QUIET = "21:00-08:00"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the five questions brought."""

    names: Sequence[str]
    sites: Sequence[Watched]
    not_yet: Sequence[NotYet]
    channels: Sequence[Channel]
    hours: Hours
    zone: str
    may_wake: bool
    person: str


@dataclass(frozen=True, slots=True)
class Draft:
    """Files by their path in the folder; those with secrets can be read by their owner only."""

    files: Mapping[str, str]
    secret_files: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __iter__(self) -> Iterator[tuple[str, str, int]]:
        yield from ((name, text, 0o644) for name, text in self.files.items())
        yield from ((name, text, 0o600) for name, text in self.secret_files.items())

    def try_out(self) -> Settings:
        """Load the configuration as it will stand there. Raises ConfigError."""
        with tempfile.TemporaryDirectory(prefix="monitor-init-") as scratch:
            self.write(Path(scratch))
            return config.load(Path(scratch) / CONFIG, {})

    def write(self, folder: Path) -> None:
        """Write everything; what was written is taken away again when that does not work to its end.

        Raises UsageError when a file is there already, or the folder cannot be written.
        """
        made: list[Path] = []
        try:
            for path in (folder, *([folder / SECRETS] if self.secret_files else [])):
                if not path.is_dir():
                    path.mkdir(parents=True, mode=0o700)
                    made.append(path)
            for name, text, mode in self:
                _write_new(folder / name, text, mode, made)
        except BaseException as error:
            _take_away(reversed(made))
            if isinstance(error, FileExistsError):
                raise UsageError(f"{error.filename} is there already, and nothing is overwritten") from error
            if isinstance(error, OSError):
                why = (error.strerror or type(error).__name__).lower()
                raise UsageError(f"{error.filename or folder} cannot be written: {why}") from error
            raise


def refuse_what_is_there(folder: Path, names: Iterable[str]) -> None:
    """Raise UsageError when the folder holds a configuration already, before anything is asked."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder: monitor init FOLDER")
    there = [name for name in names if (folder / name).exists() or (folder / name).is_symlink()]
    if there:
        raise UsageError(
            f"{folder} holds {', '.join(there)} already, and nothing is overwritten. "
            "Name another folder: monitor init FOLDER"
        )
    parent = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        raise UsageError(f"{parent} cannot be written; name another folder: monitor init FOLDER")


def _write_new(path: Path, text: str, mode: int, made: list[Path]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    made.append(path)
    with open(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        if mode & (stat.S_IRGRP | stat.S_IROTH) == 0:
            os.fchmod(stream.fileno(), mode)  # whatever the umask is
        os.fsync(stream.fileno())


def _take_away(made: Iterable[Path]) -> None:
    for path in made:
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


# --- monitor.toml --------------------------------------------------------------------------------


def draft(answers: Answers) -> Draft:
    """Return the files that the answers make."""
    holders: list[Watched | Channel] = [*answers.sites, *answers.channels]
    secrets = {secret_file(holder, key): f"{value}\n" for holder in holders for key, value in holder.secrets.items()}
    parts = [
        _house(answers),
        _people(answers),
        _brand(answers),
        *_sources(answers),
        *_channels(answers),
        _rules(answers),
    ]
    return Draft({CONFIG: "\n".join(parts)}, secrets)


def secret_file(holder: Watched | Channel, key: str) -> str:
    """Return where a secret lies, in the folder."""
    return f"{SECRETS}/{holder.name}-{key.replace('_', '-')}"


def _house(answers: Answers) -> str:
    mail = next((channel.mail for channel in answers.channels if channel.mail), None)
    comment = "# sites read it in the User-Agent and can write to you"
    return f"""# Written by monitor init. What it means: monitor check. Every setting there is: config.example.toml.
# Secrets stand in {SECRETS}/, in files that only you can read, and never here.

[monitor]
database = "sqlite:///monitor.db"
timezone = {toml(answers.zone)}
{f"contact = {toml(mail)}" if mail else '# contact = "you@example.org"'}   {comment}
operator = {toml([answers.channels[0].name])}   # hears of sites that cannot be read
# heartbeat_url = {{ file = "{SECRETS}/heartbeat-url" }}   # called each minute while all is well

[hours.{OPENING}]
open = {toml(dict(answers.hours.open))}
# holidays = "GB-ENG"   # public holidays of your country or region
"""


def _people(answers: Answers) -> str:
    mail = next((channel.mail for channel in answers.channels if channel.mail), None)
    return f"""[[people]]
name = {toml(answers.person)}
{f"mail = {toml(mail)}" if mail else '# mail = "you@example.org"'}

[[teams]]
name = "{TEAM}"
people = {toml([answers.person])}
hours = "{OPENING}"
quiet = "{QUIET}"   # messages wait until its end
may_wake = {toml(answers.may_wake)}   # true: words of danger go through
"""


def _brand(answers: Answers) -> str:
    return f"""[[brands]]
name = {toml(answers.names[0].lstrip("@"))}
terms = {toml(list(answers.names))}
# exclude = ["…"]   # what only sounds like you
# own_accounts = {{ hacker_news = ["your-name"] }}   # never alerts, but answers
"""


def _sources(answers: Answers) -> Iterator[str]:
    for site in answers.sites:
        options = "".join(f"{key} = {toml(value)}\n" for key, value in site.options.items())
        options += "".join(f'{key} = {{ file = "{secret_file(site, key)}" }}\n' for key in site.secrets)
        hint = f"# {site.hint}\n" if site.hint else ""
        yield f"""[[sources]]
name = {toml(site.name)}
connector = "{site.connector}"
team = "{TEAM}"
{options}{hint}"""
    if answers.not_yet:
        lines = "".join(f"# - {site.why}\n" for site in answers.not_yet)
        yield f"# Asked for, and not to be had yet:\n{lines}"


def _channels(answers: Answers) -> Iterator[str]:
    for channel in answers.channels:
        options = "".join(f"{key} = {toml(value)}\n" for key, value in channel.options.items())
        secrets = "".join(f'{key} = {{ file = "{secret_file(channel, key)}" }}\n' for key in channel.secrets)
        yield f"""[[channels]]
name = {toml(channel.name)}
notifier = "{channel.notifier}"
{options}{secrets}"""


def _rules(answers: Answers) -> str:
    channels = toml([channel.name for channel in answers.channels])
    return f"""[[rules]]
name = "bad reviews"
when = "bad"
channels = {channels}

# Good ones want a thank-you. Take the marks away to hear of each:
# [[rules]]
# name = "good news"
# when = "good"
# channels = {channels}
"""


def toml(value: object) -> str:
    """Return a value as TOML: text, number, true or false, a list, a table in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {toml(item)}' for key, item in value.items())} }}"
    # JSON escapes as TOML does, but for DEL.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: object) -> str:
    plain = str(key).replace("-", "").replace("_", "")
    return str(key) if plain.isascii() and plain.isalnum() else toml(str(key))
