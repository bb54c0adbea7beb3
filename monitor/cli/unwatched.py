"""Sites that no connector reads, why, and which way in there is all the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

IMPORT, MAILBOX, WEBHOOK, FEED = "import", "mailbox", "webhook", "feed"

NEEDS = {MAILBOX: "imap_mailbox", WEBHOOK: "inbound_webhook", FEED: "feed"}
"""The connector that a way in takes; there is no such way where it is not installed."""
WORDS = {
    IMPORT: "what you can get out of it as CSV or JSON, by monitor import",
    MAILBOX: "the mails it sends you, by imap_mailbox",
    WEBHOOK: "a form or another program that posts each one to you, by inbound_webhook",
    FEED: "a feed",
}
ANYHOW = (IMPORT, MAILBOX, WEBHOOK)


@dataclass(frozen=True, slots=True)
class Unwatched:
    """A site that is not read: its name as a connector would have it, its title, and why."""

    name: str
    title: str
    why: str
    ways: tuple[str, ...] = ANYHOW
    feed: str = ""  # which feed

    def ways_in(self, connectors: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield the ways in that these connectors make possible, each with words for people."""
        for way in self.ways:
            if NEEDS.get(way) is None or NEEDS[way] in connectors:
                yield way, f"{self.feed}, by feed" if way == FEED else WORDS[way]


NOT_NOW = (
    Unwatched(
        "microsoft_store", "Microsoft Store",
        "Its reviews come a day late through an API that takes a company tenant, no recorded answer was to be had, and "
        "Microsoft says that answering through it does not work.",
        (IMPORT, WEBHOOK),
    ),
    Unwatched(
        "vscode_marketplace", "Visual Studio Marketplace",
        "The address of its reviews is not documented, no recorded answer was to be had, and Microsoft says that the "
        "terms let no program but its own use the API.",  # https://github.com/microsoft/vsmarketplace/issues/238
    ),
    Unwatched(
        "g2", "G2",
        "Its API takes a paid plan, and what it tells of a review is not documented in the open.",
    ),
    Unwatched(
        "disqus", "Disqus",
        "Of its API only a list of methods was to be had, and no recorded answer.",
        (FEED, MAILBOX, IMPORT), "the comments of a site at https://SHORTNAME.disqus.com/latest.rss",
    ),
    Unwatched(
        "tiktok", "TikTok",
        "Each program needs TikTok's approval, and the form of its answers is not documented well enough.",
        (MAILBOX, FEED, WEBHOOK), "Google Alerts for your name",
    ),
    Unwatched(
        "linkedin", "LinkedIn",
        "Its API takes a registered company and a technical examination, and no recorded answer was to be had.",
        (MAILBOX, FEED, WEBHOOK), "Google Alerts for your name",
    ),
    Unwatched(
        "booking_com", "Booking.com",
        "Its API is for certified partners; a single hotel gets no access.",
        (MAILBOX, IMPORT, WEBHOOK),
    ),
    Unwatched(
        "facebook_recommendations", "Facebook recommendations",
        "Meta has taken them out of its API from version 22 on, and the last version that has them ends on "
        "21 January 2027.",
    ),
)  # fmt: skip

NO_INTERFACE = (
    Unwatched(
        "amazon", "Amazon",
        "No API gives the words of reviews, they are shown to signed-in people only, and programs are forbidden there.",
    ),
    Unwatched(
        "shopify", "Shopify",
        "Shops have no product reviews of their own: these are kept by apps, each with an API of its own or none. "
        "Reviews of an app in the App Store of Shopify have no API.",
    ),
    Unwatched(
        "capterra", "Capterra, GetApp, Software Advice, Gartner Peer Insights",
        "There is a portal for vendors and contracts for copies, and no public API.",
    ),
    Unwatched("glassdoor", "Glassdoor", "Its API takes nobody new, and its pages are closed to programs."),
    Unwatched("opentable", "OpenTable", "Its APIs are for partners under contract, and forbid any other use."),
    Unwatched("zomato", "Zomato", "Its public API has been withdrawn."),
    Unwatched("chrome_web_store", "Chrome Web Store", "Its API is for publishing and knows no reviews."),
    Unwatched(
        "quora", "Quora",
        "It has neither an API nor feeds, and forbids programs.",
        (FEED, MAILBOX, IMPORT), "a Google Alert such as site:quora.com with your name",
    ),
)  # fmt: skip
