"""Records that cannot be loaded go to the quarantine, the rest is loaded, and a replay brings them back (SYS-08)."""

from typing import Any

from sync_platform.core.errors import TooManyRejects
from sync_platform.db.quarantine import QuarantineItem
from sync_platform.db.quarantine import items as quarantined
from sync_platform.sync.replay import replay
from sync_platform_tests.sync.mx_merchant.clinic import Clinic, report
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic


def items(clinic: Clinic, **values: Any) -> list[QuarantineItem]:
    return quarantined(clinic.platform.database, clinic.tenant.id, limit=100, **values)


def test_a_payment_that_cannot_be_loaded_does_not_stop_the_others_and_can_be_replayed(open_clinic: OpenClinic) -> None:
    """SYS-08, SYS-11."""
    clinic = open_clinic(payments=60, invoices=30, digit_references=0.0)
    payment = next(iter(clinic.merchant.links()))
    amount = clinic.merchant.payments.get(str(payment))["amount"]
    clinic.merchant.modify("payments", payment, amount="twelve")
    result = clinic.sync()
    assert (result.state, report(result).counters.quarantined) == ("succeeded", 1)
    assert report(result).counters.balanced
    [item] = items(clinic)
    assert (item.source, item.entity, item.source_id) == ("mx_merchant", "payments", str(payment))
    assert payment not in clinic.links()
    clinic.merchant.modify("payments", payment, amount=amount)
    done = replay(clinic.platform, clinic.tenant, [item], "test")
    assert (done.loaded, done.still_open) == ((item.id,), ())
    assert clinic.links() == clinic.merchant.links()


def test_a_detail_that_cannot_be_loaded_keeps_its_payment_linked_and_can_be_replayed(open_clinic: OpenClinic) -> None:
    """SYS-08: the list knows the invoice; its lines come with the replay."""
    clinic = open_clinic(payments=60, invoices=30, digit_references=0.0)
    invoice = next(
        i for i in clinic.merchant.links().values() if clinic.merchant.invoices.get(str(i))["purchases"]
    )  # fmt: skip
    purchases = clinic.merchant.invoices.get(str(invoice))["purchases"]
    clinic.merchant.modify("invoices", invoice, purchases=[purchases[0] | {"price": "dear"}])
    result = clinic.sync()
    assert (result.state, report(result, "invoices").counters.quarantined) == ("succeeded", 1)
    assert all(row.counters.balanced for row in result.reports)
    assert clinic.links() == clinic.merchant.links()
    [item] = items(clinic, entity="invoices")
    clinic.merchant.modify("invoices", invoice, purchases=purchases)
    assert replay(clinic.platform, clinic.tenant, [item], "test").loaded == (item.id,)
    found = clinic.rows("select count(*) from mx_merchant.invoice_items where invoice_id = %s", invoice)
    assert found == [(len(purchases),)]


def test_two_invoices_of_one_number_are_told_and_neither_is_guessed(open_clinic: OpenClinic) -> None:
    """MX-05: numbers are unique per merchant, as far as anybody knows."""
    clinic = open_clinic(payments=20, invoices=10, digit_references=0.0)
    clinic.sync()
    first, second = sorted(set(clinic.merchant.links().values()))[:2]
    number = clinic.merchant.invoices.get(str(first))["invoiceNumber"]
    clinic.merchant.modify("invoices", second, invoiceNumber=number)
    clinic.merchant.add_payment(text="9")  # has the list read
    clinic.platform.clock.forward(1)  # type: ignore[attr-defined]
    assert clinic.sync().finished
    [item] = items(clinic)
    assert (item.reason, item.source_id) == ("number_taken", str(second))
    assert clinic.links().items() >= {p: i for p, i in clinic.merchant.links().items() if i != second}.items()


def test_too_many_rejects_fail_the_run_and_the_next_one_reads_all_again(open_clinic: OpenClinic) -> None:
    """SYS-08."""
    clinic = open_clinic(payments=60, invoices=30, digit_references=0.0)
    broken = [record["id"] for record in clinic.merchant.truth("payments")][::6]
    before = {payment: clinic.merchant.payments.get(str(payment))["amount"] for payment in broken}
    for payment in broken:
        clinic.merchant.modify("payments", payment, amount="x")
    result = clinic.sync()
    assert (result.state, type(result.error)) == ("failed", TooManyRejects)
    for payment, amount in before.items():
        clinic.merchant.modify("payments", payment, amount=amount)
    assert clinic.sync().finished
    assert (clinic.links(), items(clinic)) == (clinic.merchant.links(), [])
