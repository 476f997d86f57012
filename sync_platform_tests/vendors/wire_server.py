"""A raw TCP server on the loopback: what it sends, and how slowly, is in the test's hands."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Script = Callable[[socket.socket], None]


def head(*lines: str, status: str = "200 OK") -> bytes:
    """A response head for JSON, ending with the blank line."""
    return "\r\n".join([f"HTTP/1.1 {status}", "Content-Type: application/json", *lines, "", ""]).encode()


def reset(connection: socket.socket) -> None:
    """Ends the connection with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def serving(*scripts: Script, peek: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """The base URL, and the requests received. Each connection gets the next script; the last one stays.

    With ``peek`` the request is left for the script to read.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    received: list[bytes] = []
    stopped = threading.Event()
    left = list(scripts)
    workers: list[threading.Thread] = []

    def serve(connection: socket.socket, script: Script) -> None:
        with connection:
            connection.settimeout(30)
            try:
                received.append(connection.recv(65_536, socket.MSG_PEEK if peek else 0))
                script(connection)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if stopped.is_set():
                connection.close()
                return
            script = left.pop(0) if len(left) > 1 else left[0]
            workers.append(threading.Thread(target=serve, args=(connection, script), daemon=True))
            workers[-1].start()

    port = listener.getsockname()[1]
    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}", received
    finally:
        stopped.set()
        with socket.create_connection(("127.0.0.1", port)):
            pass
        listener.close()
        thread.join(10)
        for worker in workers:
            worker.join(10)
