"""What somebody types for a site → what is watched there, or why it cannot be yet."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from monitor.connector.pages import closed
from monitor.text import safe_link, shorten, terminal

_OWN_ANSWERS = "your answers count once `own_accounts` of your brand names who writes them: docs/connectors.md"
IMPORT = "What you can get out of it as CSV or JSON, `monitor import FILE` takes."


@dataclass(frozen=True, slots=True)
class Watched:
    """A site that can be watched now: a source of the configuration, and a sentence about it."""

    name: str
    connector: str
    options: Mapping[str, object]
    says: str
    hint: str = ""  # a comment beside it
    to_try: bool = False  # whether there is anything to read shows only when one looks
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # they go into files of their own


@dataclass(frozen=True, slots=True)
class NotYet:
    """A site that cannot be watched (yet), and what helps."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Post:
    """Mail: a mailbox is to be read, this one or one that is asked for."""

    address: str | None = None


# Names as people type them · hosts · what to know. A host stands for what ends with it.
_LATER: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("Google Play", "play store", "android"), ("play.google.com",),
     "It will need a service account of your developer account, which you can make today."),
    (("Google", "google maps", "google business", "google reviews"), ("google.com", "goo.gl", "g.page"),
     "For your own places it has an API that one applies for; the answer takes days to weeks, so apply today."),
    (("Facebook", "fb"), ("facebook.com", "fb.com"), ""),
    (("Instagram",), ("instagram.com",), ""),
    (("X", "twitter"), ("x.com", "twitter.com"), "It will cost money: X charges for each post that is read."),
    (("YouTube",), ("youtube.com", "youtu.be"), "It will need a key of Google, which is free."),
    (("Reddit",), ("reddit.com",), ""),
    (("Trustpilot",), ("trustpilot.com",), "Its pages are closed to programs, and its API costs money."),
    (("Yelp",), ("yelp.com",), "Its pages are closed to programs, and its paid API gives three excerpts a place."),
    (("Tripadvisor", "trip advisor"), ("tripadvisor.com",),
     "Its pages are closed to programs, and its API gives five reviews a language."),
    (("Product Hunt", "producthunt"), ("producthunt.com",), ""),
    (("Judge.me", "judge me", "judgeme"), ("judge.me",), ""),
    (("Yotpo",), ("yotpo.com",), ""),
    (("Bluesky", "bsky"), ("bsky.app",), "It will need an app password."),
    (("Mastodon",), ("mastodon.social",), ""),
    (("LinkedIn",), ("linkedin.com",), "Its API is for approved partners."),
    (("TikTok",), ("tiktok.com",), "Its API is for approved apps."),
    (("Discord",), ("discord.com",), "It will need a bot in your server. I can tell you there already."),
    (("Telegram",), ("t.me", "telegram.org"), "It will need a bot in your group."),
    (("GitHub",), ("github.com",), ""),
    (("Visual Studio Marketplace", "vs code marketplace"), ("marketplace.visualstudio.com",),
     "Microsoft says that the terms let no program but its own use its API."),
    (("Amazon",), ("amazon.com",), "It lets no program read its reviews and has no API for them."),
    (("Booking.com", "booking"), ("booking.com",), "Its API is for certified partners only."),
)  # fmt: skip

# What an access of one's own opens: its connector, by the name above. Nothing is asked for here, as it may take days.
_BY_ACCESS = {
    "Reddit": "reddit",
    "Mastodon": "mastodon",
    "Trustpilot": "trustpilot",
    "Yelp": "yelp",
    "Tripadvisor": "tripadvisor",
    "Product Hunt": "product_hunt",
    "Judge.me": "judge_me",
    "Yotpo": "yotpo",
    "YouTube": "youtube",
    "Facebook": "facebook_page",
    "Instagram": "instagram",
    "X": "x",
    "GitHub": "github",
    "Telegram": "telegram",
    "Discord": "discord",
    "Bluesky": "bluesky",
}

