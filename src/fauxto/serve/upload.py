"""Multipart bodies, written to disk as they come: no part is held in memory, and every bound holds on the way."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import IO, Any

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from fauxto.report.view import printable
from fauxto.serve.files import Files
from fauxto.serve.problems import ServiceError
from fauxto.serve.settings import Settings

MAX_FIELD = 16_384
"""Bytes of a part that is no file."""

MAX_FIELDS = 8
MAX_HEADERS = 8_192
"""Bytes of the headers of one part."""

MAX_NAME = 255

_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{1,70}")


@dataclass(slots=True)
class Upload:
    """One file that has come, under the id that its scan will have."""

    scan: str
    name: str
    bytes: int = 0
    sha256: str = ""


@dataclass(slots=True)
class Form:
    """What a multipart body held."""

    files: list[Upload] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


async def receive(request: Request, files: Files, settings: Settings, *, most: int) -> Form:
    """Write the files of a body to disk, at most `most`; nothing of them stays where it fails.

    Raises `ServiceError`: "not_multipart", "too_many_bytes", "too_many_files", "too_slow", "no_space", "input".
    """
    boundary = _boundary(request)
    longest = min(settings.max_job_bytes, most * settings.max_bytes) + (most + MAX_FIELDS) * (MAX_HEADERS + MAX_FIELD)
    _check_announced(request, longest)
    if shutil.disk_usage(files.root).free < settings.reserve + settings.max_bytes:
        raise ServiceError("The disk of the service is full.", fix="Tell its operator.", code="no_space")
    reader = _Reader(boundary, files, settings, most)
    try:
        async with asyncio.timeout(settings.upload_seconds):
            async for block in _bounded(request, longest):
                reader.write(block)
        return await asyncio.to_thread(reader.finish)
    except BaseException as error:
        reader.discard()
        if isinstance(error, TimeoutError):
            raise ServiceError(
                f"The upload took more than {settings.upload_seconds:g} seconds.",
                fix="Send fewer or smaller files at once.",
                code="too_slow",
                headers={"Connection": "close"},
            ) from error
        if isinstance(error, ClientDisconnect):
            raise ServiceError("The upload broke off.", fix="Send it again.", code="input") from error
        raise


def name_of(given: str) -> str:
    """A file name to show: the last part of a path, printable, bounded.

    >>> name_of("C:\\\\pictures\\\\a.jpg"), name_of("../../etc/passwd"), name_of("")
    ('a.jpg', 'passwd', 'unnamed')
    """
    last = re.split(r"[/\\]", given)[-1].strip()
    return printable(last)[:MAX_NAME] or "unnamed"


class _Reader:
    """Takes a body in blocks; each file goes to the folder of a new scan."""

    def __init__(self, boundary: bytes, files: Files, settings: Settings, most: int) -> None:
        self._files, self._settings, self._most = files, settings, most
        self._form, self._ended = Form(), False
        self._header, self._value, self._headers = bytearray(), bytearray(), dict[str, bytes]()
        self._sink: IO[bytes] | None = None
        self._hash: Any = None
        self._name, self._text = "", bytearray()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
            max_header_size=MAX_HEADERS,
        )

    def write(self, block: bytes) -> None:
        """Take a block."""
        try:
            self._parser.write(block)
        except MultipartParseError as error:
            raise ServiceError(
                "The body is no multipart/form-data.", fix="Send it as `curl -F file=@photo.jpg` does.", code="input"
            ) from error

    def finish(self) -> Form:
        """All that has come, safe on disk; an unfinished body is refused."""
        if not self._ended:
            raise ServiceError("The multipart body has no end.", fix="Send it again.", code="input")
        for upload in self._form.files:
            folder = self._files.folder(upload.scan)
            with open(folder / "original.part", "rb") as file:
                os.fsync(file.fileno())
            os.replace(folder / "original.part", folder / "original")
        return self._form

    def discard(self) -> None:
        """Forget all that has come."""
        if self._sink is not None:
            self._sink.close()
        self._files.delete(upload.scan for upload in self._form.files)

    def _part_begin(self) -> None:
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header.decode("latin-1").lower()] = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise ServiceError("A part has no name.", fix="Send a plain form.", code="input")
        self._name = options[b"name"].decode("utf-8", "replace")
        if b"filename" not in options:
            if len(self._form.fields) >= MAX_FIELDS:
                raise ServiceError("The form has too many fields.", fix="Send `file` and `options` only.", code="input")
            self._text = bytearray()
            return
        if len(self._form.files) >= self._most:
            many = f"At most {self._most:,} files" if self._most > 1 else "One file"
            fix = "Split it." if self._most > 1 else "POST /v1/jobs takes many."
            raise ServiceError(f"{many} a request.", fix=fix, code="too_many_files")
        upload = Upload(uuid.uuid4().hex, name_of(options[b"filename"].decode("utf-8", "replace")))
        self._form.files.append(upload)
        self._sink = open(self._files.make(upload.scan) / "original.part", "wb", buffering=0)  # noqa: SIM115
        self._hash = hashlib.sha256()

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        block = data[start:end]
        if self._sink is None:
            self._text += block
            if len(self._text) > MAX_FIELD:
                raise ServiceError("A field of the form is too long.", fix="Send files as files.", code="input")
            return
        upload = self._form.files[-1]
        upload.bytes += len(block)
        if upload.bytes > self._settings.max_bytes:
            raise _too_large(self._settings.max_bytes)
        self._sink.write(block)
        self._hash.update(block)

    def _part_end(self) -> None:
        if self._sink is None:
            self._form.fields[self._name] = self._text.decode("utf-8", "replace")
            return
        self._sink.close()
        self._form.files[-1].sha256, self._sink = self._hash.hexdigest(), None

    def _end(self) -> None:
        self._ended = True


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not _BOUNDARY.fullmatch(boundary):
        raise ServiceError(
            "Expected multipart/form-data with a boundary.",
            fix="curl -F file=@photo.jpg does it.",
            code="not_multipart",
        )
    return boundary


def _check_announced(request: Request, longest: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > longest:
        raise _too_large(longest)


async def _bounded(request: Request, longest: int) -> AsyncIterator[bytes]:
    total = 0
    async for block in request.stream():
        total += len(block)
        if total > longest:
            raise _too_large(longest)
        yield block


def _too_large(limit: int) -> ServiceError:
    return ServiceError(
        f"It has more than the {limit:,} bytes that this service takes.",
        fix="Send a smaller file, or ask the operator for a higher --limit-bytes.",
        code="too_many_bytes",
        headers={"Connection": "close"},
    )
