"""An access that a person allows in a browser, on any device: where to go, and what to do with what comes back.

Nothing listens for the browser's return: it ends at an address where nobody answers, and that address is pasted.
https://www.rfc-editor.org/rfc/rfc6749#section-4.1, https://www.rfc-editor.org/rfc/rfc7636
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit

from monitor.config import Settings, SourceSettings
from monitor.connector.auth import Consent, RefreshToken
from monitor.errors import LookError, RefusedError, UsageError
from monitor.exchange import Response, Token
from monitor.polling.reading import readable
from monitor.polling.tools import Tools
from monitor.store import Connection, sources

LONGEST_CODE = 4000  # characters
CONNECTED = "connected_at"

_CODE = re.compile(r"[\x21-\x7e]+")
_ERROR = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class Invitation:
    """One try to be let in. What it keeps to itself shows that what comes back belongs to it."""

    auth: RefreshToken = field(repr=False)
    consent: Consent
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def address(self) -> str:
        """Return where the person allows the access."""
        return self.auth.invitation(self.consent, self.state, self.verifier)

    def code_in(self, pasted: str) -> str:
        """Return the code in an address that was pasted, or in what was pasted instead of one.

        Raises ValueError with a sentence for what is no code, and for an address of another try.
        """
        text = "".join(pasted.split())
        if "://" in text or re.search(r"(^|[?&#])(code|state|error)=", text):
            return self._code_of(text)
        code = unquote(text)
        if not _CODE.fullmatch(code) or len(code) > LONGEST_CODE:
            raise ValueError("Paste the whole address at which the browser ended, or the code that the site shows.")
        return code

    def _code_of(self, address: str) -> str:
        parts = urlsplit(address)
        query = parts.query or parts.fragment or (address if not parts.netloc else "")
        found = {name: values[-1] for name, values in parse_qs(query.lstrip("?#")).items()}
        if not secrets.compare_digest(found.get("state", "").encode(), self.state.encode()):
            raise ValueError(
                "That address does not belong to this try (its `state` is not mine); open the address above, and "
                "paste the one where the browser ends then."
            )
        if "error" in found:
            why = found["error"] if _ERROR.fullmatch(found["error"]) else "an error"
            raise ValueError(f"The site did not allow it ({why}); open the address above again and allow it.")
        if not found.get("code"):
            raise ValueError("There is no code in that address; paste the one where the browser ended afterwards.")
        return found["code"]


def invite(source: SourceSettings) -> Invitation | None:
    """Return how a person lets a source in; None where its access is none that is allowed in a browser."""
    auth = source.build().auth()
    if not isinstance(auth, RefreshToken) or auth.consent is None:
        return None
    return Invitation(auth, auth.consent)


def redeem(source: SourceSettings, invitation: Invitation, code: str, tools: Tools) -> Token:
    """Make the first token of a code and commit it. Raises UsageError when the site refuses it, LookError."""
    session, now = tools.session(source, source.build()), tools.clock()
    answer = session.fetch(invitation.auth.redeem(invitation.consent, code, invitation.verifier))
    try:
        with readable("the answer to our request for a token"):
            token = invitation.auth.read(answer, now)
    except RefusedError as refused:
        if refused.code != "reconnect":
            raise
        raise UsageError(
            f"the site did not take the code{_reason(answer)}: one works once and for some minutes only, and belongs "
            "to the client it was made for; begin again"
        ) from refused
    tools.vault.keep(source.holder, token, now)
    return token


def note_connected(conn: Connection, settings: Settings, source: SourceSettings, now: datetime) -> None:
    """Let every source of an access be looked at now, and let a monitor that runs read the new keys."""
    sources.put_meta(conn, CONNECTED, now.isoformat())
    for one in settings.sources:
        if one.holder == source.holder:
            sources.update(conn, one.name, next_poll_at=now, not_before=None)


def connected_at(conn: Connection) -> str | None:
    """Return when somebody last connected a source; anything else than before means that keys may be new."""
    found = sources.get_meta(conn, CONNECTED)
    return str(found) if found is not None else None


def _reason(answer: Response) -> str:
    """Return the site's own word for a refusal, as the standard has them: invalid_grant, invalid_client."""
    try:
        word = answer.json().get("error")
    except (LookError, AttributeError):
        return ""
    return f" ({word})" if isinstance(word, str) and _ERROR.fullmatch(word) else ""
