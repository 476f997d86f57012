"""Forms with a file while they come in: within limits, whatever is sent, and nothing is left of what is refused."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sync_platform.api.uploads import BESIDE_THE_FILE, MAX_FIELD_BYTES, MAX_PARTS
from sync_platform_tests.api.receiving import KIND, LIMIT, Receiver, form, part, sent, until_answered


@pytest.fixture
def receiver(tmp_path: Path) -> Receiver:
    return Receiver(tmp_path)


@pytest.fixture
def client(receiver: Receiver) -> Iterator[TestClient]:
    with TestClient(receiver.app) as client:
        yield client


@pytest.fixture
def port(receiver: Receiver) -> Iterator[int]:
    """The receiver behind a real server."""
    server = uvicorn.Server(uvicorn.Config(receiver.app, port=0, log_level="critical", lifespan="off"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield int(listening.getsockname()[1])
    server.should_exit = True
    thread.join()


def test_a_file_and_its_fields_come_in(receiver: Receiver, client: TestClient) -> None:
    """CSV-30: as common clients send them."""
    answer = client.post(
        "/", files={"file": ("march.csv", b"a,b\r\n1,2\r\n")}, data={"mode": "update", "batch_name": "März"}
    )
    assert answer.json() == {
        "name": "march.csv",
        "fields": {"mode": "update", "batch_name": "März"},
        "content": "a,b\r\n1,2\r\n",
    }
    assert len(receiver.left()) == 1


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    content=st.lists(
        st.sampled_from(
            [b"\r\n--b0undary", b"\r\n--b0undar", b"\r\n", b"--", b"\r", b"x", b"\x00\xff", b"--b0undary-"]
        ),
        max_size=40,
    ).map(b"".join),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=30),
)
def test_content_stays_as_it_is_wherever_it_is_cut(
    client: TestClient, receiver: Receiver, content: bytes, cuts: list[int]
) -> None:
    """Pieces of a boundary in the content, and pieces of the body that end anywhere; a whole boundary is an end."""
    if b"\r\n--b0undary" in b"\r\n" + content:
        content = content.replace(b"b0undary", b"b0undarY")
    body = form(part("file", content, '; filename="a.csv"'), part("mode", b"reject"))

    def pieces() -> Iterator[bytes]:
        at, turn = 0, 0
        while at < len(body):
            yield body[at : at + cuts[turn % len(cuts)]]
            at, turn = at + cuts[turn % len(cuts)], turn + 1

    answer = client.post("/", content=pieces(), headers=KIND)
    assert answer.status_code == 200
    assert answer.json()["content"].encode("latin-1") == content
    assert answer.json()["fields"] == {"mode": "reject"}


def test_a_file_of_the_limit_is_taken_and_one_byte_more_is_not(receiver: Receiver, client: TestClient) -> None:
    """CSV-14, F-50."""
    assert client.post("/", files={"file": ("a", b"x" * LIMIT)}).status_code == 200
    before = receiver.left()
    answer = client.post("/", files={"file": ("a", b"x" * (LIMIT + 1))})
    assert answer.status_code == 413
    assert "the limit is" in answer.json()["detail"]
    assert receiver.left() == before


def test_a_body_that_says_it_is_too_large_is_not_read(receiver: Receiver, port: int) -> None:
    """CSV-14: nothing of it is sent, and the answer is there."""
    answer = sent(port, [f"content-length: {LIMIT + BESIDE_THE_FILE + 1}"])
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert receiver.left() == []


def test_a_body_without_an_end_is_refused_at_the_limit(receiver: Receiver, port: int) -> None:
    """F-50: chunk after chunk; the sender is still talking when the answer comes."""
    start = part("file", b"", '; filename="a.csv"')[:-2]
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    sent(port, ["transfer-encoding: chunked"], b"%x\r\n%s\r\n" % (len(start), start), *[chunk] * 400)
    until_answered(receiver)
    assert receiver.statuses == [413]
    assert receiver.left() == []


@pytest.mark.parametrize("content", [b"x" * 1000, b""])
def test_a_body_that_breaks_off_leaves_nothing(receiver: Receiver, port: int, content: bytes) -> None:
    """F-50: its declared length is wrong, or the line went dead."""
    start = part("file", content, '; filename="a.csv"')
    sent(port, ["content-length: 100000"], start, close=True)
    until_answered(receiver)
    assert receiver.statuses == [400]
    assert receiver.left() == []


def test_a_sender_that_falls_silent_is_not_waited_for(receiver: Receiver, port: int) -> None:
    """F-45, F-50."""
    answer = sent(port, ["content-length: 100000"], part("file", b"x", '; filename="a.csv"'))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert receiver.left() == []


FILE = part("file", b"a,b\r\n", '; filename="a.csv"')


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (FILE, 400),  # no end
        (b"", 400),
        (b"--other--\r\n", 400),
        (form(part("mode", b"reject")), 400),
        (form(FILE, FILE), 400),
        (form(FILE, part("mode", b"a"), part("mode", b"b")), 400),
        (form(FILE, *[part(f"f{n}", b"x") for n in range(MAX_PARTS)]), 400),
        (form(FILE, part("mode", b"x" * (MAX_FIELD_BYTES + 1))), 413),
        (form(part("file", b"x", '; filename="a"\r\nX-Long: ' + "y" * 1_000_000)), 400),
        (form(part("file", b"x", '; filename="a"' + "\r\nX-Many: y" * 1000)), 400),
        (form(*[part(f"f{n}", b"", "\r\nX-Long: " + "y" * 60_000) for n in range(3)]), 400),
        (form(part("file", b"eA==", '; filename="a"\r\nContent-Transfer-Encoding: base64')), 400),
        (form(FILE, part("mode", b"\xff")), 400),
        (b'--b0undary\r\nContent-Disposition: attachment; name="file"\r\n\r\nx\r\n--b0undary--\r\n', 400),
        (b"--b0undary\r\n\r\nx\r\n--b0undary--\r\n", 400),
        (b"--b0undary\r\nno header\r\n\r\nx\r\n--b0undary--\r\n", 400),
    ],
)  # fmt: skip
def test_what_is_no_form_with_one_file_is_refused(
    receiver: Receiver, client: TestClient, body: bytes, status: int
) -> None:
    """CSV-14, F-50: and nothing is left of it."""
    assert client.post("/", content=body, headers=KIND).status_code == status
    assert receiver.left() == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 415),
        ("", 415),
        ("multipart/mixed; boundary=b0undary", 415),
        ("multipart/form-data", 400),
        (f"multipart/form-data; boundary={'b' * 71}", 400),
    ],
)
def test_what_is_not_declared_as_a_form_is_refused(client: TestClient, kind: str, status: int) -> None:
    """CSV-15."""
    assert client.post("/", content=form(FILE), headers={"content-type": kind}).status_code == status


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../../etc/x", "../../etc/x"),
        ("/etc/passwd", "/etc/passwd"),
        ("n" * 4000, "n" * 4000),
        ("\u202egpj.csv", "\u202egpj.csv"),
        ("CON", "CON"),
        ("a\x00b.csv", "a\x00b.csv"),
        ("", ""),
    ],
)
def test_a_name_is_text_and_never_a_path(receiver: Receiver, client: TestClient, name: str, told: str) -> None:
    """F-53: what is stored has a name of ours, in the one folder."""
    body = form(part("file", b"x", f'; filename="{name}"'))
    answer = client.post("/", content=body, headers=KIND)
    assert answer.json()["name"] == told
    [stored] = receiver.left()
    assert len(stored) == 32
    assert {entry.name for entry in receiver.folder.parent.iterdir()} == {"imports"}
