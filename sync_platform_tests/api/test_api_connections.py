"""What only shows on a real port: bodies that do not end, clients that take their time, and a stop."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import httpx
import pytest

from sync_platform.sync.audit import read_audit
from sync_platform_tests.api.listening import heard, listening

KIB = 1024


@pytest.fixture
def live(make_platform):
    """The service on a port of loopback, with patience for two seconds."""
    generous = {"writes_per_minute": 100_000, "reads_per_minute": 100_000}
    with listening(make_platform(api={"slow_seconds": 2.0, **generous})) as live:
        yield live


def problem_in(answer: bytes, status: int):
    """The body of an answer as it came, which has to be a problem."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer[:300]
    assert b"content-type: application/problem+json" in head.lower()
    found = json.loads(body)
    assert found["status"] == status
    assert set(found) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}
    return found


def head_of(token, *lines, path="/rooms"):
    headers = [f"POST {path} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in token.items()), *lines, "", ""]
    return "\r\n".join(headers).encode()


def test_a_body_above_the_limit_is_refused_however_it_is_declared(live, token, platform):
    """F-50, API-06: by its declared length, by what comes in pieces, and pieces without end; audited (SEC-31)."""
    who = token("config.update")
    declared = head_of(who, "Content-Type: application/json", f"Content-Length: {300 * KIB}")
    chunked = head_of(who, "Content-Type: application/json", "Transfer-Encoding: chunked")
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with live.line() as line:
        line.sendall(declared + b"x" * KIB)
        problem_in(heard(line), 413)
    with live.line() as line:
        sender = threading.Thread(target=send_endlessly, args=(line, chunked, piece))
        sender.start()
        problem_in(heard(line), 413)
        line.close()
        sender.join(20)
    assert not live.rooms.kept
    assert {entry.action for entry in audited(platform)} == {"request.too_large"}


def audited(platform):
    with platform.database.transaction() as conn:
        (tenant,) = conn.execute("select id from platform.tenant_directory() where slug = 'alder'").fetchone()
    until = time.monotonic() + 10
    while not (found := read_audit(platform, tenant, action="request.")) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def send_endlessly(line, head, piece):
    try:
        line.sendall(head)
        while True:
            line.sendall(piece)
    except OSError:
        pass


def test_nobody_uploads_before_he_is_let_in(live):
    """SEC-01, F-50: without a good token the body is not read."""
    with live.line() as line:
        line.sendall(head_of({}, "Content-Type: application/json", f"Content-Length: {200 * KIB}") + b"{")
        problem_in(heard(line), 401)


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /rooms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_what_is_no_request_is_refused(live, request_):
    """API-02, F-50."""
    with live.line() as line:
        line.sendall(request_)
        answer = heard(line)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 401 "))
    problem_in(answer, int(answer[9:12]))


def test_headers_above_the_limit_are_refused(live):
    """F-50: a megabyte in one header, in many, or in the path."""
    for start, unit in (
        (b"GET /health HTTP/1.1\r\nX-Long: ", b"x" * KIB),
        (b"GET /health HTTP/1.1\r\n", b"X-Many: " + b"x" * 100 + b"\r\n"),
        (b"GET /", b"x" * KIB),
    ):
        with live.line() as line:
            sender = threading.Thread(target=send_endlessly, args=(line, start, unit * 16))
            sender.start()
            answer = heard(line)
            line.close()
            sender.join(20)
        # a reset may take the words with it; that nothing is read on is what counts
        if answer:
            problem_in(answer, 431)
    assert httpx.get(f"{live.url}/health", headers={"X-Some": "x" * 20 * KIB}).status_code == 200


def test_a_hundred_slow_clients_hold_nobody_up_and_are_ended(live, token):
    """F-52: half a header each, and half a body each; other requests go on, and the slow ones are closed."""
    who = token("config.update", "config.read")
    half_head = b"GET /rooms/1 HTTP/1.1\r\nHost: x\r\nX-Slow: "
    half_body = head_of(who, "Content-Type: application/json", "Content-Length: 100") + b"{"
    with ExitStack() as stack, httpx.Client(base_url=live.url, headers=who, timeout=30) as client:
        lines = [stack.enter_context(live.line()) for _ in range(100)]
        for n, line in enumerate(lines):
            with suppress(OSError):  # on a busy machine the first ones are ended before the last ones begin
                line.sendall(half_head if n % 2 else half_body)
        assert [client.get("/rooms/1").status_code for _ in range(20)] == [200] * 20
        for line in lines:
            if answer := heard(line):
                problem_in(answer, 408)
    assert not live.rooms.kept


def test_a_body_that_comes_steadily_may_take_longer(live, token):
    """F-52: a slow line is no attack."""
    who = token("config.update")
    size = 4 * 8 * KIB
    with live.line() as line:
        line.sendall(head_of(who, f"Content-Length: {size}", "Connection: close", path="/swallow"))
        for _ in range(4):
            line.sendall(b"x" * 8 * KIB)
            time.sleep(0.7)
        answer = heard(line)
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"bytes": size}


def test_a_client_that_does_not_read_its_answer_is_ended(live, token):
    """F-52: slow read."""
    who = token("config.update")
    with live.line() as line:
        line.sendall(head_of(who, path="/endless").replace(b"POST", b"GET"))
        assert line.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert live.rooms.ended.wait(30)
    assert httpx.get(f"{live.url}/health").status_code == 200


def test_above_the_number_of_connections_a_slow_one_makes_room(make_platform):
    """F-52."""
    with listening(make_platform(api={"max_connections": 10, "slow_seconds": 60})) as live, ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(live.line()).sendall(b"GET /health HTTP/1.1\r\nX-Slow: ")
        for _ in range(3):
            assert httpx.get(f"{live.url}/health", timeout=30).status_code == 200


def test_webhooks_and_events_are_served_when_all_threads_are_busy(make_platform, token):
    """MX-22, CRM-11: threads of their own are kept for them."""
    with listening(make_platform(api={"threads": 2, "fast_threads": 1})) as live, ThreadPoolExecutor(3) as pool:
        who = token("config.update", "events.write")
        busy = [pool.submit(httpx.post, f"{live.url}/held", headers=who, timeout=30) for _ in range(3)]
        assert live.rooms.entered.wait(20)
        with httpx.Client(base_url=live.url, headers=who, timeout=10) as client:
            assert client.post("/quick").json() == {"quick": True}
            assert client.get("/health").status_code == 200
            assert client.get("/ready").status_code == 200
        live.rooms.open.set()
        assert [answer.result().json() for answer in busy] == [{"opened": True}] * 3


def test_a_stop_finishes_what_was_begun(make_platform, token):
    """F-04: the port closes at once, and the request that is served gets its answer."""
    platform = make_platform()
    with listening(platform) as live, ThreadPoolExecutor(2) as pool:
        held = pool.submit(httpx.post, f"{live.url}/held", headers=token("config.update"), timeout=30)
        assert live.rooms.entered.wait(20)
        stop = pool.submit(live.stop)
        assert platform.stopping.wait(20)
        assert closed(f"{live.url}/health")
        live.rooms.open.set()
        assert held.result().json() == {"opened": True}
        stop.result()


def closed(url):
    """Whether nobody answers any more, soon."""
    for _ in range(100):
        try:
            httpx.get(url)
        except httpx.TransportError:
            return True
        time.sleep(0.1)
    return False


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(live, token):
    """API-02."""
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{live.url}/cut", headers=token("config.update"))