_APP_LINK = re.compile(r"(?:apps|itunes)\.apple\.com/(?:(?P<country>[A-Za-z]{2})/)?\S*?\bid(?P<app>\d{4,15})")
_STEAM_LINK = re.compile(r"(?:steampowered|steamcommunity)\.com/app/(?P<app>\d{1,10})\b")
_ADDON_LINK = re.compile(r"addons\.mozilla\.org/(?:[^\s?#]*/)?addon/(?P<addon>[^\s/?#&]+)")
# Software that runs on sites of any name: what people call it · what is read there, every ten minutes.
_SOFTWARE = {"woocommerce": "The product reviews", "wordpress": "The comments", "discourse": "The posts"}
_ON_SITE = re.compile(rf"(?P<software>{'|'.join(_SOFTWARE)})\s+(?P<site>\S+)", re.IGNORECASE)
_APP_ID = re.compile(r"(?:id)?(\d{6,15})")
_FEED = re.compile(r"/(?:feed|rss|atom|feeds)(?:/|$|[./?])|\.(?:rss|atom|xml|rdf)(?:$|\?)|/feed\.json$", re.IGNORECASE)
_ALERTS = "google.com/alerts/feeds/"
_MAIL = {"mail", "mails", "email", "e-mail", "imap", "mailbox"}
_ADDRESS = re.compile(r"[^\s@/:]+@[^\s@/:]+\.[a-z]{2,}", re.IGNORECASE)
_HACKER_NEWS = {"hacker news", "hackernews", "hn", "ycombinator"}


def recognise(typed: str) -> Watched | NotYet | Post:
    """Return what is meant. Raises ValueError, with what would be taken, for what is no site."""
    text = typed.strip().strip("<>,;")
    if app := _APP_LINK.search(text):
        return _app(app["app"], (app["country"] or "us").lower())
    if game := _STEAM_LINK.search(text):
        return _steam(game["app"])
    if addon := _ADDON_LINK.search(text):
        return _addon(addon["addon"])
    if on_site := _ON_SITE.fullmatch(text):
        return _software(on_site["software"].casefold(), on_site["site"])
    if bare := _APP_ID.fullmatch(text):
        return _app(bare[1], "us")
    if text.casefold() in _HACKER_NEWS:
        return _hacker_news()
    if text.casefold() in _MAIL or _ADDRESS.fullmatch(text):
        return Post(text if "@" in text else None)
    link = _link(text)
    return _named(text) if link is None else _linked(link)


def told_apart(sites: Sequence[Watched]) -> list[Watched]:
    """Return the sites without repetitions, each with a name of its own."""
    once = {(site.connector, repr(site.options)): site for site in sites}
    found: list[Watched] = []
    for site in once.values():
        taken = {one.name for one in found}
        names = [site.name, *(f"{site.name}-{number}" for number in range(2, len(once) + 1))]
        found.append(replace(site, name=next(name for name in names if name not in taken)))
    return found


def _link(text: str) -> str | None:
    """Return an address, also one typed without https://; None for what is none."""
    if " " in text:
        return None
    if "://" not in text:
        host, dot, end = text.partition("/")[0].rpartition(".")
        if not (host and dot and re.fullmatch(r"[a-z]{2,}(:\d+)?", end.lower())):
            return None
        text = f"https://{text}"
    link = safe_link(text)
    if link is None:
        raise ValueError(f"{_shown(text)} is no address of a page: it takes https://, a host, and no user name.")
    return link


def _linked(link: str) -> Watched | NotYet:
    host = (urlsplit(link).hostname or "").removeprefix("www.")
    if host == "news.ycombinator.com":
        return _hacker_news()
    if _ALERTS in link:
        return _feed(link, "google-alerts", match_brand=False)
    for names, hosts, why in _LATER:
        if any(host == one or host.endswith(f".{one}") or _same_site(host, one) for one in hosts):
            return _later(names[0], why)
    if shut := closed(link):
        return NotYet(host, f"{host}: {shut}.")
    if _FEED.search(link):
        return _feed(link, _slug(host), match_brand=True)
    return Watched(
        _slug(host),
        "schema_org",
        {"url": link},
        f"The reviews that {_shown(link)} marks up for search engines; whether it does, a first look will show.",
        hint="`place` or `product` say what it is about; pages without such reviews: docs/connectors.md#web_page",
        to_try=True,
    )


