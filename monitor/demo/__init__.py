"""The whole product at work on a made-up town, in half a minute, without an account anywhere.

Everything is real but the town: the connectors, HTTP over loopback, the parser's child, the database, the
daemon, the console channel, the CSV. Only the clock is set by the story, so that a day passes in seconds.

town     five sites on loopback, in the shapes of real ones
story    what is written on them, and when
watch    the monitor over them, with the clock of the story
pages    the card and the mail as they would have arrived
screen   what is printed
folder   where it all lies, and that nothing else is touched
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from monitor import clock, logs
from monitor.demo import folder as place
from monitor.demo.pages import Album
from monitor.demo.screen import Screen
from monitor.demo.story import SCENES, Scene, Streets
from monitor.demo.town import Town
from monitor.demo.watch import Happened, Watch, watching
from monitor.errors import MonitorError
from monitor.models import Reason


class NotAsTold(MonitorError):
    """The monitor did not do what the story says."""


@dataclass
class Show:
    """The demo under way: plays the scenes, and remembers what happened for the end."""

    screen: Screen
    town: Town
    watch: Watch
    folder: Path
    album: Album = field(default_factory=Album)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    amiss: list[str] = field(default_factory=list)

    def play(self, scene: Scene) -> None:
        """Play one scene: say what happens in the town, let it happen, let the monitor look."""
        self.screen.head(scene.at, scene.says)
        self.screen.say()
        scene.happens(Streets(self.town, self.watch.day.at))
        for at in scene.quick:
            self.watch.go_on(at)
        happened = self.watch.go_on(scene.at)
        if scene.note:
            case = f"c{happened.answered[0]}" if happened.answered else "the case"
            self.screen.note(scene.note.format(case=case, pages=self.folder / place.PAGES))
            self.screen.say()
        if happened.kinds != scene.follows:
            self.amiss.append(f"{scene.at} {scene.what}: {', '.join(sorted(happened.kinds)) or 'nothing'} followed")
        self.album.keep(self.watch, happened.told)
        self.album.keep_answered(self.watch, happened.answered)
        self.rows.append((scene.at, scene.where, scene.what, self._did(happened)))
        self.screen.pause()

    def _did(self, happened: Happened) -> str:
        """Return in a few words what the monitor did."""
        parts = [words for reason, words in _SAID.items() if happened.of(reason)]
        parts += [self._case(told.case_id) for told in happened.told if told.case_id is not None]
        parts += [f"c{case} answered, its clock stopped" for case in happened.answered]
        return "; ".join(parts) or "nobody told yet"

    def _case(self, number: int) -> str:
        due = self.watch.case(number)["due_at"]
        return f"c{number}, answer by {self.watch.local(due)}" if due else f"c{number}"


_SAID = {
    Reason.SUMMARY: "one summary each",
    Reason.GOOD_NEWS: "told: a thank-you to write",
    Reason.SOURCE_BROKEN: "one alarm",
    Reason.RECOVERED: "one all-clear, the gap read",
    Reason.NEW: "told",
    Reason.EDITED_WORSE: "told again",
    Reason.REMINDER: "reminded",
}


def run(folder: Path, *, command: str = "monitor") -> Album:
    """Show everything, write what is left of it into a folder of the demo's own, and return its pictures.

    `command` is how the program is called here; the last line says what to type next. Raises UsageError when the
    folder is not the demo's, NotAsTold when the monitor did something else than the story says.
    """
    screen = Screen(sys.stdout)
    with place.prepared(folder):
        try:
            return _show(screen, folder, command)
        except KeyboardInterrupt:
            screen.say()
            screen.say(f"Stopped. What was written so far is in {folder}.")
            raise


def _show(screen: Screen, folder: Path, command: str) -> Album:
    began = clock.monotonic()
    screen.say(
        "A made-up town on this machine: a guide, an app store, a shop, a forum and Hacker News. The monitor is the "
        "real one; only its clock runs fast, so that a day passes in seconds."
    )
    screen.say()
    town = Town()
    with (folder / place.LOG).open("w", encoding="utf-8") as log:
        logs.use("info", log, json_lines=True)
        with town.open(), watching(folder / place.CONFIG, town.url) as watch:
            show = Show(screen, town, watch, folder)
            for scene in SCENES:
                show.play(scene)
            _end(show, command, began)
            return show.album


def _end(show: Show, command: str, began: float) -> None:
    screen, folder, watch = show.screen, show.folder, show.watch
    show.album.write(folder / place.PAGES)
    rows = watch.export(folder / place.TABLE)
    screen.head("What happened")
    screen.say()
    screen.table(("when", "where", "what", "what the monitor did"), show.rows)
    screen.say()
    counts = watch.daemon.counts
    told = "Every bad mention was told." if watch.is_clean() else "Some bad mention was not told."
    screen.say(
        f"{show.town.asked} requests, {counts.looks} looks at five sites, {rows} mentions, {counts.sent} messages, "
        f"in {clock.monotonic() - began:.0f} seconds. {told}"
    )
    screen.say()
    screen.say("The Slack card and the mail it would have sent, for a browser:")
    screen.exact(f"  {folder / place.PAGES}")
    screen.say("All of it as a table:")
    screen.exact(f"  {folder / place.TABLE}")
    screen.say("To look around in what it stored:")
    screen.exact(f"  {command} mentions --config {shlex.quote(str(folder / place.CONFIG))}")
    screen.say()
    if show.amiss:
        raise NotAsTold("not as the story has it: " + "; ".join(show.amiss))
    screen.say("Now with your own sites: five questions, two minutes. Type:")
    screen.exact(f"{command} init")
