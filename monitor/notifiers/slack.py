"""Slack: by an incoming webhook (one address, nothing to install), or by a bot token with a channel.

The token can do more: threads, edits, and looking up whether a message arrived.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr, field_validator, model_validator

from monitor.errors import FetchError, ParseError
from monitor.models import Json
from monitor.notifier import DeliveryError, Fetch, Message, Notifier, NotifierConfig, Receipt, Request, Response
from monitor.notifier import Signed as SignedRequest
from monitor.notifiers import ask, checked_url, temporary, wait_of
from monitor.notifiers._slack_card import payload_of

API = "https://slack.com/api/"
HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
EVENT = "review_monitor_delivery"

MAX_PAGES = 10  # of a look-up
PAGE = 200
MAX_THREADS = 20  # looked through when the thread is not known
OLD_THREADS = timedelta(days=30)

WEBHOOK_OK = b"ok"

# https://docs.slack.dev/reference/methods/chat.postMessage#errors and
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
CHANNEL_ERRORS = {
    "access_denied": "the token may not write there",
    "account_inactive": "the app or its account was removed from the workspace",
    "action_prohibited": "an administrator forbids it",
    "as_user_not_supported": "the token is of a kind that cannot post",
    "channel_is_archived": "the channel is archived",
    "channel_not_found": "there is no such channel, or the app is not in it",
    "deprecated_endpoint": "Slack has closed this way",
    "ekm_access_denied": "an administrator has stopped posting",
    "enterprise_is_restricted": "the workspace does not allow it",
    "external_channel_migrating": "the channel is moving to another workspace",
    "invalid_auth": "the token is not valid",
    "invalid_token": "the webhook's address is not valid",
    "is_archived": "the channel is archived",
    "messages_tab_disabled": "this person takes no messages from the app",
    "method_deprecated": "Slack has closed this way",
    "missing_scope": "the token lacks a permission: chat:write",
    "no_active_hooks": "the webhook is turned off",
    "no_permission": "the token may not write there",
    "no_service": "the webhook is turned off or was removed",
    "no_service_id": "the webhook's address is not complete",
    "no_team": "the webhook's workspace is gone or its address is mistyped",
    "no_token": "the webhook's address is not complete",
    "not_allowed_token_type": "the token is of a kind that cannot post; a bot token begins with xoxb-",
    "not_authed": "no token was given",
    "not_in_channel": "the app is not in the channel; type /invite @NAME there",
    "org_login_required": "the workspace is moving to an organisation",
    "posting_to_general_channel_denied": "an administrator keeps the app out of this channel",
    "restricted_action": "an administrator keeps the app out of this channel",
    "restricted_action_non_threadable_channel": "the channel takes no messages from apps",
    "restricted_action_read_only_channel": "the channel is read-only",
    "restricted_action_thread_locked": "the thread is locked",
    "restricted_action_thread_only_channel": "the channel takes replies only",
    "team_access_not_granted": "the app has no access to this workspace",
    "team_disabled": "the workspace is closed",
    "team_not_found": "there is no such workspace",
    "token_expired": "the token has ended",
    "token_revoked": "the token was revoked",
    "two_factor_setup_required": "the account must set up two-factor login first",
    "user_is_restricted": "the account may not write there",
    "user_not_found": "there is no such person",
}
MESSAGE_ERRORS = {
    "block_mismatch", "cannot_reply_to_message", "duplicate_channel_not_found", "invalid_arguments",
    "invalid_array_arg", "invalid_blocks", "invalid_blocks_format", "invalid_charset", "invalid_form_data",
    "invalid_json", "invalid_metadata_format", "invalid_metadata_schema", "invalid_payload", "invalid_post_type",
    "json_not_object", "markdown_text_conflict", "message_limit_exceeded_for_blocks", "metadata_must_be_sent_from_app",
    "metadata_too_large", "missing_post_type", "missing_text_or_fallback_or_attachments", "msg_blocks_too_long",
    "msg_too_long", "no_text", "slack_connect_blocked_file_type", "slack_connect_clip_sharing_blocked",
    "slack_connect_file_link_sharing_blocked", "slack_connect_file_upload_sharing_blocked", "thread_not_found",
    "too_many_attachments", "too_many_contact_cards", "message_not_found", "cant_update_message",
    "edit_window_closed", "is_inactive",
}  # fmt: skip
# Refused for now. A code nobody knows is read like one of these: an alert too many tries is better than none.
PASSING_ERRORS = {
    "accesslimited", "fatal_error", "internal_error", "message_limit_exceeded", "rate_limited", "ratelimited",
    "request_timeout", "rollup_error", "service_unavailable", "team_added_to_org", "team_quota_exceeded",
}  # fmt: skip
# Slack says of these that part of it may have happened.
UNSURE_ERRORS = {"fatal_error", "internal_error", "request_timeout"}


class SlackConfig(NotifierConfig):
    """Options of a Slack channel: `webhook_url`, or `token` with `channel`."""

    webhook_url: SecretStr | None = None
    token: SecretStr | None = None
    channel: str | None = None

    @field_validator("webhook_url")
    @classmethod
    def _known_host(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        return SecretStr(checked_url(value.get_secret_value(), HOSTS))

    @field_validator("token")
    @classmethod
    def _a_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"xox[a-z]-[!-~]{5,500}", value.get_secret_value()):
            raise ValueError("a bot token begins with xoxb-; it stands in the app's settings under OAuth & Permissions")
        return value

    @field_validator("channel")
    @classmethod
    def _a_channel(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"#?[^\s#@<>,]{1,80}", value):
            raise ValueError("a channel is a name such as #support, or its id such as C0123456789")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> SlackConfig:
        if (self.webhook_url is None) == (self.token is None):
            raise ValueError("give either webhook_url, or token and channel")
        if self.token is not None and not self.channel:
            raise ValueError('a token needs a channel: channel = "#support"')
        if self.token is None and self.channel:
            raise ValueError("a webhook has its own channel; leave channel out, or use a token")
        return self


class Slack(Notifier[SlackConfig]):
    """Post to one Slack channel."""

    Config = SlackConfig
    gap = timedelta(seconds=1)  # https://docs.slack.dev/apis/web-api/rate-limits: one message a second and channel
    storm_limit = 15
    threads = True
    says = "Posts to one Slack channel, by an incoming webhook or by a bot token; a token adds threads and look-up."

    def send(self, message: Message, fetch: Fetch) -> Receipt:
        """Post the message. With a token an earlier receipt makes it a reply in its thread."""
        payload = payload_of(message)
        payload["blocks"][0]["block_id"] = message.id  # a repeat can be known by it, also behind a webhook
        if self.config.webhook_url is not None:
            return self._send_by_webhook(payload, message.id, fetch)
        payload["channel"] = self.config.channel
        payload["metadata"] = {"event_type": EVENT, "event_payload": {"delivery": message.id}}
        if message.thread is not None and message.thread.channel:
            payload["channel"] = message.thread.channel
            payload["thread_ts"] = message.thread.thread or message.thread.id
            payload["reply_broadcast"] = message.broadcast
        return self._posted(self._call("chat.postMessage", payload, fetch), payload.get("thread_ts"))

    def edit(self, receipt: Receipt, message: Message, fetch: Fetch) -> Receipt:
        """Replace an earlier message. Makes no sound. Needs a token."""
        if self.config.token is None or not receipt.channel:
            raise DeliveryError("a Slack webhook cannot change what it has posted", permanent=True)
        payload = payload_of(message) | {"channel": receipt.channel, "ts": receipt.id}
        return self._posted(self._call("chat.update", payload, fetch), receipt.thread)

    def find(self, delivery_id: str, since: datetime, fetch: Fetch, thread: Receipt | None = None) -> Receipt | None:
        """Look in the channel's history for a message with this delivery id. Needs a token and channels:history."""
        if self.config.token is None:
            raise DeliveryError("a Slack webhook cannot look up what it has posted", permanent=True)
        channel = self._channel_id(fetch)
        oldest = f"{(since - timedelta(minutes=5)).timestamp():.6f}"
        if thread is not None and thread.channel:
            root = thread.thread or thread.id
            return self._in_thread(delivery_id, thread.channel, root, oldest, fetch)
        for row in self._pages("conversations.history", {"channel": channel, "oldest": oldest}, "messages", fetch):
            if _delivery_of(row) == delivery_id:
                return Receipt(str(row["ts"]), channel, row.get("thread_ts"))
        return self._in_some_thread(delivery_id, channel, since, oldest, fetch)

    def describe(self) -> str:
        """Return where it posts, without a secret."""
        if self.config.webhook_url is not None:
            return "Slack, by a webhook"
        name = self.config.channel or ""
        return f"{name if name.startswith('#') or _is_id(name) else '#' + name} on Slack"

    # --- posting

    def _send_by_webhook(self, payload: dict[str, Json], delivery_id: str, fetch: Fetch) -> Receipt:
        assert self.config.webhook_url is not None
        url = self.config.webhook_url.get_secret_value()
        host = url.split("/")[2]
        request = SignedRequest(Request(f"https://{host}/services", method="POST", json=payload), url=url)
        response = ask(fetch, request, "Slack")
        if response.status == 200 and (response.body.strip() == WEBHOOK_OK or _says_yes(response)):
            return Receipt(delivery_id)
        raise refusal(response.status, _code_of(response), response)

    def _call(self, method: str, payload: dict[str, Json], fetch: Fetch) -> Mapping[str, Any]:
        """Call the Web API and return the answer that says yes. Raises DeliveryError."""
        assert self.config.token is not None
        bearer = {"Authorization": f"Bearer {self.config.token.get_secret_value()}"}
        response = ask(fetch, SignedRequest(Request(API + method, method="POST", json=payload), bearer), "Slack")
        answer = _object(response)
        if response.status == 200 and answer is not None and answer.get("ok") is True:
            return answer
        if response.status == 200 and response.body.strip() == WEBHOOK_OK:
            return {}
        raise refusal(response.status, _code_of(response), response)

    def _posted(self, answer: Mapping[str, Any], thread: Any) -> Receipt:
        ts, channel = answer.get("ts"), answer.get("channel")
        if not isinstance(ts, str) or not ts:
            raise DeliveryError("Slack took the message and did not say where it stands", uncertain=True)
        return Receipt(ts, channel if isinstance(channel, str) else self.config.channel, thread)

    # --- looking up

    def _ask_page(self, method: str, params: Mapping[str, Any], fetch: Fetch) -> Mapping[str, Any]:
        assert self.config.token is not None
        bearer = {"Authorization": f"Bearer {self.config.token.get_secret_value()}"}
        response = ask(fetch, SignedRequest(Request(API + method, params), bearer), "Slack")
        answer = _object(response)
        if response.status == 200 and answer is not None and answer.get("ok") is True:
            return answer
        raise _cannot_look(response)

    def _pages(
        self, method: str, params: dict[str, Any], key: str, fetch: Fetch, pages: int = MAX_PAGES
    ) -> Iterator[Mapping[str, Any]]:
        params = {"limit": PAGE, "include_all_metadata": True, **params}
        for _ in range(pages):
            answer = self._ask_page(method, params, fetch)
            rows = answer.get(key)
            yield from (row for row in rows if isinstance(row, Mapping)) if isinstance(rows, list) else ()
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            params = {**params, "cursor": cursor}

    def _in_thread(self, delivery_id: str, channel: str, root: str, oldest: str, fetch: Fetch) -> Receipt | None:
        params = {"channel": channel, "ts": root, "oldest": oldest}
        for row in self._pages("conversations.replies", params, "messages", fetch):
            if _delivery_of(row) == delivery_id:
                return Receipt(str(row["ts"]), channel, root)
        return None

    def _in_some_thread(
        self, delivery_id: str, channel: str, since: datetime, oldest: str, fetch: Fetch
    ) -> Receipt | None:
        # A reply does not stand in the channel's history, but the message above it says when the last one came.
        params = {"channel": channel, "oldest": f"{(since - OLD_THREADS).timestamp():.6f}"}
        roots = [
            row
            for row in self._pages("conversations.history", params, "messages", fetch, pages=2)
            if _delivery_of(row) and str(row.get("latest_reply") or "") >= oldest
        ]
        for row in roots[:MAX_THREADS]:
            if found := self._in_thread(delivery_id, channel, str(row["ts"]), oldest, fetch):
                return found
        return None

    def _channel_id(self, fetch: Fetch) -> str:
        name = (self.config.channel or "").removeprefix("#")
        if _is_id(name):
            return name
        params = {"exclude_archived": True, "limit": 1000, "types": "public_channel,private_channel"}
        for row in self._pages("conversations.list", params, "channels", fetch):
            if row.get("name") == name and isinstance(row.get("id"), str):
                return str(row["id"])
        raise DeliveryError(f"Slack lists no channel #{name}; give its id to let me look things up", permanent=True)


