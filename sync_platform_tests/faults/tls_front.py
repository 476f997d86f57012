"""A stand-in behind https: what a reverse proxy with some certificate would be."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


class _Front(ThreadingHTTPServer):
    daemon_threads = True
    upstream = ""

    def handle_error(self, request, client_address) -> None:
        """A client that does not like the certificate goes away: that is what is tested."""


class _PassOn(BaseHTTPRequestHandler):
    server: _Front

    def do_GET(self) -> None:
        """Ask the stand-in the same."""
        upstream = HTTPConnection(self.server.upstream)
        upstream.request("GET", self.path, headers=dict(self.headers))
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        self.send_response_only(answer.status)
        for name in ("Date", "Content-Type"):
            self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def behind_tls(url: str, pem: Path) -> Iterator[str]:
    """The address of the stand-in at ``url`` under the certificate in ``pem``, by the name ``localhost``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    front = _Front(("127.0.0.1", 0), _PassOn)
    front.upstream = urlsplit(url).netloc
    # the handshake is the connection's own affair: in the listening thread one bad client would hold up all others
    front.socket = context.wrap_socket(front.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=front.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{front.server_address[1]}"
    finally:
        front.shutdown()
        front.server_close()
        thread.join(10)
