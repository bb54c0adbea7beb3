"""Five questions, and a folder with everything: the configuration, its secrets, and how to start it here.

asking     questions and answers, in a terminal or through a pipe
sites      what is typed for a site → a source, or why it cannot be watched yet
post       the mailbox that is read, above all where a site takes an access first
tellings   what is typed for a place to be told → a channel
hours      what is typed for opening hours → open hours and a zone
writing    the files: made in memory, tried, written all or not at all
starting   the unit for systemd and the compose file of this machine
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from monitor import config
from monitor.cli.init import hours, post, sites, starting, tellings, writing
from monitor.cli.init.asking import Asker
from monitor.cli.init.sites import NotYet, Post, Watched
from monitor.cli.init.writing import Answers
from monitor.config import Settings
from monitor.demo.screen import Screen
from monitor.text import clean, terminal

MOST_NAMES, LONGEST_NAME = 50, 100
_NOBODY = {"root", "monitor", "review-monitor", "nobody", "daemon"}


def run(folder: Path, *, command: str = "monitor") -> None:
    """Ask five things, write the folder, say what it means and what to type next.

    `command` is how the program is called here. Raises UsageError when something is there already, when the folder
    cannot be written, or when the answers end too early: nothing is written then.
    """
    screen = Screen(sys.stdout)
    writing.refuse_what_is_there(folder, (writing.CONFIG, writing.SECRETS, starting.UNIT, starting.COMPOSE))
    try:
        answers = _ask(screen, folder)
        draft = writing.draft(answers)
        settings = draft.try_out()
        ways = starting.ways(folder)
        files = {**draft.files, **{way.file: way.content for way in ways}}
        replace(draft, files=files).write(folder)
    except KeyboardInterrupt:
        screen.say()
        screen.say("Stopped. Nothing was written.")
        raise
    _what_was_written(screen, folder, files, draft.secret_files)
    _what_it_means(screen, settings, answers)
    _what_next(screen, folder, command, answers.sites, ways)


# --- the questions -------------------------------------------------------------------------------


def _ask(screen: Screen, folder: Path) -> Answers:
    asker = Asker(screen, sys.stdin)
    screen.say(f"Five questions, then {folder} holds everything. ? explains a question, Ctrl-C leaves nothing behind.")
    _head(screen, 1, "What do people call you?")
    names = asker.ask(
        "Names, spellings and handles, with commas between. As in: Quay Coffee, @quaycoffee",
        _names,
        more="By these words I find what is about you where others are written about, too. Letter case does not "
        "matter, and only whole words count.",
    )
    _head(screen, 2, "Which sites shall I watch?")
    watched, not_yet = _ask_sites(asker)
    _head(screen, 3, "Where shall I tell you?")
    channels = asker.ask(
        tellings.HOW,
        tellings.read,
        more="Several are fine, with blanks between. A webhook of Slack takes two minutes: docs/notifiers.md#slack. "
        "Secrets go into files that only you can read.",
    )
    channels = [tellings.with_mailbox(one, asker) if one.mail else one for one in channels]
    _head(screen, 4, "When are you open?")
    zone = hours.zone_of_this_machine()
    opening = asker.ask(
        f"As in: mon-fri 9-18, sat 10-16. Times are those of {zone}, unless you add a place: Europe/Berlin. "
        "[daily 8-20]",
        hours.read,
        more="By these hours I count until when an answer should be there. They are no quiet hours: those are from "
        "21:00 to 08:00.",
    )
    _head(screen, 5, "May I wake you when somebody speaks of danger?")
    may_wake = asker.ask(
        "Of injury, fire, lawyers, stolen money and the like. Everything else waits from 21:00 to 08:00. [yes or no]",
        _yes_or_no,
    )
    return Answers(names, watched, not_yet, channels, opening, opening.zone or zone, may_wake, _person())


def _head(screen: Screen, number: int, question: str) -> None:
    screen.say()
    screen.head(f"{number} of 5", question)


def _ask_sites(asker: Asker) -> tuple[list[Watched], list[NotYet]]:
    """Ask for sites and say of each what it is taken for."""

    def read(typed: str) -> Watched | NotYet | Post:
        found = sites.recognise(typed)
        asker.screen.note(_said_of(found))
        return found

    found = asker.ask_many(
        "One a line, an empty line ends: an App Store or Steam link, feed, page with reviews, Hacker News, or a name.",
        read,
        more="Paste addresses as your browser shows them; for a shop, a blog or a forum of that kind with one of the "
        "words woocommerce, wordpress, discourse before it. What I cannot read yet is noted in the file.",
    )
    later = list({site.why: site for site in found if isinstance(site, NotYet)}.values())
    watched = [site for site in found if isinstance(site, Watched)]
    boxes = list(dict.fromkeys(one.address for one in found if isinstance(one, Post)))
    for typed in boxes or ([None] if later else []):
        mailbox = post.offer(asker, later, typed)
        watched += [mailbox] if mailbox else []
    return sites.told_apart(watched), later


def _said_of(site: Watched | NotYet | Post) -> str:
    if isinstance(site, Post):
        return "Mails of customers, and the notices of sites; what the mailbox needs I ask when your list has ended."
    return site.says if isinstance(site, Watched) else site.why


def _names(typed: str) -> list[str]:
    parts = (" ".join(clean(part).text.split()) for part in re.split(r"[,;\n]", typed))
    names = list(dict.fromkeys(part for part in parts if part.strip("@ ")))
    if not names:
        raise ValueError("I need at least one name to look for. As in: Quay Coffee, @quaycoffee")
    if len(names) > MOST_NAMES or any(len(name) > LONGEST_NAME for name in names):
        raise ValueError(f"At most {MOST_NAMES} names of at most {LONGEST_NAME} letters, with commas between.")
    return names


def _yes_or_no(typed: str) -> bool:
    word = typed.strip().casefold()
    if word in ("y", "yes", "yes please", "sure", "ok", "true"):
        return True
    if word in ("n", "no", "no thanks", "never", "false"):
        return False
    raise ValueError("yes or no?")


def _person() -> str:
    """Return a name for whoever works here: that of their account, where it is somebody's own."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return "owner"
    return "owner" if name in _NOBODY or not name.isprintable() else name


