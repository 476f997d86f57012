"""Delivers notifications of a clinic, and looks at what became of them."""

from typing import Any

import msgspec

from sync_platform.db.webhooks import StoredEvent, stored_events
from sync_platform.sync.webhooks import Received, receive
from sync_platform_tests.sync.mx_merchant.clinic import Clinic

DATA = {
    "payments": "payment_id, status, type, amount, invoice_id, has_invoice, primary_product, category",
    "invoices": "invoice_id, status, balance, paid_amount, primary_product, category, raw_data::text",
    "invoice_items": "invoice_id, purchase_id, quantity, quantity_returned, total_amount, deleted_at",
}


def deliver(clinic: Clinic, token: str, body: dict[str, Any]) -> Received:
    """One body."""
    return receive(clinic.platform, token, msgspec.json.encode(body))


def events(clinic: Clinic) -> list[StoredEvent]:
    """All that is stored."""
    with clinic.platform.database.transaction(clinic.tenant.id) as conn:
        return stored_events(conn, clinic.tenant.id, limit=1000)


def audited(clinic: Clinic) -> list[str]:
    """Actions in the audit log."""
    with clinic.platform.database.transaction(clinic.tenant.id, "sp_audit") as conn:
        return [row[0] for row in conn.execute("select action from platform.audit_log order by id")]


def data(clinic: Clinic) -> dict[str, list[Any]]:
    """What the tables hold, without when and by which run it was written."""
    return {
        table: clinic.rows(f"select {names} from mx_merchant.{table} order by 1, 2") for table, names in DATA.items()
    }


def a_linked_sale(clinic: Clinic) -> int:
    """A sale with an invoice that was just made."""
    sale = clinic.merchant.add_sale()
    clinic.platform.clock.forward(1)  # type: ignore[attr-defined]
    return int(sale["id"])
