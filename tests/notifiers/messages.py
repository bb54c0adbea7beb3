"""Messages for the notifiers' exam: valid by default, hostile where a test says so."""

from __future__ import annotations

from typing import Any

from monitor.notifier import Action, Message, Quote


def a_message(**changes: Any) -> Message:
    """Return a finished message as a notifier is given it."""
    values: dict[str, Any] = {
        "id": "0f3a9c0d5b7e41aa8c1d2e3f4a5b6c7d",
        "subject": '1 star, Quay Street: "Waited 40 minutes" (answer by 16:30)',
        "headline": "1 of 5 on Google · Quay Street · 14 min ago · please answer by 16:30 · nobody has it yet",
        "text": "Hello, Jonas K. wrote this on Google 14 minutes ago:\n\n> Waited 40 minutes.\n\nAnswer here: "
        "https://business.example/r/12\n",
        "html": "<!doctype html><p>Jonas K. wrote this on Google.</p>",
        "quotes": (Quote("Waited 40 minutes.", "Jonas K.", more=Action("Show all", "https://maps.example/r/12")),),
        "lines": ("Why: 1 star; waiting.", "Once Google shows your answer I stop by myself."),
        "actions": (Action("Answer on Google", url="https://business.example/r/12"),),
        "data": {"version": 1, "reason": "new", "tone": "bad", "mentions": [{"id": "m12"}]},
    }
    return Message(**{**values, **changes})


def hostile(words: str, **changes: Any) -> Message:
    """Return a message in which every field that a stranger can fill holds `words`."""
    return a_message(
        subject=f"1 star, {words}: {words}",
        headline=f"1 of 5 on {words} · {words} · 14 min ago",
        quotes=(Quote(words, words, more=Action("Show all", words)),),
        lines=(f"Why: {words}",),
        actions=(
            Action(f"Answer on {words}", url=words),
            Action("Answer on Google", url="https://business.example/r/12"),
        ),
        text=f"Hello,\n\n> {words}\n",
        **changes,
    )


PINGS = ["<!channel>", "<!here>", "<!everyone>", "<@U123>", "<#C123>", "<!subteam^S1>", "@here", "@channel"]
LINKS = [
    "<https://evil.example|Reply here>", "https://evil.example/x", "www.evil.example", "mailto:a@evil.example",
    "slack://open", "[Reply here](https://evil.example)", "<https://evil.example>",
]  # fmt: skip
MARKS = [
    "*bold*", "_x_", "~x~", "`code`", "```block```", "> quoted", ">>> quoted", "- a list", "1. a list", "• a list",
    ":emoji:", ":rotating_light:", "<!date^1392734382^{date_num}|now>", "**bold**", "__x__", "||spoiler||",
    "# heading", "-# small", "<:a:123>", "<t:1392734382>", "</x:1>",
]  # fmt: skip
LAYOUT = [
    "Approved by admin\n\n1 of 5 on Google · Shop · just now · Ana has it\n[Answer on Google]",
    "\n\n\nReview Monitor APP\nAll clear, nothing to do.",
]
ENTITIES = ["&lt;b&gt;", "&amp;lt;", "&amp;amp;", "a < b & c > d", "&#60;", "&nbsp;"]
INVISIBLE = {
    "override": "abc\u202edcba\u202c",
    "isolate": "\u2066\u2067x\u2069",
    "zero_width": "ter\u200brible\u200d\u2060",
    "marks": "a" + "\u0301" * 2000,
    "tags": "hi" + "".join(chr(0xE0000 + ord(letter)) for letter in "hidden") + "\U000e007f",
}
LONG = {
    "one": "x",
    "limit": "y" * 20_000,
    "words": "word " * 4_000,
    "newlines": "\n" * 5_000,
    "lines": "line\n" * 5_000,
    "emoji": "\U0001f600" * 5_000,
    "families": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 2_000,
    "ampersands": "&" * 20_000,
    "angles": "<>" * 10_000,
    "stars": "*" * 20_000,
    "spaces": "   ",
    "nothing": "",
}
