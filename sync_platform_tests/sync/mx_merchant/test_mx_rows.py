"""What is in the tables after a sync is what the source has, field by field (MX-04, MX-05, MX-09, MX-10)."""

from decimal import Decimal
from typing import Any

from sync_platform_tests.sync.mx_merchant.clinic import Clinic, report
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic


def amounts(clinic: Clinic) -> dict[int, tuple[Any, ...]]:
    found = clinic.rows("select payment_id, status, type, amount, invoice_reference from mx_merchant.payments")
    return {row[0]: row[1:] for row in found}


def test_every_payment_is_stored_whatever_its_type_and_status(open_clinic: OpenClinic) -> None:
    """MX-04; traps 1, 2 and 10."""
    clinic = open_clinic(payments=300, invoices=120, unpaid_invoices=30)
    assert clinic.sync().finished
    truth = {
        r["id"]: (r["status"], r["type"], Decimal(r["amount"]), r.get("invoice"))
        for r in clinic.merchant.truth("payments")
    }
    assert amounts(clinic) == truth
    assert any(amount < 0 for _, _, amount, _ in truth.values())


def test_what_a_later_record_leaves_out_stays_as_it_was(open_clinic: OpenClinic) -> None:
    """SYS-07, section 4 of the vendor's page: absent values are left out. The status is believed whatever it is."""
    clinic = open_clinic(payments=40, invoices=10)
    clinic.sync()
    read = "select settled_date, zone_assumed, customer_name, status from mx_merchant.payments where payment_id = %s"
    settled = next(record for record in clinic.merchant.truth("payments") if "settledDate" in record)
    [before] = clinic.rows(read, settled["id"])
    left_out = ("settledDate", "customerName")
    less = {name: value for name, value in settled.items() if name not in left_out} | {"status": "Chargedback"}
    clinic.merchant.publish("payments", less)
    clinic.sync()
    assert clinic.rows(read, settled["id"]) == [(*before[:3], "Chargedback")]
    assert before[:2] != (None, None)


def test_links_are_those_of_the_source_and_no_others(open_clinic: OpenClinic) -> None:
    """MX-05; traps 2 and 3: texts that are all digits prove nothing."""
    clinic = open_clinic(payments=300, invoices=120, digit_references=0.9)
    clinic.sync()
    assert clinic.links() == clinic.merchant.links()
    stray = clinic.rows(
        "select count(*) from mx_merchant.payments where invoice_number is not null and not has_invoice"
        " and primary_product is null and category is null"
    )
    assert stray[0][0] > 0


def test_the_lines_of_an_invoice_are_those_of_the_source(open_clinic: OpenClinic) -> None:
    """MX-09; trap 8."""
    clinic = open_clinic(payments=200, invoices=80)
    clinic.sync()
    read = set(clinic.merchant.links().values())
    truth = {
        (item["invoiceId"], item["id"]): (
            item["position"] + 1,
            item.get("productId"),
            Decimal(str(item["quantity"])),
            Decimal(item["totalAmount"]),
        )
        for item in clinic.merchant.truth("invoice_items")
        if item["invoiceId"] in read
    }
    found = clinic.rows(
        "select invoice_id, purchase_id, line_no, product_id, quantity, total_amount from mx_merchant.invoice_items"
    )
    assert {(row[0], row[1]): row[2:] for row in found} == truth


def test_the_detail_of_an_invoice_is_kept_without_what_is_never_kept(open_clinic: OpenClinic) -> None:
    """MX-09, SYS-13; trap 9."""
    clinic = open_clinic(payments=60, invoices=30)
    clinic.sync()
    details = clinic.rows("select raw_data, customer_name from mx_merchant.invoices where raw_data is not null")
    assert len(details) == 30
    for raw, customer in details:
        assert not {"barCode", "payments", "email", "billingAddress"} & set(raw)
        assert (raw["purchases"] is not None, raw["customer"]["name"]) == (True, customer)


def test_a_payment_has_the_product_of_the_dearest_line_that_was_not_returned(open_clinic: OpenClinic) -> None:
    """MX-10: recomputed from the stored lines by SQL."""
    clinic = open_clinic(payments=200, invoices=80)
    for invoice in list(set(clinic.merchant.links().values()))[:15]:
        if clinic.merchant.invoices.get(str(invoice))["purchases"]:
            clinic.merchant.return_line(invoice)
    clinic.sync()
    wrong = clinic.rows(
        """
        select p.payment_id from mx_merchant.payments p
        left join lateral (
            select i.product_id, i.product_name from mx_merchant.invoice_items i
            where i.invoice_id = p.invoice_id
              and not (coalesce(i.quantity_returned, 0) > 0 and i.quantity_returned >= coalesce(i.quantity, 0))
            order by i.total_amount desc nulls last, i.line_no limit 1
        ) best on true
        where (p.primary_product_id, p.primary_product) is distinct from (best.product_id, best.product_name)
           or (p.category is null) is distinct from (p.primary_product is null)
        """
    )
    assert wrong == []
    assert clinic.rows("select distinct category from mx_merchant.payments where category is not null") == [
        ("Uncategorized",)
    ]


def test_every_record_of_a_run_is_accounted_for(open_clinic: OpenClinic) -> None:
    """SYS-11: in all three ledger rows."""
    clinic = open_clinic(payments=250, invoices=110, unpaid_invoices=200)
    result = clinic.sync()
    assert [row.entity for row in result.reports] == ["payments", "invoices", "invoice_items"]
    assert all(row.counters.balanced and row.counters.fetched for row in result.reports)
    assert report(result).counters.inserted == 250
    stored = clinic.rows("select count(*) from mx_merchant.invoices")[0][0]
    assert report(result, "invoices").counters.inserted == stored


def test_the_same_number_at_another_merchant_never_links_across(open_clinic: OpenClinic) -> None:
    """MX-05, trap 4: two accounts of one tenant with equal invoice numbers."""
    first = open_clinic(name="oak-clinic", payments=40, invoices=20)
    second = open_clinic(first.tenant, name="elm-clinic", merchant_id=1000000002, seed=9, payments=60, invoices=10)
    result = first.sync()
    assert result.finished
    assert first.links() == first.merchant.links() | second.merchant.links()
    crossed = first.rows(
        "select count(*) from mx_merchant.payments p join mx_merchant.invoices i using (tenant_id, invoice_id)"
        " where p.merchant_id <> i.merchant_id"
    )
    assert crossed == [(0,)]
    shared = first.rows(
        "select count(*) from (select invoice_number from mx_merchant.invoices group by 1"
        " having count(distinct merchant_id) = 2) both_have"
    )
    assert shared[0][0] > 0
