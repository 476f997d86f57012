"""A form with one file while it comes in: streamed to disk within limits, never held in memory (CSV-14, F-50)."""

import hashlib
import json
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sync_platform.api.problems import Problem
from sync_platform.api.streamed import pieces
from sync_platform.sync.import_files import ArrivingFile, ImportFiles, StoredFile
from sync_platform.transforms.purchase_problems import PurchaseFileRefused

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FILE = "file"
MAX_PARTS = 20
MAX_FIELD_BYTES = 64 * 1024
MAX_HEADER_BYTES = 64 * 1024  # of all parts together; a name of 4,000 characters fits
BESIDE_THE_FILE = MAX_PARTS * MAX_FIELD_BYTES  # what a body may have beyond its file
#: Seconds in which the next piece has to come.
PATIENCE = 30.0
_ENCODINGS = {"", "7bit", "8bit", "binary"}


@dataclass(frozen=True)
class Upload:
    """``file_name`` is what the sender calls it: text, never a path (F-53). ``fields`` are the form's other parts."""

    stored: StoredFile
    file_name: str
    fields: dict[str, str]

    @property
    def content_hash(self) -> str:
        """Of what is asked for: boundaries are drawn anew with every try."""
        asked = [self.stored.sha256, self.file_name, sorted(self.fields.items())]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


async def receive_upload(request: Request, files: ImportFiles, max_bytes: int, patience: float = PATIENCE) -> Upload:
    """The form of a request, its file stored. Raises Problem, and nothing is left of the file then.

    413 for what is too large, 415 for what is no form, 408 where nothing comes any more, 400 for what breaks off.
    """
    boundary = _boundary(request)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes + BESIDE_THE_FILE:
        raise _too_large(max_bytes)
    try:
        with files.receiving(max_bytes) as arriving:
            form = _Form(boundary, arriving)
            size = 0
            async with aclosing(pieces(request, patience)) as stream:
                async for piece in stream:
                    size += len(piece)
                    if size > max_bytes + BESIDE_THE_FILE:
                        raise _too_large(max_bytes)
                    await run_in_threadpool(form.write, piece)
            file_name, fields = form.ended()
            return Upload(await run_in_threadpool(arriving.keep), file_name, fields)
    except PurchaseFileRefused as error:
        raise Problem(error.status, detail=str(error)) from None
    except FormParserError:
        raise Problem(400, detail="the form cannot be read; look at its boundary and headers") from None


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise Problem(415, detail="send multipart/form-data with the part `file`")
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # RFC 2046
        raise Problem(400, detail="the boundary of the form has 1 to 70 characters")
    return boundary


def _too_large(max_bytes: int) -> Problem:
    refused = PurchaseFileRefused("upload_too_large", f"the limit is {max_bytes / 2**20:g} MiB")
    return Problem(413, detail=str(refused))


@dataclass
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    is_file: bool = False
    value: bytearray = field(default_factory=bytearray)


class _Form:
    """Takes pieces of the body, hands the file on, and keeps the fields. Raises Problem, FormParserError."""

    def __init__(self, boundary: bytes, arriving: ArrivingFile) -> None:
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._opened,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._whole,
        }
        self._parser = MultipartParser(boundary, callbacks, max_header_size=MAX_HEADER_BYTES)
        self._arriving, self._file_name = arriving, ""
        self._fields: dict[str, str] = {}
        self._names: set[str] = set()
        self._part, self._parts, self._header_bytes = _Part(), 0, 0
        self._header = (bytearray(), bytearray())
        self._is_whole = False

    def write(self, piece: bytes) -> None:
        """The next piece, of any length."""
        self._parser.write(piece)

    def ended(self) -> tuple[str, dict[str, str]]:
        """The file's name and the fields, once the body is over."""
        if not self._is_whole:
            raise Problem(400, detail="the form has no end; send it again")
        if FILE not in self._names:
            raise Problem(400, detail="the form has no part `file`")
        return self._file_name, self._fields

    def _begin(self) -> None:
        self._part, self._parts = _Part(), self._parts + 1
        if self._parts > MAX_PARTS:
            raise Problem(400, detail=f"the form has more than {MAX_PARTS} parts")

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._add_header(0, data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._add_header(1, data[start:end])

    def _add_header(self, which: int, text: bytes) -> None:
        self._header_bytes += len(text)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise Problem(400, detail="the headers of the parts are too long")
        self._header[which].extend(text)

    def _header_end(self) -> None:
        name, value = self._header
        self._part.headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _opened(self) -> None:
        headers = self._part.headers
        kind, options = parse_options_header(headers.get(b"content-disposition"))
        name = options.get(b"name", b"").decode(errors="replace")
        if kind != b"form-data" or not name:
            raise Problem(400, detail="a part of the form has no name")
        if headers.get(b"content-transfer-encoding", b"").decode("latin-1").strip().lower() not in _ENCODINGS:
            raise Problem(400, detail="parts of the form are sent as they are, without an encoding")
        if name in self._names:
            raise Problem(400, detail="a part of the form is there twice")
        self._names.add(name)
        self._part.name, self._part.is_file = name, name == FILE
        if self._part.is_file:
            self._file_name = options.get(b"filename", b"").decode(errors="replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.is_file:
            self._arriving.write(data[start:end])
            return
        self._part.value += data[start:end]
        if len(self._part.value) > MAX_FIELD_BYTES:
            raise Problem(413, detail=f"a field has at most {MAX_FIELD_BYTES // 1024} KiB")

    def _end(self) -> None:
        if not self._part.is_file:
            try:
                self._fields[self._part.name] = self._part.value.decode()
            except UnicodeDecodeError:
                raise Problem(400, detail="the fields of the form are UTF-8") from None

    def _whole(self) -> None:
        self._is_whole = True
