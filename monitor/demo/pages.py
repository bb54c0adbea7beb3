"""The page of the demo: the card and the mail as they would have arrived, made from the messages of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from monitor import render
from monitor.demo.watch import Told, Watch
from monitor.models import Reason
from monitor.notifier import Message
from monitor.render import Picture

TITLE = "What the demo would have sent"
INTRO = (
    "The demo prints its messages in the terminal. This is how the same ones look in Slack and as a mail.",
    "They are made by the same code, from the same database.",
)


@dataclass
class Album:
    """Messages of the day, each kept as it looked at its moment."""

    pictures: list[Picture] = field(default_factory=list)
    mail: Picture | None = None
    answered: Told | None = None  # the message whose card is shown twice

    def keep(self, watch: Watch, told: Sequence[Told]) -> None:
        """Keep what is worth a picture: the first complaint as a card and a mail, the others as cards."""
        for one in told:
            if one.reason is Reason.NEW and self.answered is None:
                self.answered = one
                self._card(watch, one, f"In Slack at {watch.local(watch.now)}, when it was seen")
                self._mail(watch, one)
            elif one.reason in (Reason.EDITED_WORSE, Reason.SOURCE_BROKEN):
                self._card(watch, one, f"In Slack at {watch.local(watch.now)}")

    def keep_answered(self, watch: Watch, cases: Sequence[int]) -> None:
        """Keep the first card once more, as it looks when the answer can be seen."""
        if self.answered is not None and self.answered.case_id in cases:
            self._card(watch, self.answered, f"The same card at {watch.local(watch.now)}, when the answer was seen")

    def pair(self) -> list[Picture]:
        """Return the card before and after the answer."""
        return self.pictures[:2]

    def write(self, path: Path) -> None:
        """Write the page."""
        everything = [*self.pair(), *([self.mail] if self.mail else []), *self.pictures[2:]]
        path.write_text(render.gallery(TITLE, INTRO, everything), encoding="utf-8")

    def _card(self, watch: Watch, told: Told, caption: str) -> None:
        self.pictures.append(Picture(caption, watch.message(told)))

    def _mail(self, watch: Watch, told: Told) -> None:
        mara = watch.settings.people["mara"]
        mail: Message = replace(watch.message(told, reader=mara), to=mara.mail)
        self.mail = Picture(f"As a mail at {watch.local(watch.now)}", mail, as_mail=True)
