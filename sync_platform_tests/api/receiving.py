"""A small application that takes uploads, and a sender who does what no client library would."""

import socket
import time
from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sync_platform.api.problems import Problem
from sync_platform.api.uploads import receive_upload
from sync_platform.settings import load_settings
from sync_platform.sync.import_files import ImportFiles

LIMIT = 200_000
KIND = {"content-type": "multipart/form-data; boundary=b0undary"}


def part(name: str, value: bytes, headers: str = "") -> bytes:
    head = f'--b0undary\r\nContent-Disposition: form-data; name="{name}"{headers}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b0undary--\r\n"


class Receiver:
    """Takes uploads, tells what they were, and keeps them in a folder that the test looks into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "imports"
        self._files = ImportFiles(load_settings(data_dir=folder, _env_file=None))
        self.app = Starlette(routes=[Route("/", self._take, methods=["POST"])])
        self.statuses: list[int] = []

    async def _take(self, request: Request) -> JSONResponse:
        try:
            upload = await receive_upload(request, self._files, LIMIT, patience=0.3)
        except Problem as problem:
            self.statuses.append(problem.status_code)
            return JSONResponse({"detail": problem.detail}, problem.status_code)
        content = (self.folder / upload.stored.name).read_bytes()
        self.statuses.append(200)
        return JSONResponse({"name": upload.file_name, "fields": upload.fields, "content": content.decode("latin-1")})

    def left(self) -> list[str]:
        return [entry.name for entry in self.folder.iterdir()] if self.folder.exists() else []


def until_answered(receiver: Receiver) -> None:
    patience = time.monotonic() + 10
    while not receiver.statuses and time.monotonic() < patience:
        time.sleep(0.01)


def sent(port: int, head: Sequence[str], *pieces: bytes, close: bool = False) -> bytes:
    """The beginning of the answer to bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        lines = ["POST / HTTP/1.1", "host: test", "content-type: multipart/form-data; boundary=b0undary", *head]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass  # it has heard enough
        if close:
            return b""
        try:
            return connection.recv(1000)
        except OSError:
            return b""
