"""The body: decoded piece by piece, so that a bomb is noticed before it has gone off."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from typing import Protocol

from monitor.http.errand import Errand

MAX_BODY = 10 * 1024 * 1024  # bytes, decoded
MAX_RATIO = 100  # decoded to coded; honest pages stay under 30
RATIO_FROM = 64 * 1024  # decoded bytes from which the ratio counts: a few zeros are no bomb
MAX_PIECES = 200_000  # chunks of one answer
MAX_MEMBERS = 100  # gzip files, one after the other, in one body
ASKED_FOR = "gzip, deflate"

_GZIP = b"\x1f\x8b"
_STEP = 256 * 1024


def read_body(pieces: Iterable[bytes], codings: list[str], length: int | None, errand: Errand) -> bytes:
    """Return the decoded body.

    `codings` are the values of Content-Encoding, `length` is Content-Length. Raises FetchError:
    too_large, encoding, truncated, protocol.
    """
    if length is not None and length > MAX_BODY:
        raise errand.failed("too_large", f"the answer has {length} bytes; {MAX_BODY} is the most we read")
    body = _decoder(codings, errand)
    for number, piece in enumerate(pieces):
        if number >= MAX_PIECES:
            raise errand.failed("protocol", "the answer comes in more pieces than any page needs")
        body.feed(piece)
    whole = body.finish()
    if whole.startswith(_GZIP):
        raise errand.failed("encoding", "the answer is compressed once more than it says")
    return whole


def _decoder(codings: list[str], errand: Errand) -> _Plain:
    names = [name.strip().lower() for value in codings for name in value.split(",")]
    names = [name for name in names if name]
    if names in ([], ["identity"]):
        return _Plain(errand)
    if len(names) > 1:
        raise errand.failed("encoding", "the answer is coded more than once")
    if names[0] in ("gzip", "x-gzip"):
        return _Gzip(errand)
    if names[0] == "deflate":
        return _Deflate(errand)
    # The name comes from the other side: it is shown only when it looks like one.
    name = names[0] if re.fullmatch(r"[a-z0-9-]{1,16}", names[0]) else "an unknown coding"
    raise errand.failed("encoding", f"the answer is coded as {name}, which we did not ask for")


class _Unpacking(Protocol):
    """What zlib.decompressobj gives; its own type has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Plain:
    """A body as it is, up to the cap."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self._parts: list[bytes] = []
        self._coded = 0
        self._decoded = 0

    def feed(self, piece: bytes) -> None:
        self._coded += len(piece)
        self._keep(piece)

    def finish(self) -> bytes:
        return b"".join(self._parts)

    def _keep(self, part: bytes) -> None:
        self._decoded += len(part)
        if self._decoded > MAX_BODY:
            raise self._errand.failed("too_large", f"the answer has more than {MAX_BODY} bytes")
        self._parts.append(part)


class _Packed(_Plain):
    """What gzip and deflate have in common: the output comes in small steps, counted at each."""

    def __init__(self, errand: Errand) -> None:
        super().__init__(errand)
        self._stream: _Unpacking | None = None

    def _unpack(self, stream: _Unpacking, data: bytes) -> None:
        try:
            more = True
            while more:
                part = stream.decompress(data, _STEP)
                self._keep(part)
                if self._decoded > max(RATIO_FROM, MAX_RATIO * self._coded):
                    raise self._errand.failed("too_large", f"the answer grows more than {MAX_RATIO} times")
                data = stream.unconsumed_tail
                more = bool(data) or len(part) == _STEP  # output may wait although all input is taken
        except zlib.error as error:
            raise self._errand.failed("encoding", "the answer is not packed as it says") from error

    def finish(self) -> bytes:
        if self._coded and (self._stream is None or not self._stream.eof):
            raise self._errand.failed("truncated", "the answer ends in the middle of its packing")
        return super().finish()


class _Deflate(_Packed):
    def feed(self, piece: bytes) -> None:
        self._coded += len(piece)
        if self._stream is None:
            # The name means zlib's format; some servers send the bare stream. Its first byte tells them apart.
            is_zlib = piece[0] & 0x0F == zlib.DEFLATED
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        self._unpack(self._stream, piece)
        if self._stream.unused_data:
            raise self._errand.failed("encoding", "the answer goes on after the end of its packing")


class _Gzip(_Packed):
    def __init__(self, errand: Errand) -> None:
        super().__init__(errand)
        self._members = 0

    def feed(self, piece: bytes) -> None:
        self._coded += len(piece)
        while piece:
            if self._stream is None or self._stream.eof:
                piece = self._next_member(piece)
                if not piece:
                    return
            assert self._stream is not None
            self._unpack(self._stream, piece)
            piece = self._stream.unused_data

    def _next_member(self, piece: bytes) -> bytes:
        """Begin the next file of several; zeros may fill up what is behind the last."""
        if self._members and not piece.strip(b"\0"):
            return b""
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise self._errand.failed("encoding", "the answer is packed in more parts than any page needs")
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return piece
