"""The command that makes a rule for the notices of a platform from one of its mails, and proves it on the others."""

from __future__ import annotations

import mailbox as boxes
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, counted, known, load
from monitor.cli.screen import say, show_json
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.connector.letters import Letter
    from monitor.connector.notices import NoticeRule

MAX_FILE = 512 * 1024  # bytes of a mail that are read, as of the mailbox itself
MOST_MAILS = 2_000
SHOWN = 40  # lines of a mail
MISSES = 5  # mails that do not fit and are named


def learn(
    mail: Annotated[Path, typer.Argument(metavar="MAIL", help="A notice, saved from your mail program (.eml).")],
    stars: Annotated[str | None, typer.Option(metavar="WORDS", help="The words that are the stars.")] = None,
    text: Annotated[
        str | None, typer.Option(metavar="WORDS", help='The review; "first words ... last words" will do.')
    ] = None,
    author: Annotated[str | None, typer.Option(metavar="WORDS", help="The name of who wrote it.")] = None,
    title: Annotated[str | None, typer.Option(metavar="WORDS", help="The title of the review.")] = None,
    place: Annotated[str | None, typer.Option(metavar="WORDS", help="The place it is about.")] = None,
    product: Annotated[str | None, typer.Option(metavar="WORDS", help="The product it is about.")] = None,
    link: Annotated[
        str | None, typer.Option(metavar="LINK", help="The link to it: its number, or the address.")
    ] = None,
    best: Annotated[float, typer.Option(metavar="STARS", help="The most stars there are.")] = 5.0,
    skip: Annotated[bool, typer.Option("--skip", help="Mails with such a subject say nothing that matters.")] = False,
    mails: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Other mails to try it on: a folder of .eml files, or an mbox."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="A mailbox of your configuration to try it on.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a rule for the notices of a platform from one mail.

    It shows the mail, asks which words are stars, text, author and link (or takes them as options), and prints the
    rule to paste below your mailbox in the configuration. Then it says how many other mails of that sender it reads.

    Example: monitor learn notice.eml --mails notices
    """
    from monitor.connector.notices import comes_from

    letter = _letter(mail)
    given = {"stars": stars, "text": text, "author": author, "title": title, "place": place, "product": product}
    shown = {part: words for part, words in given.items() if words and words.strip()}
    others = [one for one in _others(mails, source, config) if comes_from(one, [_sender(letter)]) and one != letter]
    if not shown and not skip:
        _show(letter)
        shown, link = _ask(letter)
    rule = _made(letter, shown, _link(letter, link), others, best=best, skip=skip)
    misses = [one for one in others if not _fits(rule, one)]
    if as_json:
        show_json(_as_json(rule, letter, others, misses))
    else:
        _print(rule, letter, others, misses, tried=mails is not None or source is not None)
    if others and len(misses) == len(others):
        raise typer.Exit(1)


# --- mails ---------------------------------------------------------------------------------------


def _letter(path: Path) -> Letter:
    from monitor.connector.letters import read_letter

    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {(error.strerror or 'no file').lower()}") from error
    found = read_letter(raw)
    letter = found.inner or found  # a forwarded notice
    if not letter.domain:
        raise UsageError(f"{path} is no mail I can read: it names no sender. Save it as .eml from your mail program")
    return letter


def _others(mails: Path | None, source: str | None, config: Path | None) -> Iterator[Letter]:
    from monitor.connector.letters import read_letter

    if mails is not None:
        yield from (one.inner or one for one in map(read_letter, _raw_mails(mails)))
    if source is not None:
        yield from (one.inner or one for one in map(read_letter, _from_mailbox(source, config)))


def _raw_mails(path: Path) -> Iterator[bytes]:
    if path.is_dir():
        for file in sorted(path.rglob("*.eml"))[:MOST_MAILS]:
            with file.open("rb") as stream:
                yield stream.read(MAX_FILE)
    elif path.is_file():
        box = boxes.mbox(path, create=False)
        for _, key in zip(range(MOST_MAILS), box.iterkeys(), strict=False):
            yield box.get_bytes(key)[:MAX_FILE]
    else:
        raise UsageError(f"{path} is not there: name a folder of .eml files, or an mbox file")


def _from_mailbox(name: str, config: Path | None) -> Iterator[bytes]:
    from monitor import __version__
    from monitor.exchange import MailRequest
    from monitor.http import Door
    from monitor.mailbox import Mailbox

    settings = load(config)
    by_name = {one.name: one for one in settings.sources}
    source = by_name[known("source", name, by_name)]
    login = source.build().mailbox()
    if login is None or login.password is None:
        raise UsageError(
            f"{name} is no mailbox with a password: save some of its mails and name their folder as --mails"
        )
    door = Door(contact=settings.contact, version=__version__)
    box = Mailbox(login, door.connect, base_url=source.base_url, allow_private=source.allow_private)
    try:
        for folder in getattr(source.options, "folders", ("INBOX",)):
            request, more = MailRequest(folder, newest=500), True
            while more:
                answer = box.fetch(request)
                yield from (item.raw for item in answer.items)
                more = answer.more and bool(answer.items)
                request = MailRequest(folder, answer.items[-1].uid if answer.items else 0, answer.validity)
    finally:
        box.close()
        door.close()


def _sender(letter: Letter) -> str:
    from monitor.cli.patterns import sender_of

    return sender_of(letter)


# --- what is asked -------------------------------------------------------------------------------


def _show(letter: Letter) -> None:
    from monitor.connector.letters import vouching_server

    say(f"From     {letter.name} <{letter.sender}>")
    say(f"Subject  {letter.subject}")
    server = vouching_server(letter)
    say(f"Checked  {f'by {server}' if server else 'by nobody: stars will count only with check_sender = false'}")
    say("")
    lines = [line for line in letter.text.split("\n") if line.strip()]
    for line in lines[:SHOWN]:
        say(f"  {line[:200]}")
    if len(lines) > SHOWN:
        say(f"  … and {counted(len(lines) - SHOWN, 'more line')}")
    say("")
    for number, link in enumerate(letter.links[:20], start=1):
        say(f"  [{number}] {link[:150]}")


def _ask(letter: Letter) -> tuple[dict[str, str], str | None]:
    from monitor.cli.init.asking import Asker
    from monitor.demo.screen import Screen

    asker = Asker(Screen(sys.stderr), sys.stdin)
    shown = {}
    for part, question in (
        ("stars", "Which words are the stars? As they stand there: 1, or one star, or ★★☆☆☆. Nothing: there are none."),
        ("text", "Which words are the review? Its first words ... its last words. Nothing: it is not in the mail."),
        ("author", "Who wrote it? Nothing: it does not say."),
    ):
        if words := asker.ask(question, partial(_checked, letter, part)):
            shown[part] = words
    if not shown.keys() & {"stars", "text"}:
        raise UsageError("a rule needs the stars or the text; for a mail that does not matter there is --skip")
    question = "Which link leads to it? Its number above. Nothing: I choose."
    return shown, asker.ask(question, partial(_link, letter))


def _checked(letter: Letter, part: str, typed: str) -> str:
    from monitor.cli.patterns import place_of
    from monitor.connector.notices import body_of, stars_of

    if typed:
        place = place_of(body_of(letter), part, typed, letter.subject)
        if part == "stars" and stars_of(body_of(letter)[place.start : place.end], 100, 0) is None:
            raise ValueError(f"I see no number, no star signs and no word for a number in {typed!r}.")
    return typed


def _link(letter: Letter, link: str | None) -> str | None:
    """Return the address that a number or an address stands for. Raises UsageError."""
    from monitor.connector.notices import link_of

    wanted = (link or "").strip()
    if not wanted:
        return link_of(letter, vouched=True)
    if wanted.isdigit() and 1 <= int(wanted) <= len(letter.links):
        return letter.links[int(wanted) - 1]
    if wanted in letter.links:
        return wanted
    links = counted(len(letter.links), "link")
    raise UsageError(f"`{wanted[:80]}` is none of the {links} of the mail: give its number, or the whole address")


# --- the rule ------------------------------------------------------------------------------------


def _made(
    letter: Letter, shown: Mapping[str, str], link: str | None, others: Sequence[Letter], *, best: float, skip: bool
) -> NoticeRule:
    from monitor.cli.patterns import NotThere, rule_of, subject_pattern
    from monitor.connector.notices import NoticeRule

    if skip:
        return NoticeRule(sender=(_sender(letter),), subject=subject_pattern(letter.subject), skip=True)
    try:
        rule = rule_of(letter, {**shown, **({"link": link} if link else {})}, others, best=best)
    except NotThere as error:
        raise UsageError(str(error)) from error
    except ValueError as error:
        raise UsageError("a rule needs the stars or the text, and `--best` must be above 1") from error
    if not _fits(rule, letter):
        raise UsageError(f"the stars do not fit a scale from 1 to {best:g}: give the most there are as --best")
    return rule


def _fits(rule: NoticeRule, letter: Letter) -> bool:
    return rule.is_for(letter) and (rule.skip or rule.read(letter) is not None)


def as_toml(rule: NoticeRule) -> str:
    """Return a rule as it is pasted below its source in the configuration."""
    from monitor.cli.init.writing import toml

    values = {key: value for key, value in rule.model_dump(exclude_defaults=True).items() if value is not None}
    lines = [f"{key} = {_literal(value) if isinstance(value, str) else toml(value)}" for key, value in values.items()]
    return "\n".join(["[[sources.rules]]", *lines])


def _literal(value: str) -> str:
    """Return text so that its backslashes can be read; what a terminal would not show is escaped."""
    if "'" not in value and value.isprintable():
        return f"'{value}'"
    signs = {"\\": "\\\\", '"': '\\"'}
    shown = "".join(signs.get(one) or (one if one.isprintable() else rf"\U{ord(one):08x}") for one in value)
    return f'"{shown}"'


def _print(
    rule: NoticeRule, letter: Letter, others: Sequence[Letter], misses: Sequence[Letter], *, tried: bool
) -> None:
    from monitor.connector.letters import vouching_server

    say("")
    found = None if rule.skip else rule.read(letter)
    if found is not None:
        stars = f"{found.rating.value:g} of {found.rating.best:g}" if found.rating else ""
        parts = (("stars", stars), ("text", found.text), ("author", found.author), ("link", found.link))
        for name, value in parts:
            if value:
                say(f"  {name:<8} {' '.join(value.split())[:150]}")
        say("")
    say(f"Paste this below your mailbox's [[sources]], behind its own keys. It is for mails of {rule.sender[0]}:")
    print(as_toml(rule))
    if server := vouching_server(letter):
        say(f'If {server} is your own mail server, the mailbox needs authserv = "{server}", too, or no stars count.')
    if not tried:
        say("It was tried on no other mail; name some with --mails FOLDER, or the mailbox itself with --source NAME.")
        return
    say(f"It reads {len(others) - len(misses)} of {counted(len(others), 'other mail')} of {rule.sender[0]}.")
    for miss in misses[:MISSES]:
        say(f"  not: {miss.subject[:120]}")
    if misses:
        say("Those are told with subject and link. Teach a second rule from one of them, or leave it out with --skip.")


def _as_json(rule: NoticeRule, letter: Letter, others: Sequence[Letter], misses: Sequence[Letter]) -> dict[str, Any]:
    from monitor.connector.letters import vouching_server

    found = None if rule.skip else rule.read(letter)
    return {
        "rule": rule.model_dump(exclude_defaults=True),
        "toml": as_toml(rule),
        "found": None
        if found is None
        else {
            "stars": found.rating.value if found.rating else None,
            "text": found.text,
            "author": found.author,
            "link": found.link,
        },
        "authserv": vouching_server(letter),
        "mails": len(others),
        "fit": len(others) - len(misses),
        "misses": [one.subject for one in misses],
    }
