"""The only door to the web.

A request goes through these rooms: `question` (what is sent), `address` (where it may go), `line`
(httpx writes and sends it), `transport` and `pool` (on which connection), `names` (look-up in killable
time), `wire` (the socket: gate and deadline), `content` (decoding under caps), `walls` (pages that
stand before the page); `door` puts them in order, with `cookies`, `pacing` and `robots` for manners.
"""

from monitor.http.address import addresses_in, check_url
from monitor.http.door import Door, Session
from monitor.http.names import Resolver
from monitor.http.pacing import Pacing
from monitor.http.question import Validators, request_key, validators_of

__all__ = [
    "Door",
    "Pacing",
    "Resolver",
    "Session",
    "Validators",
    "addresses_in",
    "check_url",
    "request_key",
    "validators_of",
]
