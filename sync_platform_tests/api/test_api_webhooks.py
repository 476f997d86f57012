"""What sources deliver over HTTP: stored once, answered alike, refused without a word too many (MX-21, MX-22, F-40)."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvicorn
from httpx import Response

from sync_platform.api.routes import webhooks
from sync_platform.db.credentials import set_credential
from sync_platform.db.webhooks import StoredEvent, stored_events
from sync_platform.sync.audit import read_audit
from sync_platform.sync.webhooks import MAX_BODY, new_token, rotate_token
from sync_platform_tests.api.conftest import ProblemOf, Service

MERCHANT = "1000000001"
BODY = {"eventType": "PaymentSuccess", "merchantId": MERCHANT, "id": "42", "amount": "12.00"}


@pytest.fixture
def good(service: Service) -> str:
    """A token of a tenant with a merchant."""
    set_credential(
        service.platform.database,
        service.platform.keyring,
        service.tenant.id,
        source="mx_merchant",
        environment="sandbox",
        account=MERCHANT,
        secrets={"consumer_key": "invented", "consumer_secret": "invented"},
        settings={"base_url": "http://127.0.0.1:9"},
    )
    return new_token(service.platform, service.tenant, "test")


def deliver(service: Service, token: str, body: Any = BODY, source: str = "mx-merchant") -> Response:
    """One body; what is no text of bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer: Response = service.client.post(f"/webhooks/{source}/{token}", content=content)
    return answer


def stored(service: Service) -> list[StoredEvent]:
    """All that is stored for the tenant."""
    with service.platform.database.transaction(service.tenant.id) as conn:
        return stored_events(conn, service.tenant.id, limit=1000)


def audited(service: Service) -> list[tuple[str, str | None, str | None]]:
    """Action, request id and address of what was audited, newest first."""
    entries = read_audit(service.platform, service.tenant.id)
    return [(entry.action, entry.request_id, entry.address) for entry in entries]


def test_a_delivery_is_stored_once_however_often_it_comes(service: Service, good: str) -> None:
    """MX-22, F-40: many at once; each is answered alike."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: deliver(service, good), range(50)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, '{"received":true}')}
    assert [(event.state, event.subject) for event in stored(service)] == [("new", "42")]


def test_unknown_sources_and_tokens_are_answered_alike(service: Service, good: str, problem: ProblemOf) -> None:
    """MX-21, F-42, SEC-23: nobody finds out what there is."""
    foreign = new_token(service.platform, service.other_tenant, "test")
    old, now = good, rotate_token(service.platform, service.tenant, "test")
    refused = [
        deliver(service, "x" * 64),
        deliver(service, old),
        deliver(service, now[:21] + foreign[21:]),
        deliver(service, now, source="blaze"),
        deliver(service, now, source="nobody"),
        deliver(service, now, BODY | {"merchantId": "1000000099"}),
    ]
    bodies = [problem(answer, 404) for answer in refused]
    assert len({(body["type"], body["title"], body["detail"], body["instance"]) for body in bodies}) == 1
    assert [event.state for event in stored(service)] == ["refused"]
    actions = {action for action, *_ in audited(service)}
    assert {"webhooks.revoked_token", "webhooks.refused"} <= actions


def test_a_token_is_in_no_answer_and_no_log(service: Service, good: str, capsys: pytest.CaptureFixture[str]) -> None:
    """MX-21, SEC-22: the log has the template of the route."""
    answers = [deliver(service, good), deliver(service, good, b"{"), deliver(service, "y" * 64)]
    answers.append(service.client.get(f"/webhooks/mx-merchant/{good}"))
    answers.append(service.client.post(f"/webhooks/mx-merchant/{good}/more"))
    written = capsys.readouterr()
    for secret in (good, "y" * 64):
        assert not any(secret in answer.text for answer in answers)
        assert secret not in written.out + written.err
    assert "/webhooks/{source}/{token}" in written.out + written.err


def test_a_body_of_64_kib_is_taken_and_one_byte_more_is_not(service: Service, good: str, problem: ProblemOf) -> None:
    """MX-22, F-45, SEC-31: also where it says before how long it is, or not at all."""
    frame = len(json.dumps(BODY | {"note": ""}))
    fits = json.dumps(BODY | {"note": "x" * (MAX_BODY - frame)}).encode()
    assert deliver(service, good, fits).status_code == 200
    problem(deliver(service, good, fits + b" "), 413)
    url = f"/webhooks/mx-merchant/{good}"
    problem(service.client.post(url, content=iter([b"x" * 4096] * 1000)), 413)
    problem(service.client.post("/webhooks/mx-merchant/nobody", content=b"x" * 2_000_000), 413)
    assert len(stored(service)) == 1
    assert [action for action, *_ in audited(service)][:2] == ["webhooks.refused"] * 2


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"a": 1}', b"[" * 60_000, b'{"a":' * 10_000, b"\xff\xfe", b'{"a": {"b": "c"}}']
)
def test_what_is_no_object_of_texts_is_refused(service: Service, good: str, problem: ProblemOf, body: bytes) -> None:
    """MX-22, F-45, SEC-31: audited with who sent it."""
    answer = deliver(service, good, body)
    problem(answer, 400)
    problem(deliver(service, "x" * 64, body), 404)
    assert stored(service) == []
    assert audited(service)[0] == ("webhooks.refused", answer.headers["x-request-id"], "192.0.2.7")


@pytest.fixture
def port(service: Service) -> Iterator[int]:
    """The service behind a real server."""
    server = uvicorn.Server(uvicorn.Config(service.app, port=0, log_level="critical", lifespan="off"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield int(listening.getsockname()[1])
    server.should_exit = True
    thread.join()


def test_a_body_that_comes_too_slowly_is_not_waited_for(
    service: Service, good: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-45: byte by byte counts as slow, not only silence; nothing is stored."""
    monkeypatch.setattr(webhooks, "PATIENCE", 0.3)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        head = f"POST /webhooks/mx-merchant/{good} HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n"
        connection.sendall(head.encode())
        answer = b""
        connection.settimeout(0.05)
        until = time.monotonic() + 10
        while not answer and time.monotonic() < until:
            connection.sendall(b" ")
            try:
                answer = connection.recv(100)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert stored(service) == []
