"""What is delivered is stored once, or refused (MX-21, MX-22, MX-24; F-42, F-45)."""

import json

import msgspec
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.mx_notifications import notification
from sync_platform.sync.mx_events import handle_events
from sync_platform.sync.webhooks import MAX_BODY, new_token, receive, revoke_tokens, rotate_token
from sync_platform_tests.sync.mx_merchant.clinic import Clinic
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic
from sync_platform_tests.sync.mx_merchant.delivering import a_linked_sale, audited, deliver, events


@pytest.fixture
def clinic(open_clinic: OpenClinic) -> Clinic:
    return open_clinic(payments=12, invoices=6, digit_references=0.0)


def test_a_body_of_another_merchant_is_refused_kept_and_audited(clinic: Clinic) -> None:
    """MX-24, F-42."""
    token = new_token(clinic.platform, clinic.tenant, "test")
    body = notification(clinic.merchant, a_linked_sale(clinic), "PaymentSuccess") | {"merchantId": "1000000099"}
    assert deliver(clinic, token, body).status == 404
    assert [event.state for event in events(clinic)] == ["refused"]
    assert "webhooks.refused" in audited(clinic)
    assert handle_events(clinic.platform, clinic.tenant, "test").result is None
    assert clinic.calls() == {}


def test_unknown_revoked_and_foreign_tokens_store_nothing(clinic: Clinic, tenant: Tenant) -> None:
    """MX-21, F-42."""
    body = notification(clinic.merchant, a_linked_sale(clinic), "PaymentSuccess")
    old = new_token(clinic.platform, clinic.tenant, "test")
    good = rotate_token(clinic.platform, clinic.tenant, "test")
    foreign = new_token(clinic.platform, tenant, "test")
    mixed = good[:21] + foreign[21:]
    for token in (old, foreign, mixed, "", "x" * 64, good[:-4], good + "====", "/" * 64, "ä" * 40, good.swapcase()):
        assert deliver(clinic, token, body).status == 404, token
    assert (events(clinic), "webhooks.revoked_token" in audited(clinic)) == ([], True)
    assert deliver(clinic, good, body).status == 200
    assert revoke_tokens(clinic.platform, clinic.tenant, "test") == 1
    assert deliver(clinic, good, body | {"dba": "x"}).status == 404


def test_a_token_is_256_random_bits_of_which_only_a_hash_is_stored(clinic: Clinic) -> None:
    """MX-21, SEC-22."""
    tokens = {new_token(clinic.platform, clinic.tenant, "test") for _ in range(20)}
    assert len({token[22:] for token in tokens}) == 20
    stored = clinic.rows("select e::text from platform.webhook_endpoints e")
    assert not any(token in row[0] for row in stored for token in tokens)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"1", b"{", b'{"a": 1}', b'{"a": {"b": "c"}}', b"[" * 30_000, b'{"a":' * 10_000, b'{"a": true}',
     b"\xff\xfe", json.dumps({str(n): "" for n in range(300)}).encode()],
)  # fmt: skip
def test_what_is_no_object_of_texts_is_refused(clinic: Clinic, body: bytes) -> None:
    """MX-22, F-45."""
    token = new_token(clinic.platform, clinic.tenant, "test")
    assert receive(clinic.platform, token, body).status == 400
    assert events(clinic) == []


def test_a_body_of_64_kib_is_taken_and_one_byte_more_is_not(clinic: Clinic) -> None:
    """MX-22, F-45."""
    token = new_token(clinic.platform, clinic.tenant, "test")
    body = notification(clinic.merchant, a_linked_sale(clinic), "PaymentSuccess")
    whole = msgspec.json.encode(body | {"customFields": ""})
    fits = msgspec.json.encode(body | {"customFields": "x" * (MAX_BODY - len(whole))})
    assert receive(clinic.platform, token, fits).status == 200
    assert receive(clinic.platform, token, fits + b" ").status == 413


def test_what_postgresql_cannot_hold_is_stored_all_the_same(clinic: Clinic) -> None:
    """MX-22, SYS-21."""
    token = new_token(clinic.platform, clinic.tenant, "test")
    body = notification(clinic.merchant, a_linked_sale(clinic), "PaymentSuccess")
    assert deliver(clinic, token, body | {"customer": "a\x00b", "bad\x00name": ""}).status == 200


def test_other_events_are_kept_and_cost_no_call(clinic: Clinic) -> None:
    token = new_token(clinic.platform, clinic.tenant, "test")
    body = notification(clinic.merchant, a_linked_sale(clinic), "PaymentSuccess") | {"eventType": "Deposit"}
    assert deliver(clinic, token, body).status == 200
    assert handle_events(clinic.platform, clinic.tenant, "test").result is None
    assert [event.state for event in events(clinic)] == ["handled"]