def _same_site(host: str, known: str) -> bool:
    """Say whether it is the same site in another country: google.de, amazon.co.uk."""
    name = known.removesuffix(".com")
    return known.endswith(".com") and re.fullmatch(rf"(.*\.)?{re.escape(name)}\.(co\.)?[a-z]{{2}}", host) is not None


def _named(text: str) -> NotYet:
    wanted = text.casefold()
    names = {name.casefold(): (listed[0], why) for listed, _, why in _LATER for name in listed}
    if wanted in names:
        return _later(*names[wanted])
    if wanted == "steam":
        raise ValueError("Which game? Paste the address of its page: https://store.steampowered.com/app/…")
    if wanted in _SOFTWARE:
        raise ValueError(f"Where? Type it with the address: {wanted} https://your-site.example")
    if wanted in ("app store", "apple", "appstore", "ios"):
        raise ValueError("Which app? Paste its link (https://apps.apple.com/…/id1459969523) or the digits behind `id`.")
    close = difflib.get_close_matches(wanted, [*names, *_HACKER_NEWS], n=1, cutoff=0.7)
    meant = f" Did you mean {names[close[0]][0] if close[0] in names else 'Hacker News'}?" if close else ""
    raise ValueError(
        f"I do not know {_shown(text)}.{meant} Paste the address of a page or feed, or an App Store link. "
        "An empty line ends."
    )


def _later(name: str, why: str) -> NotYet:
    if connector := _BY_ACCESS.get(name):
        page = f"docs/connectors.md#{connector}"
        return NotYet(name, f"{name}: I read it with an access of yours; {page} says how you get one. {IMPORT}")
    return NotYet(name, " ".join(filter(None, (f"{name}: I cannot read it yet.", why, IMPORT))))


def _app(app: str, country: str) -> Watched:
    return Watched(
        "app-store",
        "apple_rss",
        {"app_id": app, "countries": [country]},
        f"The App Store's reviews of app {app} in {country.upper()}, looked at every hour.",
        hint='more countries: countries = ["us", "gb", "de"]; `product` is what the app is called in messages',
    )


def _steam(app: str) -> Watched:
    return Watched(
        "steam",
        "steam",
        {"app_id": app},
        f"The Steam reviews of app {app} in all languages, looked at every ten minutes.",
        hint="`product` is what the game is called in messages",
    )


def _addon(addon: str) -> Watched:
    return Watched(
        "firefox-addon",
        "firefox_addons",
        {"addon": addon},
        f"The ratings of {_shown(addon)} on addons.mozilla.org, looked at every 15 minutes.",
        hint="`product` is what the add-on is called in messages",
    )


def _software(software: str, site: str) -> Watched:
    link = _link(site)
    if link is None:
        raise ValueError(f"{_shown(site)} is no address. Type it so: {software} https://your-site.example")
    connector = "wordpress_comments" if software == "wordpress" else software
    host = (urlsplit(link).hostname or "").removeprefix("www.")
    says = f"{_SOFTWARE[software]} on {_shown(link)}, looked at every ten minutes."
    return Watched(_slug(host), connector, {"url": link.rstrip("/")}, says, hint=_OWN_ANSWERS, to_try=True)


def _hacker_news() -> Watched:
    return Watched(
        "hacker-news",
        "hacker_news",
        {},
        "Posts and comments on Hacker News that name you, looked at every five minutes.",
        hint="it looks for the terms of your brand",
    )


def _feed(link: str, name: str, *, match_brand: bool) -> Watched:
    which = "that name you" if match_brand else "of your alert"
    hint = "match_brand = false keeps all of its items" if match_brand else ""
    options = {"url": link, "match_brand": match_brand}
    return Watched(name, "feed", options, f"The items of {_shown(link)} {which}, looked at every 15 minutes.", hint)


def _slug(host: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")[:40] or "page"


def _shown(text: str) -> str:
    return terminal(shorten(" ".join(text.split()), 80))