# --- reading answers -----------------------------------------------------------------------------


def _is_id(channel: str) -> bool:
    return re.fullmatch(r"[CGD][A-Z0-9]{7,}", channel) is not None


def _object(response: Response) -> Mapping[str, Any] | None:
    try:
        answer = response.json()
    except (FetchError, ParseError):
        return None
    return answer if isinstance(answer, Mapping) else None


def _says_yes(response: Response) -> bool:
    answer = _object(response)
    return answer is not None and answer.get("ok") is True


def _code_of(response: Response) -> str:
    """Return Slack's word for what is wrong, or an empty text when the answer is not Slack's."""
    answer = _object(response)
    if answer is not None:
        return str(answer.get("error") or "")[:80]
    body = response.body.strip()[:80].decode("ascii", "replace")
    return body if re.fullmatch(r"[a-z_]{2,60}", body) else ""


def refusal(status: int, code: str, response: Response | None = None) -> DeliveryError:
    """Return how an answer that is no yes is read: by its code where there is one, else by its status."""
    wait = wait_of(response) if response is not None else None
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return DeliveryError("Slack asks us to wait (rate limited)", permanent=False, retry_after=wait)
    if code in CHANNEL_ERRORS:
        words = f"Slack refused the message ({code}): {CHANNEL_ERRORS[code]}"
        return DeliveryError(words, permanent=True, whole_channel=True)
    if code in MESSAGE_ERRORS:
        return DeliveryError(f"Slack does not take this message ({code})", permanent=True)
    if code:
        # On a 200 a code nobody knows, or one that says itself that half of it may have happened.
        return DeliveryError(
            f"Slack refused for now ({code})", permanent=False, retry_after=wait, uncertain=code in UNSURE_ERRORS
        )
    if status in (404, 410) and response is not None and not response.body.lstrip().startswith(b"<"):
        return DeliveryError(f"Slack no longer knows this webhook ({status})", permanent=True, whole_channel=True)
    if 200 <= status < 300:
        # It may be Slack's own page or somebody's in between: nothing says that the message was taken.
        return temporary(f"Slack answered {status} with something that is not its own", response)
    return temporary(f"Slack answered {status}", response)


def _cannot_look(response: Response) -> DeliveryError:
    code = _code_of(response)
    if code in ("missing_scope", "not_in_channel", "no_permission", "not_allowed_token_type"):
        return DeliveryError(
            f"the Slack token may not look things up ({code}); it needs channels:history and channels:read",
            permanent=True,
        )
    return refusal(response.status, code, response)


def _delivery_of(row: Mapping[str, Any]) -> str | None:
    metadata = row.get("metadata")
    if not isinstance(metadata, Mapping) or metadata.get("event_type") != EVENT:
        return None
    payload = metadata.get("event_payload")
    found = payload.get("delivery") if isinstance(payload, Mapping) else None
    return found if isinstance(found, str) and row.get("ts") else None
