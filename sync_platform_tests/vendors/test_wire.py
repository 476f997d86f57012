"""The client on real connections: time, size and resets. Limits are small here; no test asserts how long it took."""

import gzip
import random
import resource
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sync_platform.core.errors import ConfigurationError, ContractBroken, VendorTimeout, VendorUnavailable
from sync_platform.vendors.http import HttpLimits
from sync_platform_tests.vendors.vendor_rig import Rig, make_rig
from sync_platform_tests.vendors.wire_server import head, reset, serving

WHOLE = head("Content-Length: 11") + b'{"ok":true}'
MIB = 1024 * 1024


def whole(connection: socket.socket) -> None:
    connection.sendall(WHOLE)


def real_rig(base_url: str, **limits: Any) -> Rig:
    """A client on the real transport and the real clock; only the pauses between tries are left out."""
    return make_rig(
        lambda _: pytest.fail("not this transport"),
        base_url=base_url,
        allowed_hosts=frozenset({"127.0.0.1"}),
        limits=HttpLimits(**({"first_byte_timeout": 5.0, "answer_timeout": 5.0, "backoff_base": 0.0} | limits)),
        clock=time.monotonic,
        sleep=lambda seconds: None,
        wall_clock=lambda: datetime.now(UTC),
        rng=random.Random(1),
        transport=None,
    )


