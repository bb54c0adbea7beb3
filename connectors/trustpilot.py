"""Service reviews of one business on Trustpilot, with the answers to them, from its API.

The public interface is read, with the API key alone: the private one adds order numbers and mail addresses, which are
not wanted here. A hundred reviews a page, newest first; pages are numbered, and behind the last one comes an empty
list. Nothing is sorted by its last change: an edit of an old review, or an answer to it, shows only when it is read
again. Each call counts against a yearly sum that the contract names (200,000 are about 540 a day). Times have no zone
or Z and are UTC. What Trustpilot pushes (webhooks) carries no signature that it documents, so it is not taken.
https://developers.trustpilot.com/business-units-api-(public), https://developers.trustpilot.com/service-reviews-api,
https://developers.trustpilot.com/authentication, https://developers.trustpilot.com/rate-limiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints, model_validator

from monitor.connector import (
    Audience,
    Auth,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    Mention,
    Outcome,
    Page,
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
from monitor.connector.auth import ClientCredentials, HeaderKey
from monitor.text import parse_when

API = "https://api.trustpilot.com/v1"
TOKENS = f"{API}/oauth/oauth-business-users-for-applications/accesstoken"
PER_PAGE = 100
CALL = 1_000_000  # millionths: a budget is written as "500 calls"
WAIT = timedelta(minutes=5)  # the limit is told for five minutes


def _domain(value: Any) -> str:
    """Return the domain of what people paste: an address of Trustpilot's page for it, or of the shop itself."""
    bare = str(value).strip().lower().rpartition("/review/")[2].rpartition("://")[2]
    return bare.partition("?")[0].strip("/")


