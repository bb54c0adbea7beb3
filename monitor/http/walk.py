"""From a question to the last of its answers: redirects followed one by one, secrets left behind where they must."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitor.http.address import Address, refused
from monitor.http.content import ASKED_FOR
from monitor.http.errand import Errand
from monitor.http.line import Answer, Body, Message
from monitor.http.question import Question
from monitor.http.trust import Trust

MAX_LOCATION = 8 * 1024  # characters

REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Step:
    """Where a walk has come to: what is asked next, and where."""

    address: Address = field(repr=False)
    method: str
    headers: Mapping[str, str] = field(repr=False)
    secret_headers: Mapping[str, str] = field(repr=False)
    body: Body = field(repr=False)
    is_secret: bool  # it would not be understood without a secret, so it goes only where that may go


def first_step(question: Question) -> Step:
    """Return the beginning of a walk."""
    return Step(
        address=question.address,
        method=question.method,
        headers=question.headers,
        secret_headers=question.secret_headers,
        body=question.body,
        is_secret=question.is_secret,
    )


def message(step: Step, trust: Trust, extra: Mapping[str, str | None]) -> Message:
    """Return what goes over the line at this step. Raises FetchError (refused_address) to keep a secret.

    `extra` are the headers of the door itself.
    """
    there = trust.way_to(step.address)
    trusted = trust.allows_secrets(there)
    if step.is_secret and not trusted:
        raise refused(f"{there.host}: is not a host that the secrets of this account may go to")
    headers = {"Accept": "*/*", **step.headers, **(step.secret_headers if trusted else {}), **extra}
    headers["Accept-Encoding"] = ASKED_FOR
    pairs = [(name, value) for name, value in headers.items() if value is not None]
    return Message(step.method, there, [("Host", there.authority), *pairs], step.body)


def next_step(step: Step, answer: Answer, trust: Trust, errand: Errand) -> Step:
    """Return where a redirect leads. Raises FetchError (redirect, refused_address)."""
    address = step.address.join(_location(answer, errand))
    if step.address.scheme == "https" and address.scheme == "http" and not trust.is_led:
        raise errand.failed("redirect", "it sends us from https to http")
    # The new address is the site's own words; a secret in it is one that the site has put there.
    if step.method in ("GET", "HEAD"):
        return replace(step, address=address, is_secret=False)
    if answer.status in (307, 308):
        if address.origin != step.address.origin and not trust.is_led:
            raise errand.failed("redirect", "it sends what we wanted to hand over to another host")
        return replace(step, address=address)
    # "See other" follows a message that was taken. The same path elsewhere is a move: nothing was taken there.
    if answer.status == 301 or address.target == step.address.target:
        raise errand.failed("redirect", "it has moved; put the new address into the configuration")
    headers = {name: value for name, value in step.headers.items() if name != "Content-Type"}
    return replace(step, address=address, method="GET", headers=headers, body={}, is_secret=False)


def _location(answer: Answer, errand: Errand) -> str:
    found = answer.values("location")
    if len(found) != 1:
        what = "more than one place at once" if found else "nowhere"
        raise errand.failed("redirect", f"it sends us on, to {what}")
    if len(found[0]) > MAX_LOCATION or not found[0].isascii():
        raise errand.failed("redirect", "it sends us on to an address that cannot be read")
    return found[0]
