"""Reviews of one's own places on Google, from the Business Profile APIs: whole texts, all of them, and the answers.

A person who manages the places allows the access in a browser; Google has to approve the project first. Reviews
still come from version 4, of which no machine-readable description is published; accounts, places and notifications
have one. The list of a place has what changed last first, fifty a page. An answer does not move a review's
`updateTime`, so what waits for one is asked for by its name. 404s at random are told of, so only the daily walk over
everything proves a deletion. A place may be listed in several accounts and is read in the first. `{}` means that
nobody has written yet, or that the account may not read that place.
https://developers.google.com/my-business/reference/rest/v4/accounts.locations.reviews,
https://developers.google.com/my-business/reference/businessinformation/rest,
https://developers.google.com/my-business/reference/notifications/rest/v1/NotificationSetting,
https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions/pull
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from pydantic import Field, SecretStr, StringConstraints

from monitor.connector import (
    Auth,
    Author,
    Connector,
    ConnectorConfig,
    FetchError,
    Limits,
    Mention,
    Outcome,
    Page,
    ParseError,
    Rating,
    RawMention,
    Refusal,
    Reply,
    ReplyState,
    Request,
    Response,
    Since,
    SiteTotal,
    Subject,
    UsageError,
    refused_by_status,
)
from monitor.connector.auth import Consent, RefreshToken
from monitor.text import parse_when

APIS = ("", "accountmanagement", "businessinformation", "notifications")
ACCOUNTS = "https://mybusinessaccountmanagement.googleapis.com/v1/accounts"
PLACES = "https://mybusinessbusinessinformation.googleapis.com/v1/{account}/locations"
REVIEWS = "https://mybusiness.googleapis.com/v4/{name}"
NOTICES = "https://mybusinessnotifications.googleapis.com/v1/{account}/notificationSetting"
PULL = "https://pubsub.googleapis.com/v1/{subscription}:pull"
TAKEN = "https://pubsub.googleapis.com/v1/{subscription}:acknowledge"
MANAGE = "https://www.googleapis.com/auth/business.manage"
LISTEN = "https://www.googleapis.com/auth/pubsub"
ANNOUNCED = ("NEW_REVIEW", "UPDATED_REVIEW")

STARS = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5, "STAR_RATING_UNSPECIFIED": None}
# An answer without a state is of the time before Google looked at answers first (April 2026), and stands there.
SHOWN = (None, "REVIEW_REPLY_STATE_UNSPECIFIED", "APPROVED")
STATES = {"REJECTED": ReplyState.REJECTED} | dict.fromkeys(SHOWN, ReplyState.VISIBLE)
MOST_BYTES = 4096  # of an answer

_PLACE = re.compile(r"accounts/[^/\s\"]{1,60}/locations/[^/\s\"]{1,60}")
_MARK = r"\([^()\n]{0,40}\bGoogle\b[^()\n]{0,40}\)"  # "(Translated by Google)", in the language of the account
_TRANSLATED, _TRANSLATION = re.compile(_MARK), re.compile(rf"\n\n{_MARK}\n")
_ORIGINAL = re.compile(r"\n\n\([^()\n]{1,40}\)\n")

Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,25}$", strip_whitespace=True)]


class GoogleBusinessProfileConfig(ConnectorConfig):
    """Settings of one Google account that manages places."""

    client_id: str = Field(description="of your own OAuth client; it ends with .apps.googleusercontent.com")
    client_secret: SecretStr = Field(description="of the same client")
    refresh_token: SecretStr | None = Field(None, description="where you have one; else `monitor connect` asks for it")
    places: tuple[Digits, ...] = Field((), description="the numbers of the places (behind `locations/`); empty: all")
    subscription: str | None = Field(
        None,
        pattern=r"^projects/[\w.:-]+/subscriptions/[\w.~+%-]+$",
        description="of Google Pub/Sub, that hears of new reviews; for many places",
    )


class GoogleBusinessProfile(Connector[GoogleBusinessProfileConfig]):
    """Read the reviews of all places that one Google account manages."""

    Config = GoogleBusinessProfileConfig
    title = "Google"
    hosts = (*(f"mybusiness{api}.googleapis.com" for api in APIS), "pubsub.googleapis.com", "oauth2.googleapis.com")
    newest_first = True
    lists_all = True
    full_every = timedelta(days=1)  # new places, answers of old reviews, deletions
    limits = Limits(gap=timedelta(milliseconds=300))  # 300 a minute are documented for the APIs beside this one
    reply_limit = MOST_BYTES
    finds_places = True
    default_every = timedelta(minutes=10)
    fastest = timedelta(minutes=2)
    sees = (
        "Every review of your own places with stars, edits and your answer with its state; new places within a day, "
        "deletions within two. Its reading was tried on recorded reviews, never on Google's servers."
    )
    sees_answers = "yes"
    needs = "a Google account that manages the places, and Google's approval"
    ready_in = "days to weeks"
    proven = "documentation"
    steps = (
        "Make a project at console.cloud.google.com, signed in with the Google account that manages your places.",
        "Apply for access at developers.google.com/my-business/content/prereqs; the answer takes days to weeks.",
        "Switch on the three APIs there: Google My Business, Account Management, Business Information.",
        "Make the consent screen with the scope business.manage and publish it; a test's access ends after seven days.",
        "Make an OAuth client of the kind desktop app, and put its id and secret into `client_id` and `client_secret`.",
        "Allow the access in a browser, signed in as whoever manages the places.",
    )

    def auth(self) -> Auth:
        """Return the access that a person allowed in a browser."""
        scope = f"{MANAGE} {LISTEN}" if self.config.subscription else MANAGE
        # https://developers.google.com/identity/protocols/oauth2/web-server: only so there is a refresh token.
        params = {"access_type": "offline", "prompt": "consent"}
        return RefreshToken(
            "https://oauth2.googleapis.com/token",
            self.config.client_id,
            self.config.client_secret,
            self.config.refresh_token,
            Consent("https://accounts.google.com/o/oauth2/v2/auth", scope, params),
        )

    def start(self, since: Since) -> Iterable[Request]:
        """Ask the known places, or those that Google announces; now and then look which places there are."""
        kept = since.bookmark or {}
        known = {name: kept[name] for name in kept if _PLACE.fullmatch(name) and self._is_wanted(name)}
        known = {name: {**place, "had": f"{name}/reviews" in kept} for name, place in known.items()}
        if since.time is None or not known:
            yield Request(ACCOUNTS, {"pageSize": 20}, context={"list": "accounts", "seen": []})
        elif self.config.subscription:
            asked = {"list": "news", "known": known}
            body = {"maxMessages": 100, "returnImmediately": True}  # else it waits longer than an answer may take
            yield Request(PULL.format(subscription=self.config.subscription), method="POST", json=body, context=asked)
            return
        # In a full walk, too: a place that is no longer listed has to say so, or its reviews would count as deleted.
        yield from (self._reviews_of(name, place) for name, place in known.items())

    def parse(self, response: Response) -> Page:
        """Read one answer, whatever it was asked for."""
        asked, body = response.request.context, response.json()
        if asked["list"] == "one":
            return Page.read([body], partial(_review, asked))
        kinds = {"accounts": self._accounts, "places": self._places, "notices": _announces, "news": self._news}
        return Page() if asked["list"] == "taken" else kinds.get(asked["list"], self._reviews)(body, asked)

    def refused(self, response: Response) -> Refusal | None:
        """Tell a project that waits for approval from a place that is shut, and believe no single 404."""
        asked, status = response.request.context, response.status
        if status not in (403, 404):
            return refused_by_status(response)
        if status == 403 and (b"it is disabled" in response.body or b"SERVICE_DISABLED" in response.body):
            why = "Google says that the API is disabled: the project is not approved yet, or the API not switched on"
            return Refusal(Outcome.RECONNECT, why)
        if asked["list"] == "one":
            return Refusal(Outcome.NOTHING, "Google does not show the review; the next walks over all will tell")
        if asked["list"] == "reviews":  # the other places go on
            why = f"Google answered {status} for {asked['title']}: it lets this account read no reviews there"
            return Refusal(Outcome.FAILED, f"{why}; if you gave the place up, name the others in `places`")
        if asked["list"] in ("news", "taken", "notices"):
            why = f"Google answered {status} for the notifications: see `subscription` in docs/connectors.md"
            return Refusal(Outcome.FAILED, why)
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each review by its name; Google has no way to ask for several."""
        for mention in mentions:
            asked = {"list": "one", "title": mention.subject.place, "maps": mention.url}
            yield Request(REVIEWS.format(name=mention.external_id), context=asked, about=(mention.external_id,))

    def reply(self, mention: Mention, text: str) -> Request:
        """Answer a review, or replace the answer. Raises UsageError when it is too long."""
        size = len(text.encode())
        if size > MOST_BYTES:
            raise UsageError(
                f"the answer has {size} bytes and Google takes {MOST_BYTES}; letters such as ä count twice"
            )
        address = REVIEWS.format(name=f"{mention.external_id}/reply")
        return Request(address, method="PUT", json={"comment": text}, context={"list": "reply"})

    def replied(self, response: Response) -> Reply:
        """Read the answer as Google took it: not yet visible unless it says so."""
        body = response.json()
        return _reply({"reviewReplyState": "PENDING", **body})

    # --- which places there are

    def _accounts(self, body: Mapping[str, Any], asked: Mapping[str, Any]) -> Page:
        """Begin with the first account of a page; the others follow one after the other, to read no place twice."""
        names = [account["name"] for account in body.get("accounts", ())]
        if not names:
            raise FetchError("this Google account manages no business: connect the one that does", code="refused")
        return Page(follow=(_places_of(names, body.get("nextPageToken"), asked["seen"]),))

    def _places(self, body: Mapping[str, Any], asked: Mapping[str, Any]) -> Page:
        account, *others = asked["accounts"]
        fresh = [place for place in body.get("locations", ()) if place["name"] not in asked["seen"]]
        found = {f"{account}/{place['name']}": _described(place) for place in fresh}
        found = {name: place for name, place in found.items() if self._is_wanted(name)}
        seen = [*asked["seen"], *(place["name"] for place in fresh)]
        follow = [self._reviews_of(name, place) for name, place in found.items()]
        if found and self.config.subscription:
            context = {"list": "notices", "account": account}
            follow.append(Request(NOTICES.format(account=account), context=context))
        if token := body.get("nextPageToken"):
            follow.append(_places_of(asked["accounts"], asked["more"], seen, token))
        elif others:
            follow.append(_places_of(others, asked["more"], seen))
        elif asked["more"]:
            context = {"list": "accounts", "seen": seen}
            follow.append(Request(ACCOUNTS, {"pageSize": 20, "pageToken": asked["more"]}, context=context))
        elif missing := [number for number in self.config.places if f"locations/{number}" not in seen]:
            raise FetchError(f"this Google account has no place {missing[0]}: compare `places`", code="refused")
        return Page(follow=tuple(follow), bookmark=found)

    def _is_wanted(self, name: str) -> bool:
        return not self.config.places or name.rpartition("/")[2] in self.config.places

    def _news(self, body: Mapping[str, Any], asked: Mapping[str, Any]) -> Page:
        """Ask the places that messages name; a new one waits for the next walk over all."""
        messages, known = body.get("receivedMessages", ()), asked["known"]
        named = dict.fromkeys(name for message in messages for name in _PLACE.findall(_said(message["message"])))
        follow = [self._reviews_of(name, known[name]) for name in named if name in known]
        if messages:  # taken last: what breaks off before is announced again
            body = {"ackIds": [message["ackId"] for message in messages]}
            address = TAKEN.format(subscription=self.config.subscription)
            follow.append(Request(address, method="POST", json=body, context={"list": "taken"}))
        return Page(follow=tuple(follow))

    # --- reviews

    def _reviews_of(self, name: str, place: Mapping[str, Any], token: str | None = None) -> Request:
        params = {"pageSize": 50, "orderBy": "updateTime desc"} | ({"pageToken": token} if token else {})
        context = {"had": False, **place, "list": "reviews", "name": name}
        return Request(REVIEWS.format(name=f"{name}/reviews"), params, context=context)

    def _reviews(self, body: Mapping[str, Any], asked: Mapping[str, Any]) -> Page:
        if "reviews" not in body:
            return _none(body, asked)
        token = body.get("nextPageToken")
        follow = [self._reviews_of(asked["name"], {**asked, "had": False}, token)] if token else []
        total = SiteTotal(body.get("totalReviewCount"), body.get("averageRating"), subject=asked["title"])
        totals, bookmark = (total,) if total.count is not None else (), {f"{asked['name']}/reviews": True}
        return Page.read(body["reviews"], partial(_review, asked), follow, totals=totals, bookmark=bookmark)


