"""The demonstration's clinics at MX Merchant: what they paid for, a notification, and categories (MX-08 to MX-24)."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import quote

from sync_platform.cli.stage import Stage
from sync_platform.cli.stand_in import ask_stand_in
from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.mx_spec import MxSpec
from sync_platform.sync.categories import apply_rules, try_rules
from sync_platform.sync.mx_events import handle_events
from sync_platform.sync.webhooks import new_token, receive
from sync_platform.transforms.categories import Rule

RULES = (
    Rule(1, "prefix", "Vitamin Drip", "Drips"),
    Rule(2, "contains", "panel", "Laboratory"),
    Rule(3, "regex", r"^(monthly|weight) plan\b", "Plans"),
    Rule(4, "exact", "Consultation", "Visits"),
    Rule(5, "exact", "Follow-up Visit", "Visits"),
)


@dataclass(frozen=True)
class Linked:
    """Payments of a clinic, and those that belong to an invoice: by the source and in the tables."""

    tenant: str
    payments: tuple[int, int]
    links: tuple[int, int]

    @property
    def same(self) -> bool:
        """Whether both are the same."""
        return self.payments[0] == self.payments[1] > 0 and self.links[0] == self.links[1] > 0


@dataclass
class Clinics:
    """What happened to the clinics. ``event`` is the state of the notification, ``product`` what its payment paid."""

    linked: list[Linked] = field(default_factory=list)
    event_tenant: str = ""
    event: str = ""
    event_calls: dict[str, int] = field(default_factory=dict)
    product: str = ""
    categories: dict[str, int] = field(default_factory=dict)
    moved: int = 0
    problems: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For ``--json``."""
        return {**vars(self), "linked": [asdict(one) | {"same": one.same} for one in self.linked]}

    def lines(self) -> list[str]:
        """For people."""
        found = ["", "Payments of the clinics and their invoices, by the source and in the tables:"]
        for one in self.linked:
            (payments, stored), (links, kept) = one.payments, one.links
            told = f"payments {payments:>5} {stored:>5}  with an invoice {links:>5} {kept:>5}"
            found.append(f"  {one.tenant:<18} {told}  {'same' if one.same else 'DIFFERENT'}")
        calls = ", ".join(f"{count} {endpoint}" for endpoint, count in self.event_calls.items())
        categories = ", ".join(f"{count} {category}" for category, count in self.categories.items())
        return [
            *found,
            f"Notification of a new sale at {self.event_tenant}: {self.event} with {calls}; it paid {self.product}",
            f"Categories of {self.event_tenant}: {self.moved} payments moved: {categories}",
        ]


def play_clinics(ready: Stage, url: str) -> Clinics:
    """Compare with the source, have a sale notified and handled, and put products into categories."""
    found = Clinics()
    tenants = ready.by_slug()
    for slug, spec in ready.clinics.items():
        found.linked.append(_linked(ready, tenants[slug], spec, url))
    found.problems += [f"{one.tenant}: the source and the tables differ" for one in found.linked if not one.same]
    slug, spec = next(iter(ready.clinics.items()))
    found.event_tenant = slug
    try:
        _notify(ready, tenants[slug], spec, url, found)
        _categorise(ready, tenants[slug], found)
    except SyncError as error:
        found.problems.append(f"{slug}: {error}")
    return found


def _linked(ready: Stage, tenant: Tenant, spec: MxSpec, url: str) -> Linked:
    shop = quote(spec.name)
    payments = ask_stand_in(f"{url}/_sandbox/truth?shop={shop}&entity=payments")
    links: dict[str, int] = ask_stand_in(f"{url}/_sandbox/links?shop={shop}")
    rows = dict(_rows(ready, tenant, "select payment_id::text, invoice_id from mx_merchant.payments"))
    same = sum(1 for payment, invoice in links.items() if rows.get(payment) == invoice)
    wrong = sum(1 for payment, invoice in rows.items() if invoice is not None and links.get(payment) != invoice)
    return Linked(tenant.slug, (len(payments), len(rows)), (len(links), same - wrong))


def _notify(ready: Stage, tenant: Tenant, spec: MxSpec, url: str, found: Clinics) -> None:
    """Somebody pays; the source tells of it; the payment is read and stored like any other."""
    change = {"shop": spec.name, "action": "sale"}
    (payment,) = ask_stand_in(f"{url}/_sandbox/change", change)["changed"]
    (body,) = ask_stand_in(f"{url}/_sandbox/deliveries?shop={quote(spec.name)}&payment={payment}")
    token = new_token(ready.platform, tenant, "demo")
    received = receive(ready.platform, token, json.dumps(body).encode())
    done = handle_events(ready.platform, tenant, "demo")
    states = dict(_rows(ready, tenant, "select id, state from platform.webhook_events"))
    found.event = states.get(received.event_id, received.outcome)
    if done.result:
        found.event_calls = {
            endpoint: sum(by.values()) for one in done.result.reports[:1] for endpoint, by in one.calls.items()
        }
    statement = "select primary_product from mx_merchant.payments where payment_id = %s"
    found.product = next((product or "" for (product,) in _rows(ready, tenant, statement, int(payment))), "")
    if (done.handled, found.event) != (1, "handled") or not found.product:
        found.problems.append(f"{tenant.slug}: the notified payment {payment} is not in the tables with its product")


def _categorise(ready: Stage, tenant: Tenant, found: Clinics) -> None:
    planned = sum(move.payments for move in try_rules(ready.platform, tenant, RULES))
    found.moved = apply_rules(ready.platform, tenant, RULES, "demo").payments
    statement = (
        "select category, count(*) from mx_merchant.payments where category is not null group by 1 order by 2 desc, 1"
    )
    found.categories = dict(_rows(ready, tenant, statement))
    if not found.moved or found.moved != planned:
        found.problems.append(f"{tenant.slug}: {planned} payments were to change category, {found.moved} did")


def _rows(ready: Stage, tenant: Tenant, statement: str, *values: Any) -> list[Any]:
    with ready.platform.database.transaction(tenant.id) as conn:
        return conn.execute(statement.encode(), values or None).fetchall()
