"""Mails of made-up people, as bytes."""

from __future__ import annotations

from collections.abc import Mapping

OURS = "mx.acme.example"


def vouched(domain: str, server: str = OURS) -> str:
    """Return the header with which a receiving server vouches for a domain."""
    spf = f"spf=pass smtp.mailfrom=bounce@{domain}; dmarc=pass header.from={domain}"
    return f"{server}; dkim=pass header.d={domain}; {spf}"


def mail(
    text: str = "My order never came.",
    *,
    sender: str = "Jonas Keller <jonas@customer.example>",
    subject: str = "Where is my order?",
    key: str | None = "c1f0a9d2-77@customer.example",
    date: str = "Mon, 30 Nov 2026 09:00:00 +0000",
    more: Mapping[str, str] | None = None,
    html: bool = False,
) -> bytes:
    """Return a mail; `more` are further headers, which stand on top."""
    headers = {
        **(more or {}),
        "From": sender,
        "To": "support@acme.example",
        "Subject": subject,
        "Date": date,
        **({"Message-ID": f"<{key}>"} if key else {}),
        "MIME-Version": "1.0",
        "Content-Type": f"text/{'html' if html else 'plain'}; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", text.replace("\n", "\r\n"), ""]).encode()


NOTICE = """Quay Street has a new review.

Jonas K. left a 1-star review:

"Waited 40 minutes for two coffees, then they were cold."

Read it and answer: https://reviews.stars.example/r/8841?utm=mail
Unsubscribe: https://reviews.stars.example/unsubscribe/abc
"""


def notice(text: str = NOTICE, *, key: str = "n-100001@stars.example", by: str = "stars.example", **more: str) -> bytes:
    """Return the notice of a platform, vouched for by our server unless `by` is empty."""
    head = {"Authentication-Results": vouched(by)} if by else {}
    return mail(
        text,
        sender="Stars <no-reply@stars.example>",
        subject=more.pop("subject", "New review for Quay Street"),
        key=key,
        more={**head, "Precedence": "bulk", "List-Unsubscribe": "<https://reviews.stars.example/unsubscribe/abc>"},
    )


RULE = {
    "sender": "stars.example",
    "subject": "^New review",
    "stars": r"left a (\d)-star review",
    "author": r"(?m)^(.+?) left a \d-star review",
    "text": r'(?s)review:\n\n"(.*?)"\n\nRead it',
    "link": r"^https://reviews\.stars\.example/r/",
    "place": r"(?m)^(.+?) has a new review",
}


def answer(to: str = "c1f0a9d2-77@customer.example", *, key: str = "a-900001@acme.example", **more: str) -> bytes:
    """Return our answer to a mail."""
    return mail(
        "Dear Jonas, it goes out today.\n\nOn Mon, 30 Nov 2026, Jonas Keller wrote:\n> My order never came.",
        sender="Acme Support <support@acme.example>",
        subject="Re: Where is my order?",
        key=key,
        date="Mon, 30 Nov 2026 09:30:00 +0000",
        more={"In-Reply-To": f"<{to}>", "References": f"<{to}>", **more},
    )
