"""Reviews of an Android app on Google Play: those of the last seven days from its API, the others from monthly files.

The API shows reviews with text only, and only what was written or changed within a week, what changed last first;
`{}` when that was nothing. It names no time of writing: the time of the last change is all there is, until a file
names the first. An answer is a second comment of the same review. Files lie in the developer's own bucket, one a
month of the last change, in UTF-16, some days late; they have stars without a text, too, which then have no id and
are known by app, device and millisecond. What a file lacks of an answer proves nothing: it is a copy of days ago.
https://developers.google.com/android-publisher/reply-to-reviews,
https://support.google.com/googleplay/android-developer/answer/6135870,
https://cloud.google.com/storage/docs/json_api/v1/objects
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from pydantic import Field, SecretStr

from monitor.connector import (
    Audience,
    Auth,
    Author,
    Connector,
    ConnectorConfig,
    ItemProblem,
    Mention,
    Outcome,
    Page,
    ParseError,
    Rating,
    RawMention,
    Refusal,
    Reply,
    Request,
    Response,
    Since,
    Subject,
    UsageError,
    refused_by_status,
)
from monitor.connector.auth import ServiceAccount
from monitor.text import decode, parse_when

REVIEWS = "https://androidpublisher.googleapis.com/androidpublisher/v3/applications/{package}/reviews"
FILES = "https://storage.googleapis.com/storage/v1/b/{bucket}/o"
STORE = "https://play.google.com/store/apps/details?id={package}"
CONSOLE = "https://play.google.com/console"
SCOPE = "https://www.googleapis.com/auth/androidpublisher"
READ_FILES = "https://www.googleapis.com/auth/devstorage.read_only"
MONTHS = 25  # as far back as texts are kept
LARGEST = 10_000_000  # bytes of a file; the door takes no larger answer
EMPTY = {"pageInfo", "tokenPagination"}  # all that an answer without reviews may hold
ASKED_TOO_OFTEN = (b"quotaExceeded", b"rateLimitExceeded", b"RESOURCE_EXHAUSTED")

_ID = re.compile(r"[?&#]review[iI]d=([^&#\s]+)")


class GooglePlayConfig(ConnectorConfig):
    """Settings of one app on Google Play."""

    package: str = Field(pattern=r"^[A-Za-z]\w*(\.\w+)+$", description="the app's name behind `id=` in its address")
    service_account: SecretStr = Field(description="the JSON key file of the service account")
    bucket: str | None = Field(
        None, pattern=r"^[a-z0-9][a-z0-9._-]+$", description="of the monthly files: pubsite_prod_rev_… in the Console"
    )
    product: str | None = Field(None, description="what the app is called in messages")


class GooglePlay(Connector[GooglePlayConfig]):
    """Read the reviews of one app, what changed last first, and once a day the files that have changed."""

    Config = GooglePlayConfig
    title = "Google Play"
    hosts = ("androidpublisher.googleapis.com", "storage.googleapis.com", "oauth2.googleapis.com")
    full_every = timedelta(days=1)
    reply_limit = 350
    default_every = timedelta(minutes=15)
    fastest = timedelta(minutes=5)  # 60 to 200 questions an hour and app are told of
    may_be_empty = True
    sees = (
        "Reviews with a text that were written or changed within seven days, with edits and your answer; with the "
        "bucket also older ones and stars without a text, days late. No deletions. Tried on recordings of 2016 and "
        "2017, never on Google's servers."
    )
    sees_answers = "yes"
    needs = "a service account that your Play Console lets in"
    ready_in = "20 minutes, sometimes a day"
    proven = "recordings"
    steps = (
        "Make a project at console.cloud.google.com and switch on the Google Play Android Developer API.",
        "Make a service account there under IAM, Service accounts, with a JSON key; its file is `service_account`.",
        "In the Play Console, Users and permissions, invite the service account's address with Reply to reviews.",
        "For the monthly files allow it View app information and download bulk reports, too.",
        "Take `bucket` from Download reports, Reviews, Copy Cloud Storage URI: the name behind gs://.",
    )

    def auth(self) -> Auth:
        """Return the service account; the bucket needs a permission of its own."""
        return ServiceAccount(self.config.service_account, f"{SCOPE} {READ_FILES}" if self.config.bucket else SCOPE)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for what changed last; and now and then for the whole week and the list of files."""
        yield self._list(since.time)
        if self.config.bucket and since.time is None:
            address = FILES.format(bucket=self.config.bucket)
            context = {"list": "files", "read": since.bookmark or {}}
            yield Request(address, {"prefix": f"reviews/reviews_{self.config.package}_"}, context=context)

    def parse(self, response: Response) -> Page:
        """Read a page of the API, the list of files, or a file."""
        read = {"reviews": self._page, "files": self._files, "file": self._file}
        return read[response.request.context["list"]](response)

    def refused(self, response: Response) -> Refusal | None:
        """Tell a quota from a permission that lacks; the bucket's lacks without stopping the rest."""
        status, of_reviews = response.status, response.request.context["list"] == "reviews"
        if status == 403 and any(word in response.body for word in ASKED_TOO_OFTEN):
            return Refusal(Outcome.THROTTLED, "Google Play answered 403: asked too often", response.retry_after())
        if status in (401, 403, 404) and not of_reviews:
            what = "compare `bucket`, and allow the service account to download bulk reports"
            return Refusal(Outcome.FAILED, f"Google answered {status} for the bucket {self.config.bucket}: {what}")
        if status in (401, 403):
            what = "invite the service account in the Play Console with Reply to reviews; that may take a day to work"
            return Refusal(Outcome.RECONNECT, f"Google Play answered {status}, so I may not read this app: {what}")
        if status == 404:
            what = f"Google Play knows no app {self.config.package}: compare `package` with the store's address"
            return Refusal(Outcome.FAILED, what)
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Walk the list once, as far back as the oldest of them: a question for each would not fit the quota."""
        changes = [mention.updated_at for mention in mentions if _has_id(mention) and mention.updated_at]
        if changes:
            yield self._list(min(changes))

    def reply(self, mention: Mention, text: str) -> Request:
        """Answer a review, or replace the answer. Raises UsageError for stars without a text."""
        if not _has_id(mention):
            raise UsageError("Google Play takes no answer to stars without a text")
        address = f"{REVIEWS.format(package=self.config.package)}/{quote(mention.external_id, safe=':')}:reply"
        return Request(address, method="POST", json={"replyText": text}, context={"list": "reviews"})

    def replied(self, response: Response) -> Reply:
        """Read the answer as Google Play took it."""
        result = response.json()["result"]
        return Reply(result["replyText"], published_at=_moment(result["lastEdited"]))

    # --- the last seven days

    def _list(self, until: datetime | None, token: str | None = None) -> Request:
        context = {"list": "reviews", "until": until.isoformat() if until else None}
        params = {"maxResults": 100} | ({"token": token} if token else {})
        return Request(REVIEWS.format(package=self.config.package), params, context=context)

    def _page(self, response: Response) -> Page:
        body, until = response.json(), parse_when(response.request.context["until"])
        if "reviews" not in body and (body.keys() - EMPTY or body.get("pageInfo", {}).get("totalResults")):
            raise ParseError("the answer has no `reviews`; the site may have changed its shape")
        page = Page.read(body.get("reviews", ()), self._review)
        token = body.get("tokenPagination", {}).get("nextPageToken")
        times = [mention.updated_at for mention in page.mentions if mention.updated_at]
        # A page that is not in the order of changes, as documented, has to be older than that as a whole.
        reached = (min if times == sorted(times, reverse=True) else max)(times, default=None)
        if token and not (until and reached and reached < until):
            return Page(page.mentions, (self._list(until, token),), problems=page.problems)
        return page

    def _review(self, item: Mapping[str, Any]) -> RawMention:
        parts = {kind: said for comment in item["comments"] for kind, said in comment.items()}
        said, answer = parts["userComment"], parts.get("developerComment")
        title, tab, text = said["text"].partition("\t")
        changed, likes = _moment(said["lastModified"]), said.get("thumbsUpCount")
        return RawMention(
            external_id=item["reviewId"],
            url=STORE.format(package=self.config.package),
            title=title.strip() or None if tab else None,
            text=(text if tab else title).strip(),
            author=Author(item.get("authorName")),
            published_at=changed,
            updated_at=changed,
            rating=Rating(float(said["starRating"])),
            language=said.get("reviewerLanguage"),
            audience=None if likes is None else Audience(likes, "helpful votes"),
            subject=Subject(
                product=self.config.product,
                app_version=said.get("appVersionName"),
                device=said.get("deviceMetadata", {}).get("productName") or said.get("device"),
            ),
            reply=Reply(answer["text"], published_at=_moment(answer["lastModified"])) if answer else None,
            answer_url=CONSOLE,
        )

    # --- the monthly files

    def _files(self, response: Response) -> Page:
        """Ask for the files that have changed, the newest first. A thousand are listed at once: 83 years."""
        name = re.compile(rf"reviews/reviews_{re.escape(self.config.package)}_[0-9]{{6}}\.csv")
        files = {file["name"]: file for file in response.json().get("items", ()) if name.fullmatch(file["name"])}
        newest, known = sorted(files, reverse=True)[:MONTHS], response.request.context["read"]
        fresh = [files[month] for month in newest if known.get(month) != files[month]["generation"]]
        small = [file for file in fresh if int(file["size"]) <= LARGEST]
        what = f"a file of more than {LARGEST // 1_000_000} MB, which I do not read"
        problems = tuple(ItemProblem(what, file["name"]) for file in fresh if file not in small)
        return Page(follow=tuple(map(self._download, small)), problems=problems)

    def _download(self, file: Mapping[str, Any]) -> Request:
        address = f"{FILES.format(bucket=self.config.bucket)}/{quote(file['name'], safe='')}"
        context = {"list": "file", "read": {file["name"]: file["generation"]}}
        return Request(address, {"alt": "media"}, context=context)

    def _file(self, response: Response) -> Page:
        table = csv.DictReader(io.StringIO(decode(response.body, "text/csv; charset=utf-16le"), newline=""))
        try:
            rows = list(table)
        except csv.Error as error:
            raise ParseError(f"the file is no table: {error}") from error
        if "Star Rating" not in (table.fieldnames or ()):
            raise ParseError("the file has no column `Star Rating`; Google Play may have changed its shape")
        return Page.read(rows, self._row, bookmark=response.request.context["read"])

    def _row(self, row: Mapping[str, str]) -> RawMention:
        link, written = row["Review Link"], row["Review Submit Millis Since Epoch"]
        known, answer = _ID.search(link), row["Developer Reply Text"]
        reply = Reply(answer, published_at=parse_when(row["Developer Reply Millis Since Epoch"])) if answer else None
        made = f"{row['Package Name']} {row['Device']} {written}"
        return RawMention(
            external_id=unquote(known[1]) if known else made,
            url=STORE.format(package=self.config.package),
            title=row["Review Title"].strip() or None,
            text=row["Review Text"].strip(),
            published_at=parse_when(written),
            updated_at=parse_when(row["Review Last Update Millis Since Epoch"]),
            rating=Rating(float(row["Star Rating"])),
            language=row["Reviewer Language"],
            subject=Subject(product=self.config.product, app_version=row["App Version Name"], device=row["Device"]),
            reply=reply,
            answer_url=link or CONSOLE,
            absent=frozenset() if reply else frozenset({"reply"}),
        )


def _has_id(mention: Mention) -> bool:
    return mention.external_id.startswith("gp:")


def _moment(stamp: Mapping[str, Any]) -> datetime:
    """Return the moment of seconds, which are text, and nanoseconds. Raises TypeError for one that cannot be."""
    second: Any = parse_when(stamp["seconds"])
    return second + timedelta(microseconds=stamp.get("nanos", 0) // 1000)  # type: ignore[no-any-return]  # of JSON
