"""The dispatcher of the outbox: where messages go, what they hold, how they are signed (CSV-19)."""

import base64
import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from sync_platform.core.errors import ConfigurationError
from sync_platform.core.tenant import Tenant
from sync_platform.sync import outbox
from sync_platform.sync.outbox import Sent, deliver_all, follow
from sync_platform.sync.platform import Platform
from sync_platform.vendors.webhook import verified
from sync_platform_tests.sync.conftest import NOW, MakePlatform, TestClock
from sync_platform_tests.sync.importing import OPTIONS, do_import, load_references, purchase_file
from sync_platform_tests.sync.webhook_receiver import TOPIC, Receiver, put, served

KEY = b"invented key of tests, not used"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def hooked(receiver: Receiver, make_platform: MakePlatform) -> Iterator[Platform]:
    with served(receiver) as url:
        yield make_platform(imports={"outbox_url": f"{url}/hooks/purchases?room=7"})


def test_messages_arrive_once_with_their_ids_and_without_a_signature(
    hooked: Platform, receiver: Receiver, tenant: Tenant, other_tenant: Tenant
):
    """CSV-19: of all tenants."""
    ids = put(hooked, tenant, "T1", "T2") + put(hooked, other_tenant, "T1")
    assert deliver_all(hooked) == Sent(delivered=3)
    assert sorted(receiver.ids()) == ids
    assert {headers["webhook-id"] for headers in receiver.headers} == {f"msg_{number}" for number in ids}
    assert set(receiver.paths) == {"/hooks/purchases?room=7"}
    assert not any("webhook-signature" in headers for headers in receiver.headers)
    [body] = [json.loads(body) for body in receiver.bodies if json.loads(body)["data"]["id"] == ids[0]]
    assert body == {
        "type": TOPIC,
        "timestamp": NOW.isoformat().replace("+00:00", "Z"),
        "data": {"lines": 2, "id": ids[0], "tenant": tenant.slug, "subject": "T1"},
    }
    assert deliver_all(hooked) == Sent()


def test_messages_are_signed_as_standard_webhooks_says(
    hooked: Platform, receiver: Receiver, tenant: Tenant, make_platform: MakePlatform
):
    """CSV-19: and no word of the secret is shown."""
    url = hooked.settings.imports.outbox_url
    signing = make_platform(imports={"outbox_url": url, "outbox_secret": SecretStr(SECRET)})
    put(signing, tenant, "T1")
    deliver_all(signing)
    assert verified(KEY, receiver.headers[0], receiver.bodies[0])
    assert not verified(KEY, receiver.headers[0], receiver.bodies[0] + b" ")
    assert not verified(b"another key" * 3, receiver.headers[0], receiver.bodies[0])
    shown = json.dumps(signing.settings.shown(), default=str) + repr(signing.settings)
    assert SECRET[6:] not in shown


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_a_delivery_whatever_it_says(hooked: Platform, receiver: Receiver, tenant: Tenant, status: int):
    """CSV-19: receivers answer with pages, words or nothing."""
    receiver.answer = lambda _: status
    receiver.body = b"" if status == 204 else b"<html>thanks</html>"
    put(hooked, tenant, "T1")
    assert deliver_all(hooked) == Sent(delivered=1)


def test_without_an_address_messages_are_lines_of_a_file(platform: Platform, tenant: Tenant, clock: TestClock):
    """CSV-19: one file per day, for its owner only."""
    ids = put(platform, tenant, "T1", "T2", "T1")
    assert deliver_all(platform) == Sent(delivered=3)
    clock.now += timedelta(days=1)
    ids += put(platform, tenant, "T3")
    deliver_all(platform)
    files = sorted((platform.settings.data_dir / "outbox").iterdir())
    assert [file.name for file in files] == ["2026-11-20.jsonl", "2026-11-21.jsonl"]
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert [line["data"]["id"] for line in lines] == ids
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_file_that_cannot_be_written_is_tried_again(platform: Platform, tenant: Tenant, clock: TestClock):
    """F-47: something that cannot be written lies in the place of the file."""
    folder = platform.settings.data_dir / "outbox"
    folder.mkdir()
    put(platform, tenant, "T1", "T2")
    (folder / "2026-11-20.jsonl").mkdir()
    assert deliver_all(platform) == Sent(failed=2)
    (folder / "2026-11-20.jsonl").rmdir()
    clock.forward(5)
    assert deliver_all(platform) == Sent(delivered=2)
    assert len((folder / "2026-11-20.jsonl").read_text().splitlines()) == 2


def test_a_body_that_is_too_large_says_so_instead(hooked: Platform, receiver: Receiver, tenant: Tenant):
    """CSV-19: it stays below 64 KiB."""
    put(hooked, tenant, "T1", note="x" * 70_000)
    assert deliver_all(hooked) == Sent(delivered=1)
    assert json.loads(receiver.bodies[0])["data"]["too_large"] is True
    assert len(receiver.bodies[0]) < outbox.MAX_BODY


def test_a_message_about_a_purchase_holds_nothing_of_a_person(platform: Platform, tenant: Tenant, clock: TestClock):
    """CSV-19: which purchase, how many lines, by which import."""
    load_references(platform.database, tenant)
    do_import(platform, tenant, purchase_file(20), OPTIONS)
    clock.now = datetime.now(UTC) + timedelta(minutes=1)  # the database has its own
    deliver_all(platform)
    [file] = (platform.settings.data_dir / "outbox").iterdir()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines
    allowed = {"id", "tenant", "subject", "change", "purchase_id", "transaction_number", "lines", "batch_id"}
    assert {name for line in lines for name in line["data"]} == allowed


@pytest.mark.parametrize(
    "values",
    [
        {"outbox_url": "http://hooks.example.org/x"},
        {"outbox_url": "https://user:canary@hooks.example.org/x"},
        {"outbox_url": "canary"},
        {"outbox_url": "https://[canary"},
        {"outbox_url": "https://hooks.example.org/x", "outbox_secret": SecretStr("canary")},
        {"outbox_url": "https://hooks.example.org/x", "outbox_secret": SecretStr("whsec_Y2FuYXJ5")},
    ],
)
def test_a_target_that_cannot_be_used_is_refused_and_nothing_is_taken(
    make_platform: MakePlatform, tenant: Tenant, values: dict[str, Any]
):
    """CSV-19, SEC-22: the message does not repeat what may be secret."""
    platform = make_platform(imports=values)
    put(platform, tenant, "T1")
    with pytest.raises(ConfigurationError) as refused:
        deliver_all(platform)
    assert "canary" not in str(refused.value)
    with platform.database.transaction(tenant.id) as conn:
        assert conn.execute("select tries from platform.outbox").fetchall() == [(0,)]


def test_following_delivers_until_it_is_stopped(platform: Platform, tenant: Tenant):
    """CSV-19."""
    put(platform, tenant, "T1")
    passes: list[Sent] = []

    def on_pass(sent: Sent) -> None:
        passes.append(sent)
        platform.stopping.set()

    follow(platform, on_pass)
    assert passes == [Sent(delivered=1)]
    platform.stopping.clear()