def _places_of(accounts: list[str], more: str | None, seen: list[str], token: str | None = None) -> Request:
    """Return the question for the places of the first account; the rest waits in the context."""
    params = {"readMask": "name,title,storefrontAddress,metadata", "pageSize": 100}
    context = {"list": "places", "accounts": accounts, "more": more, "seen": seen}
    return Request(
        PLACES.format(account=accounts[0]), params | ({"pageToken": token} if token else {}), context=context
    )


def _described(place: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be known of a place; the shops of a chain share one title and are told apart by street."""
    address = place.get("storefrontAddress", {})
    parts = (place["title"], *address.get("addressLines", ())[:1], address.get("locality"))
    return {"title": ", ".join(filter(None, parts)), "maps": place.get("metadata", {}).get("mapsUri")}


def _announces(body: Mapping[str, Any], asked: Mapping[str, Any]) -> Page:
    """Make sure that an account announces its reviews; else new ones would be seen once a day without a word."""
    lacks = [kind for kind in ANNOUNCED if kind not in body.get("notificationTypes", ())]
    if lacks or not body.get("pubsubTopic"):
        why = f"{asked['account']} does not announce {' and '.join(lacks) or 'anything'}: set its notifications"
        raise FetchError(f"{why} as docs/connectors.md says, or leave out `subscription`", code="refused")
    return Page()


def _said(message: Mapping[str, Any]) -> str:
    """Return all that a message holds: where in it the names stand is documented in words only."""
    data = base64.b64decode(message.get("data", "")).decode("utf-8", "replace")
    return f"{data} {json.dumps(message.get('attributes', {}))}"


def _none(body: Mapping[str, Any], asked: Mapping[str, Any]) -> Page:
    """Believe that a place has no reviews unless it had some or the answer counts some."""
    if body.keys() - {"averageRating", "totalReviewCount"} or body.get("totalReviewCount"):
        raise ParseError("the answer has no `reviews`; the site may have changed its shape")
    if asked["had"]:
        why = f"Google shows no reviews of {asked['title']}, where it showed some before"
        raise FetchError(f"{why}: look whether the account still may manage the place", code="refused")
    return Page()


def _review(asked: Mapping[str, Any], item: Mapping[str, Any]) -> RawMention:
    stars, who = STARS[item["starRating"]], item.get("reviewer", {})
    return RawMention(
        external_id=item["name"],
        url=asked["maps"],
        text=_original(item.get("comment") or ""),
        author=None if who.get("isAnonymous") else Author(who.get("displayName")),
        published_at=parse_when(item["createTime"]),
        updated_at=parse_when(item["updateTime"]),
        rating=Rating(stars) if stars else None,
        subject=Subject(place=asked["title"]),
        reply=_reply(item["reviewReply"]) if item.get("reviewReply") else None,
        answer_url=item.get("reviewReplyUrl"),
    )


def _reply(said: Mapping[str, Any]) -> Reply:
    state = STATES.get(said.get("reviewReplyState"), ReplyState.PENDING)
    return Reply(said["comment"], state, parse_when(said.get("updateTime")))


def _original(comment: str) -> str:
    """Return what the customer wrote: Google may put its translation before it or behind it."""
    if _TRANSLATED.match(comment) and (original := _ORIGINAL.search(comment)):
        return comment[original.end() :]
    translation = _TRANSLATION.search(comment)
    return comment[: translation.start()] if translation else comment