def dripping(start: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    """Sends ``start`` and then a drop every 50 ms: no single read ever takes long."""

    def script(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(drop)
            time.sleep(0.05)

    return script


def stalling(start: bytes) -> Callable[[socket.socket], None]:
    """Sends ``start`` and then nothing until the client hangs up."""

    def script(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.recv(1)

    return script


def half_and_reset(connection: socket.socket) -> None:
    connection.sendall(head("Content-Length: 100") + b'{"a"')
    reset(connection)


@pytest.mark.parametrize(
    "script",
    [
        stalling(b""),
        stalling(head("Content-Length: 100") + b'{"a":'),
        dripping(head("Content-Length: 100000"), b" "),
        dripping(head("Transfer-Encoding: chunked"), b"1\r\n \r\n"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        dripping(b"", b"H"),
    ],
    ids=["no first byte", "stalled body", "dripping body", "dripping chunks", "dripping headers", "dripping status"],
)
def test_a_slow_answer_ends_at_the_limit_and_is_tried_again(script: Callable[[socket.socket], None]) -> None:
    """HTTP-02, F-30: dripping never exceeds the limit of a single read, and is cut off all the same."""
    with serving(script, whole) as (url, received):
        rig = real_rig(url, first_byte_timeout=0.4, answer_timeout=0.4)
        assert rig.get().body == b'{"ok":true}'
        rig.http.close()
    assert [status for _, status, _ in rig.observed] == ["timeout", "200"]
    assert len(received) == 2


def test_an_answer_that_stays_slow_is_a_timeout() -> None:
    """HTTP-05: the caller may ask for less."""
    with serving(stalling(b"")) as (url, _):
        rig = real_rig(url, first_byte_timeout=0.2, answer_timeout=0.2)
        with pytest.raises(VendorTimeout):
            rig.get(decode=bytes, timeout_tries=2)
        rig.http.close()
    assert len(rig.observed) == 2


def test_an_answer_just_within_the_limit_is_taken() -> None:
    """F-30: slow is not too slow."""

    def script(connection: socket.socket) -> None:
        time.sleep(0.3)
        connection.sendall(WHOLE)

    with serving(script) as (url, _):
        rig = real_rig(url, first_byte_timeout=20.0, answer_timeout=20.0)
        assert rig.get().status == 200
        rig.http.close()
    assert len(rig.observed) == 1


@pytest.mark.parametrize(
    "script",
    [
        reset,
        lambda connection: connection.close(),
        half_and_reset,
        lambda connection: connection.sendall(head("Content-Length: 100") + b'{"a"'),
        lambda connection: connection.sendall(head("Transfer-Encoding: chunked") + b"5\r\n{"),
        lambda connection: connection.sendall(b"\x16\x03\x01 not http\r\n\r\n"),
        lambda connection: connection.sendall(
            head("Content-Encoding: gzip", "Content-Length: 5", "Connection: close") + gzip.compress(b"{}")[:5]
        ),
        lambda connection: connection.sendall(head("Connection: close") + b'{"ok":'),
    ],
    ids=["reset", "closed", "reset in body", "short body", "short chunk", "not http", "short gzip", "no length"],
)
def test_a_broken_connection_is_tried_again(script: Callable[[socket.socket], Any]) -> None:
    """HTTP-04, F-32, F-25: before, during and after the answer."""

    def decode(body: bytes) -> bytes:
        if not body.endswith(b"}"):
            raise ContractBroken("truncated")
        return body

    with serving(script, whole) as (url, received):
        rig = real_rig(url)
        assert rig.get(decode=decode).value == b'{"ok":true}'
        rig.http.close()
    assert len(received) == 2
    assert rig.breaker.reports == [False, True]


def test_nobody_there_is_an_outage() -> None:
    """HTTP-04."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    rig = real_rig(f"http://127.0.0.1:{port}")
    with pytest.raises(VendorUnavailable, match="no connection"):
        rig.get()
    assert [status for _, status, _ in rig.observed] == ["transport"] * 6


def bomb(mebibytes: int) -> bytes:
    """A small gzip stream that inflates to a large one."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b"\0" * MIB) for _ in range(mebibytes)) + packer.flush()


def test_a_gzip_bomb_is_refused_early_without_filling_the_memory() -> None:
    """HTTP-02, F-31: 1 GiB in 1 MiB of gzip members, refused at 50 MiB, asked for once."""
    packed = bomb(128) * 8
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with serving(lambda c: c.sendall(head("Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed)) as (
        url,
        _,
    ):
        rig = real_rig(url, first_byte_timeout=30.0, answer_timeout=60.0)
        with pytest.raises(ContractBroken, match="larger than"):
            rig.get()
        rig.http.close()
    assert len(rig.observed) == 1
    assert rig.observed[0][2] <= 51 * MIB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80 * 1024


@pytest.mark.parametrize("declared", [True, False])
def test_an_oversized_answer_is_refused(declared: bool) -> None:
    """HTTP-02, F-31: by its declared length at once, else at the first byte too many."""

    def script(connection: socket.socket) -> None:
        connection.sendall(head(f"Content-Length: {200 * MIB}" if declared else "Connection: close"))
        for _ in range(200):
            connection.sendall(b" " * MIB)

    with serving(script) as (url, _):
        rig = real_rig(url, max_bytes=3 * MIB)
        with pytest.raises(ContractBroken, match="larger than"):
            rig.get()
        rig.http.close()
    assert len(rig.observed) == 1
    assert rig.observed[0][2] <= (0 if declared else 4 * MIB)


def test_a_redirect_to_another_server_sends_nothing_there() -> None:
    """F-33: the keys do not leave."""
    with serving(whole) as (other, stolen):
        redirect = head(f"Location: {other}/v1/things", "Content-Length: 0", status="307 Temporary Redirect")
        with serving(lambda c: c.sendall(redirect)) as (url, received):
            rig = real_rig(url)
            with pytest.raises(ContractBroken, match="redirect"):
                rig.get()
            rig.http.close()
    assert stolen in ([], [b""])
    assert b"shop-canary-2" in received[0]


def test_connections_are_used_again_and_each_thread_has_its_own_deadline() -> None:
    """A prefetching thread and its consumer may both call."""

    def script(connection: socket.socket) -> None:
        while True:
            connection.sendall(WHOLE)
            if not connection.recv(65_536):
                return

    with serving(script) as (url, received):
        rig = real_rig(url)
        for _ in range(5):
            rig.get()
        assert len(received) == 1
        threads = [threading.Thread(target=rig.get) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        rig.http.close()
    assert [status for _, status, _ in rig.observed] == ["200"] * 9


def test_an_insecure_tls_context_is_refused() -> None:
    """HTTP-01, F-34: there is no way to switch verification off."""
    tls = ssl.create_default_context()
    tls.check_hostname = False
    with pytest.raises(ConfigurationError, match="TLS"):
        make_rig(lambda _: pytest.fail("no call"), transport=None, tls=tls)
