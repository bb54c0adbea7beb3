"""What the connectors share that read pages made for people: which pages, which never, and what came instead."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from monitor.connector import ConnectorConfig, FetchError, ParseError, Response
from monitor.text import decode, from_html, safe_link

MAX_PAGE = 5 * 1024 * 1024  # bytes
SMALL_PAGE = 2_000  # characters that can be read; a login or a robot check has less
MAX_PAGES = 200
KEY_WORDS = 200  # letters and digits of a text that make a key

# Sites that forbid programs on their pages, with the way in that there is. A name without a dot stands for
# its domain in every country.
_GOOGLE = "Google lets no program read its pages; for your own places it has the Business Profile API"
_CLOSED = {
    "amazon": "Amazon lets no program read its reviews and has no API for them",
    "google": _GOOGLE,
    "goo.gl": _GOOGLE,
    "g.page": _GOOGLE,
    "yelp": "Yelp lets no program read its pages; its paid API gives three excerpts a place",
    "tripadvisor": "Tripadvisor lets no program read its pages; its Content API gives five reviews a language",
    "trustpilot": "Trustpilot lets no program read its pages; it has a paid API",
    "glassdoor": "Glassdoor lets no program read its pages, and its API takes nobody new",
    "booking.com": "Booking.com lets no program read its pages; its API is for certified partners only",
    "g2.com": "G2 lets no program read its pages; it has an API for paying customers",
    "capterra": "Capterra lets no program read its pages and has no public API",
}
_OTHER_WAYS = "`monitor import FILE` takes what you have as CSV or JSON"
_COUNTRY = r"(?:com|[a-z]{2}|com?\.[a-z]{2})"
_CLOSED_HOST = re.compile(
    rf"(?:^|\.)(?:(?P<name>{'|'.join(name for name in _CLOSED if '.' not in name)})\.{_COUNTRY}"
    rf"|(?P<domain>{'|'.join(re.escape(name) for name in _CLOSED if '.' in name)}))$"
)
# Only looked for on pages with little to read: long ones speak of all of this.
_IN_THE_WAY = re.compile(
    r"captcha|(?:are|prove|verify|not)\b[^.?!]{0,40}\b(?:human|robot)|just a moment|checking your browser"
    r"|access (?:is |was )?denied|unusual traffic|(?:log|sign) ?in to|accept (?:all )?cookies",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"<input[^>]{0,300}type\s*=\s*[\"']?password", re.IGNORECASE)
_WANTS_SCRIPTS = re.compile(r"(?:enable|activate|requires?|without|turn on) java ?script", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,300}>([^<]{0,300})", re.IGNORECASE)
_PAGE_TYPES = ("", "text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain")


def checked_address(url: str) -> str:
    """Return the address of a page as it may be asked for. Raises ValueError with what to do instead."""
    if safe_link(url) is None:
        raise ValueError("not the address of a page: it takes http:// or https://, a host, and no user name")
    if why := closed(url):
        raise ValueError(why)
    return url


PageUrl = Annotated[str, AfterValidator(checked_address)]


def checked_site(url: str) -> str:
    """Return the address of a site's first page, without the slash at its end. Raises ValueError for what is none."""
    if safe_link(url) is None or "?" in url or "#" in url:
        raise ValueError("not the address of a site: it takes http:// or https:// and a host, a folder, no user name")
    return url.rstrip("/")


SiteUrl = Annotated[str, AfterValidator(checked_site)]


def closed(url: str) -> str | None:
    """Return why a site's pages are closed to programs and which way in there is, or None."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    found = _CLOSED_HOST.search(host)
    return f"{_CLOSED[found['name'] or found['domain']]}; {_OTHER_WAYS}" if found else None


class PagesConfig(ConnectorConfig):
    """Settings of a source that reads pages: one (`url`) or several (`urls`), and what they are about."""

    url: PageUrl | None = None
    urls: tuple[PageUrl, ...] = ()
    place: str | None = None
    product: str | None = None

    @model_validator(mode="after")
    def _has_pages(self) -> PagesConfig:
        if not self.addresses:
            raise ValueError("no page to read: give `url`, or several as `urls`")
        if len(self.addresses) > MAX_PAGES:
            raise ValueError(f"`urls` names {len(self.addresses)} pages; {MAX_PAGES} are the most for one source")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the pages to read, each once."""
        return tuple(dict.fromkeys(((self.url,) if self.url else ()) + self.urls))


def page_of(response: Response) -> str:
    """Return the text of a page. Raises FetchError (code empty, too_large, unexpected_type)."""
    if not response.body.strip():
        raise FetchError("the site answered with an empty page", code="empty", status=response.status)
    if len(response.body) > MAX_PAGE:
        raise FetchError(f"the page is longer than {MAX_PAGE:,} bytes", code="too_large", status=response.status)
    if response.content_type not in _PAGE_TYPES or response.body.lstrip()[:1] in (b"{", b"["):
        raise FetchError(
            "the site answered with something else where a page was expected",
            code="unexpected_type",
            status=response.status,
        )
    return decode(response.body, response.header("content-type"))


def address_of(response: Response) -> str:
    """Return where the page stands in public, against which its links are read.

    That is where redirects led, unless the request went through another server (`base_url`).
    """
    asked, came = urlsplit(response.request.url), urlsplit(response.url)
    same = (came.hostname or "").removeprefix("www.") == (asked.hostname or "").removeprefix("www.")
    return response.url if same and response.url else response.request.url


def site_of(response: Response) -> str:
    """Return the site as part of a key: the host that was asked for, without `www.`."""
    return (urlsplit(response.request.url).hostname or "").removeprefix("www.")


def plain(text: str | None) -> str:
    """Return the letters and digits of a text only, case folded: what its copies share however they are set.

    A text without any, such as a thumb, is taken as it stands.
    """
    folded = unicodedata.normalize("NFKC", (text or "")[:2000]).casefold()
    return "".join(filter(str.isalnum, folded)) or "".join(folded.split())


def breaks_off(markup: str) -> bool:
    """Say whether a page ends before its end."""
    return "<html" in markup[:10_000].lower() and "</html" not in markup[-10_000:].lower()


def nothing_found(markup: str, why: str) -> FetchError | ParseError:
    """Return the error for a page without what it was read for: something stood in the way, or `why`."""
    readable = from_html(markup)
    if len(readable) >= SMALL_PAGE:
        return ParseError(why)
    title = _TITLE.search(markup)
    if _IN_THE_WAY.search(f"{title[1] if title else ''}\n{readable}") or _PASSWORD.search(markup):
        return FetchError("the site showed a login, a consent or a robot check instead of the page", code="blocked")
    return ParseError(why, code="blocked" if _WANTS_SCRIPTS.search(markup) else None)
