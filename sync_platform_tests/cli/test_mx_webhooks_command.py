"""``webhooks ...``: tokens, registrations, what was delivered (MX-20 to MX-24)."""

import re
from typing import Any

import msgspec
import pytest

from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_notifications import deliveries
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform
from sync_platform.sync.webhooks import Received, receive
from sync_platform_tests.cli.shell import Shell

HERE = "https://sync.example.org"


def delivered(token: str, body: dict[str, Any]) -> Received:
    """As the HTTP service takes it."""
    with open_platform(load_settings()) as platform:
        return receive(platform, token, msgspec.json.encode(body))


def test_a_token_is_shown_once_and_a_new_one_replaces_it(shell: Shell, mx_connected: str, clinic: Merchant):
    """MX-21."""
    first = shell("webhooks", "token", "new", "--tenant", mx_connected, "--json").data
    assert first["path"] == f"/webhooks/mx-merchant/{first['token']}"
    second = shell("webhooks", "token", "rotate", "--tenant", mx_connected)
    found = re.search(r"/webhooks/mx-merchant/(\S+)", second.out)
    assert found is not None
    one, two = deliveries(clinic)[:2]
    assert delivered(first["token"], one).outcome == "unknown"
    assert delivered(found[1], one).outcome == "stored"
    revoked = shell("webhooks", "token", "revoke", "--tenant", mx_connected, "--json")
    assert revoked.data == {"tenant": mx_connected, "revoked": 1}
    assert delivered(found[1], two).outcome == "unknown"
    later = shell("webhooks", "events", "--tenant", mx_connected, "--json")
    assert first["token"] not in later.everything
    assert found[1] not in revoked.everything + later.everything


def test_events_are_registered_shown_without_their_tokens_and_removed(
    shell: Shell, mx_connected: str, clinic: Merchant
):
    """MX-20: one call per event; a second registration replaces the first."""
    registered = shell("webhooks", "register", "--tenant", mx_connected, "--url", HERE, "--json")
    assert registered.code == 0, registered.err
    assert {one["event"] for one in registered.data} == {
        "PaymentSuccess", "PaymentFail", "RefundCreated", "Chargeback",
    }  # fmt: skip
    tokens = {known["callbackUrl"].rpartition("/")[2] for known in clinic.subscriptions}
    again = shell("webhooks", "register", "--tenant", mx_connected, "--url", HERE, "--event", "Chargeback", "--json")
    assert len(again.data) == 4
    (now,) = {known["callbackUrl"].rpartition("/")[2] for known in clinic.subscriptions}
    assert now not in tokens
    assert delivered(now, deliveries(clinic)[0]).outcome == "stored"
    shown = shell("webhooks", "list", "--tenant", mx_connected, "--url", HERE)
    tokens |= {known["callbackUrl"].rpartition("/")[2] for known in clinic.subscriptions}
    for outcome in (registered, again, shown):
        assert not [token for token in tokens if token in outcome.everything]
    gone = shell("webhooks", "remove", str(again.data[0]["id"]), "--tenant", mx_connected, "--json")
    assert gone.data["removed"] == 1
    nothing = shell("webhooks", "remove", "999", "--tenant", mx_connected)
    assert nothing.code == 2
    rest = shell("webhooks", "remove", "--url", HERE, "--tenant", mx_connected, "--json")
    assert rest.data["removed"] == 3
    assert shell("webhooks", "list", "--tenant", mx_connected, "--json").data == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("register", "--url", "http://sync.example.org"),
        ("register", "--url", HERE, "--event", "PaymentMaybe"),
        ("remove",),
        ("remove", "5", "--url", HERE),
        ("events", "--state", "lost"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error_and_changes_nothing(
    shell: Shell, mx_connected: str, clinic: Merchant, arguments: tuple[str, ...]
):
    """CLI-01: no token is made for a registration that cannot be."""
    assert shell("webhooks", *arguments, "--tenant", mx_connected).code == 2
    assert list(clinic.subscriptions) == []
    assert shell("webhooks", "token", "revoke", "--tenant", mx_connected, "--json").data["revoked"] == 0


def test_a_delivered_event_waits_until_it_is_handled(shell: Shell, mx_connected: str, clinic: Merchant):
    """MX-22, MX-23: the payment is read from the API, and the event says so."""
    token = shell("webhooks", "token", "new", "--tenant", mx_connected, "--json").data["token"]
    payment = int(clinic.add_sale()["id"])
    (body,) = deliveries(clinic, [payment])
    assert delivered(token, body).outcome == "stored"
    assert delivered(token, body).outcome == "repeated"
    (event,) = shell("webhooks", "events", "--tenant", mx_connected, "--state", "new", "--json").data
    assert event["subject"] == str(payment)
    assert "body" not in event
    done = shell("webhooks", "handle", "--tenant", mx_connected, "--json")
    assert done.code == 0, done.err
    assert (done.data["handled"], done.data["failed"], done.data["waiting"]) == (1, 0, 0)
    assert done.data["sync"]["runs"][0]["counters"]["inserted"] == 1
    shown = shell("webhooks", "events", "--tenant", mx_connected)
    assert "handled" in shown.out
    assert shell("webhooks", "handle", "--tenant", mx_connected).out == "no event waits\n"


def test_an_event_whose_payment_cannot_be_read_stays_and_the_exit_code_tells(
    shell: Shell, mx_connected: str, clinic: Merchant
):
    """F-46, CLI-01."""
    token = shell("webhooks", "token", "new", "--tenant", mx_connected, "--json").data["token"]
    (body, *_) = deliveries(clinic)
    assert delivered(token, {**body, "id": "4999999999999999"}).outcome == "stored"
    failed = shell("webhooks", "handle", "--tenant", mx_connected, "--json")
    assert (failed.data["handled"], failed.data["failed"]) == (0, 1)
    (event,) = shell("webhooks", "events", "--tenant", mx_connected, "--json").data
    assert (event["state"], event["tries"]) == ("failed", 1)


def test_an_unknown_tenant_is_named(shell: Shell):
    """CLI-01."""
    outcome = shell("webhooks", "list", "--tenant", "nobody")
    assert (outcome.code, "nobody" in outcome.err) == (2, True)
