"""What the connectors share that read a WordPress site through its REST API: its address, its pages, its walls.

A list comes a hundred at most; `X-WP-Total` and `X-WP-TotalPages` say how much there is. Entries that the reader
may not see are counted there and left out of a page, so a short or empty page need not be the last one.
https://developer.wordpress.org/rest-api/using-the-rest-api/pagination/

A site with plain permalinks knows no `/wp-json/`: it shows its front page there, or 404. What names the API in every
answer then ends with `?rest_route=/`. https://developer.wordpress.org/rest-api/extending-the-rest-api/routes-and-endpoints/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator

from monitor.connector import ItemProblem, Outcome, Page, ParseError, RawMention, Refusal, Request, Response
from monitor.connector.pages import checked_site
from monitor.text import number

FULL_PAGE = 100  # the most the API gives
PLAIN = "/?rest_route="  # how the address of a site ends whose permalinks are plain


def _site(url: str) -> str:
    return checked_site(url).partition("/wp-json")[0].rstrip("/")


SiteUrl = Annotated[str, AfterValidator(_site)]


def _site_or_plain(url: str) -> str:
    front, plain, _ = url.partition("?rest_route=")
    return checked_site(front.removesuffix("index.php")) + PLAIN if plain else _site(url)


AnySiteUrl = Annotated[str, AfterValidator(_site_or_plain)]


def asked(site: str, path: str, params: Mapping[str, Any], **more: Any) -> Request:
    """Return the question for a `path` that begins with /wp-json, put as the site's permalinks allow."""
    if not site.endswith(PLAIN):
        return Request(site + path, params, **more)
    route = {"rest_route": path.removeprefix("/wp-json")}
    return Request(site.removesuffix(PLAIN) + "/", {**route, **params}, **more)


def has_plain_permalinks(response: Response) -> bool:
    """Say whether the site names another way to its API than the `/wp-json/` that was asked for."""
    links = [value for name, value in response.headers if name == "link" and "https://api.w.org/" in value]
    return "/wp-json/" in response.request.url and any("?rest_route=/" in link for link in links)


def page_of(response: Response, reader: Callable[[Any], RawMention | None]) -> Page:
    """Return one page of a list, with the request for the next one. Raises ParseError for what is no list.

    An empty list counts only where the site says that there is nothing more: plugins and caches make empty
    ones, too. It is no end: all of its entries may belong to posts that are not shown to everybody.
    """
    here, pages = response.request.params["page"], number(response.header("x-wp-totalpages"))
    entries = response.json()
    page = Page.read(entries, reader) if entries else _empty(here, pages)
    more = len(entries) >= FULL_PAGE if pages is None else here < pages
    return replace(page, follow=(next_of(response.request, here + 1),)) if more else page


def next_of(request: Request, page: int) -> Request:
    """Return the same question for another page."""
    return replace(request, params={**request.params, "page": page})


def _empty(here: int, pages: float | None) -> Page:
    if pages is None and here == 1:
        raise ParseError("the site answered with an empty list, and not with how much there is (X-WP-TotalPages)")
    if pages is None or here > pages:
        return Page()
    return Page(problems=(ItemProblem(f"page {here} of {pages:g} is empty: what belongs there was not seen"),))


def still_there(response: Response, reader: Callable[[Any], RawMention], alone: Callable[[str], Request]) -> Page:
    """Return those of the entries asked for (`these` of the context) that came, with a request for each other one.

    That a list lacks one proves nothing; the answer to a question for this one does.
    """
    found = Page.read(response.json(), reader)
    missing = set(response.request.context["these"]) - {mention.external_id for mention in found.mentions}
    return replace(found, follow=tuple(map(alone, sorted(missing))))


def shut(response: Response, address: str, what: str, also: str = "") -> Refusal | None:
    """Read 401, 403 and 404 of an `address` that WordPress leaves open to everybody; None for any other answer.

    They are faults of the site's settings that may be mended without us, so the source goes on trying.
    `also` names one more thing to look at when there is no such address.
    """
    if response.status in (401, 403) and response.retry_after() is None:
        why = f"the site answered {response.status} for its {what}: a security plugin or a firewall shuts programs out"
        return Refusal(Outcome.FAILED, f"{why}; let {address} through there")
    if response.status == 404:
        why = f"the site has no {what} for programs (404): look whether `url` is right{also}"
        return Refusal(Outcome.FAILED, f"{why}, and whether something has switched off {address}")
    return None
