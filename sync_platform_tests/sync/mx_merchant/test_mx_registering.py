"""Which notifications the vendor is asked for, and that a token is shown to nobody (MX-20)."""

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform.sandbox.mx_notifications import notification
from sync_platform.sync.mx_notifications import (
    PATH,
    list_notifications,
    register_notifications,
    remove_notifications,
)
from sync_platform.sync.webhooks import PAYMENT_EVENTS
from sync_platform_tests.sync.mx_merchant.clinic import Clinic
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic
from sync_platform_tests.sync.mx_merchant.delivering import a_linked_sale, deliver

ADDRESS = "https://sync.example.org"


@pytest.fixture
def clinic(open_clinic: OpenClinic) -> Clinic:
    return open_clinic(payments=4, invoices=2)


def callbacks(clinic: Clinic) -> set[str]:
    return {subscription["callbackUrl"] for subscription in clinic.merchant.subscriptions}


def test_registering_asks_for_one_event_per_call(clinic: Clinic) -> None:
    """MX-20."""
    found = register_notifications(clinic.platform, clinic.tenant, ADDRESS + "/", "test")
    assert {one.event for one in found} == PAYMENT_EVENTS
    [callback] = callbacks(clinic)
    assert callback.startswith(ADDRESS + PATH)
    assert callback.removeprefix(ADDRESS + PATH) not in repr(found)


def test_registering_again_is_success_and_only_the_new_token_is_good(clinic: Clinic) -> None:
    """MX-20, MX-21."""
    register_notifications(clinic.platform, clinic.tenant, ADDRESS, "test")
    [old] = callbacks(clinic)
    register_notifications(clinic.platform, clinic.tenant, ADDRESS, "test")
    [new] = callbacks(clinic)
    assert len(clinic.merchant.subscriptions) == len(PAYMENT_EVENTS)
    body = notification(clinic.merchant, a_linked_sale(clinic), "PaymentSuccess")
    assert deliver(clinic, old.removeprefix(ADDRESS + PATH), body).status == 404
    assert deliver(clinic, new.removeprefix(ADDRESS + PATH), body).status == 200


def test_removing_takes_ours_and_leaves_those_of_others(clinic: Clinic) -> None:
    """MX-20."""
    clinic.merchant.subscriptions.append(
        {"id": 990, "eventType": "Deposit", "callbackUrl": "https://other.example/hook", "sendWebhook": True}
    )
    register_notifications(clinic.platform, clinic.tenant, ADDRESS, "test")
    assert remove_notifications(clinic.platform, clinic.tenant, ADDRESS, "test") == len(PAYMENT_EVENTS)
    left = list_notifications(clinic.platform, clinic.tenant, ADDRESS)
    assert [(one.id, one.ours) for one in left] == [(990, False)]


def test_an_address_without_tls_is_refused(clinic: Clinic) -> None:
    with pytest.raises(InvalidRequest, match="https"):
        register_notifications(clinic.platform, clinic.tenant, "http://sync.example.org", "test")
    assert clinic.calls() == {}
