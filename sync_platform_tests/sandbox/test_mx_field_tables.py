"""SBX-04: every record of MX Merchant, in each form, checked against field tables written down apart from the code."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sync_platform.sandbox.mx_books import Books
from sync_platform.sandbox.mx_changes import MxChanges
from sync_platform.sandbox.mx_contracts import contracts
from sync_platform.sandbox.mx_merchant import build_merchant
from sync_platform.sandbox.mx_world import mx_demo_specs
from sync_platform_tests.sandbox.mx_clinic import CLINIC_DAY

WRITTEN = json.loads(Path(__file__).with_name("mx_fields.json").read_text())
PATTERNS = {
    "money": r"-?(0|[1-9]\d*)(\.\d{0,2}[1-9])?",
    "utc": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,2}[1-9])?Z",
    "local": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,2}[1-9])?",
}
KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "big": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def fields(table: str) -> dict[str, list[str]]:
    """A table, with those it builds on."""
    own = dict(WRITTEN[table])
    found = dict(fields(own.pop("+"))) if "+" in own else {}
    for name in own.pop("-", ()):
        del found[name]
    return found | own


TABLES = {name: fields(name) for name in WRITTEN}


def faults_of(table: str, record: dict[str, Any], where: str = "") -> Iterator[str]:
    """Everything in a record that the tables do not allow."""
    where = where or table
    yield from (f"{where}.{name} is not documented" for name in record.keys() - TABLES[table].keys())
    for name, (kind, presence) in TABLES[table].items():
        if name not in record:
            if presence == "always":
                yield f"{where}.{name} is absent"
            continue
        value = record[name]
        if kind.endswith("[]"):
            for number, part in enumerate(value):
                yield from faults_of(kind[:-2], part, f"{where}.{name}[{number}]")
        elif kind in TABLES:
            yield from faults_of(kind, value, f"{where}.{name}")
        elif kind in PATTERNS:
            if not isinstance(value, str) or not re.fullmatch(PATTERNS[kind], value):
                yield f"{where}.{name} is {value!r}, not {kind}"
        elif not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean"):
            yield f"{where}.{name} is {value!r}, not {kind}"
        elif kind == "big" and value <= 2**31:
            yield f"{where}.{name} is {value}, which fits into 32 bits"


@pytest.fixture(scope="module")
def world() -> list[Books]:
    """The two clinics of the demonstration, changed as well."""
    merchants = [build_merchant(spec) for spec in mx_demo_specs(CLINIC_DAY)]
    for merchant in merchants:
        MxChanges(merchant, 3).apply(120)
    return list(merchants)


def forms(world: list[Books], table: str) -> list[dict[str, Any]]:
    """All records as the vendor shows them."""
    found = []
    for merchant in world:
        payments, invoices = merchant.payments.ids(), merchant.invoices.ids()
        if table == "Payment":
            found += merchant.truth("payments")
        elif table == "PaymentDetail":
            found += [merchant.payment_detail(key) for key in payments]
        elif table == "Invoice":
            found += map(json.loads, merchant.invoice_rows(merchant.invoices.bodies()))
        elif table == "InvoiceDetail":
            found += [merchant.invoice_detail(key) for key in invoices]
        else:
            found += contracts(merchant)
    return found


@pytest.mark.parametrize("table", ["Payment", "PaymentDetail", "Invoice", "InvoiceDetail", "Contract"])
def test_every_record_has_the_documented_fields_and_types(world: list[Books], table: str) -> None:
    """SBX-04."""
    records = forms(world, table)
    assert len(records) >= 40
    assert [fault for record in records for fault in faults_of(table, record)] == []
    optional = {name for name, (_, presence) in TABLES[table].items() if presence == "sometimes"}
    shown = {name: sum(name in record for record in records) for name in optional}
    assert [name for name, count in shown.items() if not 0 < count < len(records)] == []


def test_nothing_is_null(world: list[Books]) -> None:
    """SBX-04: absent values are left out."""
    for table in ("Payment", "PaymentDetail", "Invoice", "InvoiceDetail"):
        assert b":null" not in json.dumps(forms(world, table), separators=(",", ":")).encode()


def test_days_of_invoices_are_local_midnights(world: list[Books]) -> None:
    """SBX-04, SYS-02: on both sides of a clock change."""
    offsets = set()
    for merchant in world:
        for invoice in merchant.truth("invoices"):
            for name in ("invoiceDate", "dueDate"):
                local = datetime.fromisoformat(invoice[name]).astimezone(merchant.spec.tz)
                assert (local.hour, local.minute, local.second) == (0, 0, 0)
                offsets.add(local.utcoffset())
    assert len(offsets) == 3


def test_the_checker_itself_sees_wrong_records(world: list[Books]) -> None:
    record = world[0].truth("payments")[0]
    wrong = record | {"amount": "10.50", "id": 7, "authOnly": 0, "settledDate": "2026-01-01T00:00:00Z", "x": 1}
    del wrong["status"]
    assert {fault.split()[0] for fault in faults_of("Payment", wrong)} == {
        "Payment.amount",
        "Payment.id",
        "Payment.authOnly",
        "Payment.settledDate",
        "Payment.x",
        "Payment.status",
    }