Domain = Annotated[str, BeforeValidator(_domain), StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$", strip_whitespace=True)]


class TrustpilotConfig(ConnectorConfig):
    """Settings of one business."""

    domain: Domain = Field(description="what stands behind `trustpilot.com/review/` in the address of your page there")
    api_key: SecretStr = Field(description="the API key")
    api_secret: SecretStr | None = Field(
        None, exclude=True, description="its secret; only for answers through the monitor"
    )
    business_user_id: Id | None = Field(None, exclude=True, description="in whose name answers are given")

    @model_validator(mode="after")
    def _answers_have_an_author(self) -> TrustpilotConfig:
        if (self.api_secret is None) != (self.business_user_id is None):
            raise ValueError("answers need both `api_secret` and `business_user_id`; reading needs neither")
        return self


@dataclass(frozen=True)
class BothKeys(ClientCredentials):
    """The API key for what everybody may read, and a token for the private half."""

    def sign(self, request: Request, token: Any, now: datetime) -> Any:
        """Add the one that the address wants."""
        key = HeaderKey(SecretStr(self.client_id), "apikey", "")
        return super().sign(request, token, now) if "/private/" in request.url else key.sign(request, token, now)


class Trustpilot(Connector[TrustpilotConfig]):
    """Read the reviews of one business, and answer them."""

    Config = TrustpilotConfig
    title = "Trustpilot"
    hosts = ("api.trustpilot.com",)
    newest_first = True
    lists_all = True
    full_every = timedelta(days=1)
    reply_limit: ClassVar[int | None] = 2000  # characters; Trustpilot names no limit, so this is ours
    default_every = timedelta(minutes=15)
    fastest = timedelta(minutes=15)  # calls are counted for the year
    sees = (
        "Every service review with stars, edits, likes and your answer; changes of old ones within a day. No product "
        "reviews. Built on Trustpilot's documentation, never tried on real answers."
    )
    sees_answers = "yes"
    needs = "an API key of Trustpilot Business, a paid add-on"
    ready_in = "10 minutes, with a plan that has the API"
    steps = (
        "Ask your contact at Trustpilot whether your plan has the API; it is an add-on that is paid for by the year.",
        "Open Trustpilot Business, Integrations, Developers, APIs, and make an application.",
        "Put its API key where only you can read it and name it as `api_key`; reading needs nothing else.",
        "To answer from here, add its secret as `api_secret`, and as `business_user_id` the id of who answers.",
    )

    def __init__(self, config: TrustpilotConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        if config.business_user_id is None:
            self.reply_limit = None  # type: ignore[misc]  # a class variable everywhere else

    def auth(self) -> Auth:
        """Return the key, and where answers are wanted what gives a token as well."""
        key, secret = self.config.api_key, self.config.api_secret
        return HeaderKey(key, "apikey", "") if secret is None else BothKeys(TOKENS, key.get_secret_value(), secret)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest page; once a day, and when nothing is known, for the business and its totals first."""
        unit = (since.bookmark or {}).get("unit")
        if since.time is None or unit is None:
            yield Request(f"{API}/business-units/find", {"name": self.config.domain}, cost=CALL)
        else:
            yield _listed(unit, 1)

    def parse(self, response: Response) -> Page:
        """Read the business, one page of its reviews, or the one review that a re-check asked for."""
        body, asked = response.json(), response.request
        if asked.about:
            return Page.read([body], _review)
        if asked.context is None:
            unit, count = body["id"], body["numberOfReviews"]["total"]
            totals = (SiteTotal(count, body["score"]["trustScore"] if count else None),)
            return Page(follow=(_listed(unit, 1),), bookmark={"unit": unit}, totals=totals)
        reviews, context = body["reviews"], asked.context
        return Page.read(reviews, _review, [_listed(context["unit"], context["page"] + 1)] if reviews else ())

    def refused(self, response: Response) -> Refusal | None:
        """Tell an unknown key from an unknown business; being asked too often is counted over five minutes."""
        status = response.status
        if status == 401:
            return Refusal(Outcome.RECONNECT, "Trustpilot answered 401: it does not know the key; compare `api_key`")
        if status == 404 and not response.request.about:
            why = f"Trustpilot answered 404: it knows no business called {self.config.domain}; compare `domain`"
            return Refusal(Outcome.FAILED, why)
        if status == 429:
            why = "Trustpilot answered 429: asked too often, or the calls of the year are used up"
            return Refusal(Outcome.THROTTLED, why, response.retry_after() or WAIT)
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each review; the API has no way to ask for several by id."""
        ids = (mention.external_id for mention in mentions)
        yield from (Request(f"{API}/reviews/{one}", about=(one,), cost=CALL) for one in ids)

    def reply(self, mention: Mention, text: str) -> Request:
        """Answer a review in the name of the configured person. Raises UsageError when there is none."""
        if self.reply_limit is None:
            raise UsageError("answers on Trustpilot need `api_secret` and `business_user_id`; or use the review's link")
        body = {"authorBusinessUserId": self.config.business_user_id, "message": text}
        return Request(f"{API}/private/reviews/{mention.external_id}/reply", method="POST", json=body, cost=CALL)

    def replied(self, response: Response) -> Reply:
        """Return what was sent: nothing is documented of the answer to it, so it waits until it can be seen."""
        return Reply(response.request.json["message"], ReplyState.PENDING)


def _listed(unit: str, page: int) -> Request:
    params = {"orderBy": "createdat.desc", "perPage": PER_PAGE, "page": page}
    return Request(f"{API}/business-units/{unit}/reviews", params, context={"unit": unit, "page": page}, cost=CALL)


def _review(item: Mapping[str, Any]) -> RawMention:
    who, answer, likes = item["consumer"], item.get("companyReply"), item.get("numberOfLikes")
    address = f"https://www.trustpilot.com/reviews/{item['id']}"  # clients link there; the API links only to itself
    return RawMention(
        external_id=item["id"],
        url=address,
        title=item.get("title"),
        text=item["text"] or "",
        author=Author(who["displayName"], who["id"]),
        published_at=parse_when(item["createdAt"]),
        updated_at=parse_when(item.get("updatedAt")),
        rating=Rating(float(item["stars"])),
        language=item.get("language"),
        audience=None if likes is None else Audience(likes, "likes"),
        subject=Subject(place=(item.get("location") or {}).get("name")),
        reply=Reply(answer["text"], published_at=parse_when(answer["createdAt"])) if answer else None,
        answer_url=address,
        verified=item.get("isVerified"),
        # No key at all is no word about an answer; null is.
        absent=frozenset() if "companyReply" in item else frozenset({"reply"}),
    )
