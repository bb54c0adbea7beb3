"""A mailbox: two mails of customers, a notice of a platform, and what we have sent."""

from __future__ import annotations

from monitor.connector import Brand, MailRequest
from monitor.connector.letters import key_of
from tests.connectors.kit import Cases, Mails
from tests.mailbox.letters import OURS, RULE, answer, mail, notice

SENT = MailRequest("\\Sent")
FIRST = (mail(), mail("Lovely staff.", subject="Thanks", key="c1f0a9d2-78@customer.example"), notice())
PASSWORD = "made-up-s3cret"
OPTIONS = {"host": "imap.acme.example", "user": "support@acme.example", "password": PASSWORD}

CASES = Cases(
    options={**OPTIONS, "authserv": OURS, "rules": [RULE]},
    brands=(Brand("acme", ("Acme Coffee",)),),
    secrets=(PASSWORD,),
    bad_options=(
        {},
        {"host": "imap.acme.example", "user": "support@acme.example"},
        {**OPTIONS, "security": "plain"},
        {**OPTIONS, "host": "imap.acme.example\r\nx"},
        {**OPTIONS, "folders": []},
        {**OPTIONS, "port": 0},
        {**OPTIONS, "login": "google"},
        {**OPTIONS, "ours": ["not an address"]},
        {**OPTIONS, "rules": [{"sender": "stars.example"}]},
        {**OPTIONS, "rules": [{"sender": "stars.example", "stars": "("}]},
        {**OPTIONS, "rules": [{"sender": "stars.example", "stars": "(?=x)"}]},
        {**OPTIONS, "rules": [{"sender": "stars.example", "stars": "x", "best": 1.0, "worst": 1.0}]},
    ),
    first=Mails(FIRST, more=True),
    first_ids=tuple(
        key_of(one)
        for one in ("c1f0a9d2-77@customer.example", "c1f0a9d2-78@customer.example", "n-100001@stars.example")
    ),
    next=Mails((mail("And another thing.", key="c1f0a9d2-79@customer.example"),), first_uid=4),
    empty=Mails(()),
    broken="Every mail can be read as far as its headers go, so none is a problem.",
    unknown=Mails(tuple(b"X-Mood: 1\r\nX-Spam-Score: 0.1\r\n" + one for one in FIRST), more=True),
    drift="A notice that its rule can no longer read is told with its subject and link, for a person to see.",
    edited="Nobody can edit a mail that was sent.",
    gone="A mail that is deleted or moved says nothing about the complaint in it.",
    own=Mails((answer(),), to=SENT),
    answered=Mails((answer(),), to=SENT),
    refusals={},
)
