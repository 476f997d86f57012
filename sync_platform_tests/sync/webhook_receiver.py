"""A webhook on loopback for tests of the outbox, and messages for it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.db.outbox import add
from sync_platform.sync.platform import Platform

TOPIC = "purchase.imported"


class Receiver:
    """A webhook on loopback that notes what it is sent, and answers as ``answer`` says by subject."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answer: Callable[[str], int] = lambda _: 204
        self.body = b""
        self.guard = threading.Lock()

    def subjects(self) -> list[str]:
        return [json.loads(body)["data"]["subject"] for body in self.bodies]

    def ids(self) -> list[int]:
        return [json.loads(body)["data"]["id"] for body in self.bodies]


@contextmanager
def served(receiver: Receiver) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.answer(json.loads(body)["data"]["subject"])
            with receiver.guard:
                receiver.bodies.append(body)
                receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
                receiver.paths.append(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(receiver.body)))
            self.end_headers()
            self.wfile.write(receiver.body)

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def put(platform: Platform, tenant: Tenant, *subjects: str, **payload: Any) -> list[int]:
    with platform.database.transaction(tenant.id) as conn:
        return [add(conn, tenant.id, TOPIC, one, {"lines": 2, **payload}, platform.clock()) for one in subjects]
