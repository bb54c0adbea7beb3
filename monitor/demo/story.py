"""A day in the made-up town: what stands on its sites in the morning, and what happens then, hour by hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.cases import EventKind
from monitor.demo.town import Said, Town
from monitor.models import Reason

JONAS, PETRA = "r107", "r101"


@dataclass(frozen=True)
class Streets:
    """What people do in the town. `at` makes an instant of a time of the day."""

    town: Town
    at: Callable[[str], datetime]

    def morning(self) -> None:
        """Fill the sites with what was written before the watch begins."""
        nine = self.at("09:00")

        def days(number: float) -> datetime:
            return nine - timedelta(days=number)

        self.town["town-guide"].show(
            Said("r106", "Aylin D.", days(4), "Best flat white on the harbour, and they remember your name.", 5),
            Said("r105", "Rob", days(6.3), "Good coffee, good music, the window seat is worth the walk.", 5),
            Said("r104", "Ines M.", days(11), "Nice, but four pounds for a croissant is a lot.", 4),
            Said("r103", "Tom W.", days(16), "Two of us, ten minutes, everything as ordered. Will be back.", 5),
            Said("r102", "Uche", days(19), "The oat cortado is excellent.", 5),
            Said(
                PETRA, "Petra S.", days(23), "Nice place, a bit slow.", 4,
                answer="Thank you, Petra. You are right: since Monday there is one more of us at lunch. Mara",
            ),
        )  # fmt: skip
        self.town["app-store"].show(
            Said("90004", "Commuter 7:12", days(3), "Does what it says. The map could be quicker.", 4, "Solid"),
            Said("90003", "kim_k", days(8), "Pay, walk past the queue, done.", 5, "Never queue again"),
            Said("90002", "Dr. Bean", days(15), "Small, quick, no nonsense.", 5, "As it should be"),
            Said("90001", "L. Moreau", days(21), "Signed me out twice, and the stamps were gone.", 2, "Stamps"),
        )
        self.town["bean-shop"].show(
            Said("b3", "Marta", days(5), "Smells like a Sunday morning. Fast delivery, too.", 5),
            Said("b2", "Paul R.", days(9), "Good beans for milk drinks.", 4),
            Said("b1", "Jean", days(18), "Fresh, and roasted four days before it came.", 5),
        )
        self.town["forum"].show(
            Said("812", "lena", days(1), "Quay Coffee opens at six, and is friendly even then.", title="Early coffee?"),
            Said("808", "harbourcat", days(2), "Does the ferry run on Sunday?", title="Ferry"),
        )
        title = "Show HN: Orders without a queue"
        self.town["hacker-news"].show(
            Said("4201", "nia", days(7), "The Quay Coffee app works offline. Nice write-up.", title=title, points=31)
        )

    def praise(self) -> None:
        """Let somebody be happy."""
        text = "Ordered from the train, it stood there warm when I came. This app saved my morning."
        self.town["app-store"].show(Said("90005", "Sam T.", self.at("09:48"), text, 5, "Saved my morning"))

    def complaint(self) -> None:
        """Let somebody not be."""
        text = "Waited 40 minutes for two coffees, then they were cold. Nobody said a word."
        self.town["town-guide"].show(Said(JONAS, "Jonas K.", self.at("10:56"), text, 1))

    def many_read(self) -> None:
        """Let a post that very many read name us."""
        text = (
            "I closed my Quay Coffee account in May and their mails still come every day. "
            "Asked three times to be left alone, no answer. Is there a trick?"
        )
        title = "Tell HN: You cannot leave Quay Coffee"
        self.town["hacker-news"].show(Said("4207", "tq", self.at("08:12"), text, title=title, points=12_640))

    def answer_to_many(self) -> None:
        """Answer it, in public."""
        text = "Mara from Quay Coffee here. That is our mistake, and since an hour ago it is mended. I am sorry."
        self.town["hacker-news"].show(Said("4211", "quaycoffee", self.at("11:41"), text, about="4207"))

    def answer(self) -> None:
        """Answer the complaint."""
        self.town["town-guide"].find(JONAS).answer = (
            "I am sorry, Jonas. We had one person where there should have been three, and we should have said so. "
            "Your next two are on me. Mara"
        )

    def worse(self) -> None:
        """Let somebody rewrite a review."""
        review = self.town["town-guide"].find(PETRA)
        review.stars, review.text = 1, "Wrote to them a week ago. No reply. Never again."

    def nothing(self) -> None:
        """Let nobody do anything."""

    def german(self) -> None:
        """Let somebody write in another language."""
        text = "Die Bohnen kamen drei Wochen zu spät, und die Tüte war offen. Schade."
        self.town["bean-shop"].show(Said("b4", "Heike B.", self.at("14:02"), text, 2, language="de"))

    def breaks(self) -> None:
        """Break a site."""
        self.town["forum"].broken = True

    def meanwhile(self) -> None:
        """Let somebody write there while we cannot read it."""
        text = (
            "My daughter bit on a piece of glass in a Quay Coffee muffin today and cut her lip. "
            "Nobody at the counter took it seriously."
        )
        self.town["forum"].show(Said("815", "vera", self.at("15:07"), text, title="Careful with the muffins"))

    def mended(self) -> None:
        """Mend the site."""
        self.town["forum"].broken = False


@dataclass(frozen=True)
class Scene:
    """One thing that happens: when the monitor looks next, what somebody has done by then, what must follow.

    `quick` are looks that are not worth a scene of their own. `where` and `what` go into the table at the end.
    """

    at: str
    says: str
    where: str
    what: str
    follows: frozenset[Reason | EventKind]
    happens: Callable[[Streets], None]
    note: str = ""
    quick: tuple[str, ...] = ()


SCENES = (
    Scene(
        "09:00", "The watch begins: five sites are looked at for the first time.",
        "five sites", "first look",
        frozenset({Reason.SUMMARY}), Streets.morning,
        "One summary a site, and no alarm for what is old. From here on, only what is new.",
    ),
    Scene(
        "10:05", "Somebody is happy on the App Store.",
        "App Store", "5 of 5 by Sam T.",
        frozenset({Reason.GOOD_NEWS}), Streets.praise,
    ),
    Scene(
        "11:10", "Somebody is not, on the Town Guide.",
        "Town Guide", "1 of 5 by Jonas K.",
        frozenset({Reason.NEW}), Streets.complaint,
    ),
    Scene(
        "11:30", "A post on Hacker News names us, and 12,640 points mean that very many read it.",
        "Hacker News", "post with a large audience",
        frozenset({Reason.NEW}), Streets.many_read,
    ),
    Scene(
        "11:50", "Mara answers there, in public. Open cases are looked at again every ten minutes.",
        "Hacker News", "our answer",
        frozenset({EventKind.ANSWER_SEEN}), Streets.answer_to_many,
        "Nothing is sent. The answer can be seen, so {case} is answered and its clock has stopped by itself.",
    ),
    Scene(
        "12:15", "She has answered Jonas, too.",
        "Town Guide", "our answer to Jonas K.",
        frozenset({EventKind.ANSWER_SEEN}), Streets.answer,
        "Seen on the page: {case} is answered. How its card looks now: {pages}.",
    ),
    Scene(
        "13:20", "Petra S. was content three weeks ago, and was answered. Now she rewrites her review.",
        "Town Guide", "4 of 5 becomes 1 of 5",
        frozenset({Reason.EDITED_WORSE}), Streets.worse,
    ),
    Scene(
        "14:25", "A review in German: I do not judge its words, but two stars are two stars.",
        "Bean shop", "2 of 5, in German",
        frozenset({Reason.NEW}), Streets.german,
    ),
    Scene(
        "14:40", "The Harbour Forum breaks: it answers with nothing but errors.",
        "Harbour Forum", "does not answer",
        frozenset(), Streets.breaks,
        "One failed look is no news: nobody is told yet.",
    ),
    Scene(
        "15:12", "It has failed three times and for over half an hour.",
        "Harbour Forum", "still does not",
        frozenset({Reason.SOURCE_BROKEN}), Streets.meanwhile,
        quick=("14:47",),
    ),
    Scene(
        "15:25", "Half of the time to answer Petra has gone by, and there is no answer on the page.",
        "Town Guide", "no answer yet",
        frozenset({Reason.REMINDER}), Streets.nothing,
        "It would climb: at the end of the time to everybody on the team, then to whoever stands above it.",
    ),
    Scene(
        "16:00", "It works again, and I read what was written while I could not see.",
        "Harbour Forum", "works again",
        frozenset({Reason.RECOVERED, Reason.NEW}), Streets.mended,
    ),
)  # fmt: skip
"""The day. Sites that are looked at hourly have an hour between two scenes of theirs."""