# --- the answers ---------------------------------------------------------------------------------


def _what_was_written(screen: Screen, folder: Path, files: Iterable[str], secret: Iterable[str]) -> None:
    screen.say()
    screen.head("Written")
    for name in files:
        screen.exact(f"  {folder / name}")
    for number, name in enumerate(secret):
        if number == 0:
            screen.say("and readable by you alone:")
        screen.exact(f"  {folder / name}")


def _what_it_means(screen: Screen, settings: Settings, answers: Answers) -> None:
    screen.say()
    screen.head("What it means")
    said = config.sentences(settings)
    if settings.contact:
        said.append(f"Sites see {settings.contact} as whom to write to; take `contact` out if they shall not.")
    said += [f"Look again: {warning.what}." for warning in settings.warnings]
    if answers.not_yet:
        names = dict.fromkeys(site.name for site in answers.not_yet)
        said.append(f"Not watched yet, but noted in {writing.CONFIG}: {', '.join(names)}.")
    for sentence in said:
        screen.item(terminal(sentence))


def _what_next(
    screen: Screen, folder: Path, command: str, watched: Sequence[Watched], ways: Sequence[starting.Way]
) -> None:
    option = _config_option(folder)
    screen.say()
    screen.head("What next")
    for site in watched:
        if site.to_try:
            screen.say(f"See what I can read on {site.name}:")
            screen.exact(f"  {command} poll {shlex.quote(site.name)} --dry-run{option}")
    screen.say("Start the watch, when all is well:")
    screen.exact(f"  {command} run{option}")
    for way in ways:
        screen.say(f"{way.what}:")
        for line in way.lines:
            screen.exact(f"  {line}")
    screen.say()
    screen.say("But first let me ask each site and each channel once. Type:")
    screen.exact(f"{command} check --live{option}")


def _config_option(folder: Path) -> str:
    path = folder / writing.CONFIG
    usual = os.environ.get("MONITOR_CONFIG")
    if usual and Path(usual).absolute() == path.absolute():
        return ""
    return f" --config {shlex.quote(str(path))}"
