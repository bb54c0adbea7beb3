"""The sign of life: an address that is called each minute while all is well."""

from __future__ import annotations

import structlog
from pydantic import SecretStr

from monitor.errors import FetchError
from monitor.exchange import Request, Signed
from monitor.http import Door

log = structlog.get_logger()


def beat(door: Door, url: SecretStr, *, allow_private: bool = False) -> None:
    """Call the heartbeat address. A failure is logged: whoever waits for the call will speak up."""
    address = url.get_secret_value()
    try:
        session = door.session("heartbeat", named=(address,), allow_private=allow_private)
        session.fetch(Signed(Request(""), url=address))
    except FetchError as error:
        if error.status is not None and 200 <= error.status < 300:
            return  # it was heard; what it says back is of no interest
        log.warning("heartbeat not delivered", code=error.code)
