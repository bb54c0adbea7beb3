"""Small made-up sites for what the town's review site does not do: branches, an inbox that forgets, talk, doors."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from tests.town import START, Answer, Asked, Site

BRANCHES = "https://branches.town.example/branches"
TALK_TERM = "Acme Coffee"


def said(number: int, **changes: Any) -> dict[str, Any]:
    """Return one post as the talk site shows it."""
    return {
        "id": f"p{number}",
        "text": f"{TALK_TERM} made me wait 40 minutes and nobody said a word. Never again. ({number})",
        "author": f"Person {number}",
        "author_id": f"u{number}",
        "created": (START - timedelta(minutes=number)).isoformat(),
        **changes,
    }


class Branches:
    """Branches with pages. `pages[branch]` are its pages in order; `instead` answers a path before they do."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.pages: dict[str, list[list[dict[str, Any]]]] = {}
        self.marks: dict[str, str] = {}
        self.instead: dict[str, Answer | Callable[[Asked], Answer]] = {}
        self.asked: list[str] = []
        site.routes["/branches"] = self.answer

    def shows(self, branch: str, *pages: list[dict[str, Any]]) -> None:
        """Let a branch show these pages."""
        self.pages[branch] = list(pages)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        branch, page = asked.path.rsplit("/", 1)[-1], int(asked.query.get("page", "1"))
        name = f"{branch}/{page}"
        self.asked.append(name)
        for key in (name, branch):
            if key in self.instead:
                found = self.instead[key]
                return found(asked) if callable(found) else found
        if branch == "some":
            return self._some(asked.query["ids"].split(","))
        pages = self.pages.get(branch)
        if pages is None or page > len(pages):
            return Answer(b"no such page", 404)
        following = f"{BRANCHES}/{branch}?page={page + 1}" if page < len(pages) else None
        body: dict[str, Any] = {"reviews": pages[page - 1], "next": following}
        if branch in self.marks:
            body["mark"] = f"{self.marks[branch]}-{page}"
        return Answer(body)

    def _some(self, ids: list[str]) -> Answer:
        every = [one for pages in self.pages.values() for page in pages for one in page]
        found = [one for one in every if one["id"] in ids]
        return Answer({"reviews": found}) if found else Answer(b"gone", 404)


class Inbox:
    """Messages by number, `size` at once; asking from a number on destroys those before it."""

    def __init__(self, site: Site, size: int = 2) -> None:
        self.size = size
        self.messages: list[dict[str, Any]] = []
        site.routes["/inbox"] = self.answer

    def gets(self, *numbers: int) -> None:
        """Take some messages in."""
        for number in numbers:
            created = (START - timedelta(minutes=5) + timedelta(seconds=number)).isoformat()
            text = f"Message {number}: the soup was cold and nobody answered us."
            self.messages.append({"number": number, "text": text, "author": "Someone", "created": created})

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        offset = int(asked.query["offset"])
        self.messages = [message for message in self.messages if message["number"] >= offset]
        return Answer({"messages": self.messages[: self.size]})


class Talk:
    """Posts by corner; the search finds whatever is there."""

    def __init__(self, site: Site) -> None:
        self.posts: dict[str, list[dict[str, Any]]] = {}
        site.routes["/talk"] = lambda asked: Answer({"posts": self.posts.get(asked.path.rsplit("/", 1)[-1], [])})

    def hears(self, corner: str, *posts: dict[str, Any]) -> None:
        """Let these be said in front of what was said."""
        self.posts[corner] = [*posts, *self.posts.get(corner, [])]


class Keys:
    """A site behind a door, with its own token server.

    `lets_in` decides about a request; `gives` answers a request for a token. Tokens are numbered.
    """

    def __init__(self, site: Site) -> None:
        self.reviews: list[dict[str, Any]] = []
        self.lets_in: Callable[[Asked], bool] = lambda asked: True
        self.gives: Callable[[Asked], Answer] = lambda asked: Answer(b"no", 400)
        self.token_requests: list[Asked] = []
        self.read_requests: list[Asked] = []
        self.extra: Mapping[str, Any] = {}
        site.routes["/keys"] = self.answer

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        if asked.path.endswith(("/token", "/login")):
            self.token_requests.append(asked)
            return self.gives(asked)
        self.read_requests.append(asked)
        if not self.lets_in(asked):
            return Answer({"error": "who are you"}, 401)
        return Answer({"reviews": self.reviews, **self.extra})


class ConsentSite:
    """A site whose owner allows an access in a browser: OAuth 2.0 with a code, PKCE and refresh tokens.

    Codes work once. `more` is what the token server adds to its answers; `revoke` ends all that was given.
    """

    CLIENT, SECRET = "our-client", "made-up-client-secret"

    def __init__(self, site: Site) -> None:
        self.url = site.url
        self.reviews: list[dict[str, Any]] = []
        self.allows = True
        self.more: dict[str, Any] = {"expires_in": 3600}
        self.gives_refresh = True
        self.token_requests: list[Asked] = []
        self.codes: dict[str, Mapping[str, str]] = {}
        self.good: set[str] = set()
        self._number = 0
        site.routes["/consent"] = self.answer

    def browse(self, address: str) -> str:
        """Open an address as a browser would, allow the access, and return the address at which that ends."""
        parts = urlsplit(address)
        with httpx.Client() as browser:
            answer = browser.get(f"{self.url}{parts.path}?{parts.query}")
        return answer.headers["location"]

    def revoke(self) -> None:
        """End everything that was allowed."""
        self.good.clear()

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        match asked.path.rpartition("/")[2]:
            case "authorize":
                return self._allow(asked.query)
            case "token":
                self.token_requests.append(asked)
                return self._give(asked.form)
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.good:
            return Answer({"error": "who are you"}, 401)
        return Answer({"reviews": self.reviews})

    def _allow(self, query: Mapping[str, str]) -> Answer:
        if query["client_id"] != self.CLIENT or query["response_type"] != "code" or query["town"] != "1":
            return Answer(b"no such client", 400)
        back = {"state": query["state"]}
        if self.allows:
            code = f"4/code-{len(self.codes) + 1}"
            self.codes[code] = query
            back["code"] = code
        else:
            back["error"] = "access_denied"
        return Answer(b"", 302, {"Location": f"{query['redirect_uri']}/?{urlencode(back)}&scope=reviews#end"})

    def _give(self, form: Mapping[str, str]) -> Answer:
        if (form.get("client_id"), form.get("client_secret")) != (self.CLIENT, self.SECRET):
            return Answer({"error": "invalid_client"}, 401)
        if form["grant_type"] == "refresh_token":
            fine = form["refresh_token"] in self.good
        else:
            query = self.codes.pop(form["code"], None)
            proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
            fine = (
                query is not None
                and query["code_challenge_method"] == "S256"
                and query["code_challenge"] == proof.rstrip("=")
                and query["redirect_uri"] == form["redirect_uri"]
            )
        if not fine:
            return Answer({"error": "invalid_grant"}, 400)
        self._number += 1
        tokens = {"access_token": f"access-token-{self._number}"}
        if self.gives_refresh and form["grant_type"] != "refresh_token":
            tokens["refresh_token"] = f"refresh-token-{self._number}"
        self.good |= set(tokens.values())
        return Answer({**tokens, **self.more})


def at(minutes: float = 0) -> str:
    """Return a time after the start, as the sites write it."""
    return (START + timedelta(minutes=minutes)).isoformat()


def moment(minutes: float = 0) -> datetime:
    """Return a time after the start."""
    return START + timedelta(minutes=minutes)
