"""The pixels of scanned files for a report, decoded where a codec may crash: in a worker."""

from __future__ import annotations

import hashlib
import os
import re
import struct
from typing import Self

import numpy as np

from fauxto.errors import FauxtoError, InputError, ResourceError
from fauxto.finding import Finding
from fauxto.language import say
from fauxto.run import source as sources
from fauxto.run.options import Options
from fauxto.run.pool import MAX_ANSWER, Failure, Pool
from fauxto.run.worker import Handler

_SIZE = struct.Struct(">II")
_HASH = 64
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
"""How `source.readable` writes a byte of a name that is no UTF-8."""

_MAX_PIXELS = (MAX_ANSWER - 64) // 3


def open_decoder(settings: str) -> Handler:
    """Set up a worker: a hash and a path come in; "=", height, width and RGB go out, or "!" and what is wrong."""
    limits = Options.from_json(settings).limits

    def answer(request: bytes) -> bytes:
        try:
            return b"=" + _decode(request[:_HASH].decode("ascii"), request[_HASH:])
        except FauxtoError as error:
            return b"!" + error.what.encode("utf-8", "replace")

    def _decode(sha256: str, path: bytes) -> bytes:
        from fauxto.media.decode import decode, probe  # noqa: PLC0415

        name = path if os.path.lexists(path) else _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), path)
        data = sources.read(os.fsdecode(name), limits)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise InputError(say("it is not the file that was scanned any more."))
        header = probe(data, limits)
        if header.width * header.height > _MAX_PIXELS:
            size = {"width": header.width, "height": header.height}
            raise ResourceError(say("it has {width} x {height} pixels, too many to show.", **size))
        return _SIZE.pack(header.height, header.width) + decode(data, limits).tobytes()

    return answer


class Previews:
    """Gives the pixels of a Finding's file, uint8 `(h, w, 3)`; close it, or use it in a `with`."""

    def __init__(self, options: Options) -> None:
        self._pool: Pool[None] = Pool(
            open_decoder,
            options.to_json(),
            workers=1,
            seconds=options.limits.seconds,
            memory=options.memory,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def __call__(self, finding: Finding) -> np.ndarray | None:
        """The pixels, None for an address, which is not fetched twice. Failures are `ResourceError`."""
        if sources.is_address(finding.path) or finding.sha256 is None:
            return None
        [(_, answer)] = self._pool.map([(None, finding.sha256.encode() + os.fsencode(finding.path))])
        if isinstance(answer, Failure):
            raise ResourceError(answer.what)
        if answer is None or answer[:1] != b"=" or len(answer) < 1 + _SIZE.size:
            raise ResourceError((answer or b"")[1:500].decode("utf-8", "replace"))
        height, width = _SIZE.unpack_from(answer, 1)
        if len(answer) != 1 + _SIZE.size + height * width * 3:
            raise ResourceError(say("its pixels did not arrive."))
        return np.frombuffer(answer, np.uint8, offset=1 + _SIZE.size).reshape(height, width, 3)
