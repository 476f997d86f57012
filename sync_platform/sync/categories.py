"""A tenant's rules for categories: looked at, tried out, replaced, and what a person may want to add (MX-11, MX-13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import audit
from sync_platform.db.merge import wait_for_writers
from sync_platform.db.mx_tables import INVOICES, PAYMENTS
from sync_platform.db.queries import query
from sync_platform.sync.mx_categories import stored_rules
from sync_platform.sync.platform import Platform
from sync_platform.transforms.categories import UNCATEGORIZED, CategoryRules, Rule
from sync_platform.transforms.category_suggestions import Suggestion, suggestions

BATCH_ROWS = 5_000


@dataclass(frozen=True)
class Move:
    """What rules do to the rows of one product that have the category ``before`` now."""

    product: str
    before: str | None
    after: str
    payments: int
    invoices: int


@dataclass(frozen=True)
class Recategorised:
    """Rows that have another category now."""

    payments: int
    invoices: int


def list_rules(platform: Platform, tenant: Tenant) -> tuple[Rule, ...]:
    """In their order; the first that fits wins."""
    return platform.database.run(lambda conn: stored_rules(conn, tenant.id), tenant.id)


def try_rules(platform: Platform, tenant: Tenant, rules: Sequence[Rule] | None = None) -> list[Move]:
    """Which rows would move where under these rules, or under the stored ones; nothing is written.

    Raises InvalidRequest, naming the rule, for one that cannot be used.
    """
    if rules is None:
        rules = list_rules(platform, tenant)
    compiled = CategoryRules(rules)
    found = platform.database.run(lambda conn: _products(conn, tenant), tenant.id)
    moves = [
        Move(product, before, compiled.category_of(product).category, payments, invoices)
        for product, before, payments, invoices in found
    ]
    return [move for move in moves if move.before != move.after]


def apply_rules(platform: Platform, tenant: Tenant, rules: Sequence[Rule], actor: str) -> Recategorised:
    """Replace the tenant's rules by these, and put the rows that are stored into their new categories.

    Rules change at once; syncs that are under way write by the old ones until then and by the new ones from then on.
    Raises InvalidRequest, naming the rule, for one that cannot be used; nothing is changed then.
    """
    ordered = CategoryRules(rules).rules

    def replace(conn: Connection[Any]) -> None:
        wait_for_writers(conn, tenant.id, PAYMENTS)
        conn.execute(query("mx_merchant", "forget_category_rules"), {"tenant": tenant.id})
        values = {
            "tenant": tenant.id,
            "actor": actor,
            "positions": [rule.position for rule in ordered],
            "kinds": [rule.kind for rule in ordered],
            "patterns": [rule.pattern for rule in ordered],
            "categories": [rule.category for rule in ordered],
        }
        conn.execute(query("mx_merchant", "add_category_rules"), values)
        audit(conn, tenant.id, actor, "categories.apply", "product_categories", {"rules": len(ordered)})

    platform.database.run(replace, tenant.id)
    return recategorise(platform, tenant)


def recategorise(platform: Platform, tenant: Tenant, size: int = BATCH_ROWS) -> Recategorised:
    """Put stored rows into the categories of the stored rules, ``size`` rows at a time. Safe to stop and repeat."""
    moved = {"categorise_payments": 0, "categorise_invoices": 0}
    for statement, target in (("categorise_invoices", INVOICES), ("categorise_payments", PAYMENTS)):

        def slice_of(conn: Connection[Any], name: str = statement, of: Any = target) -> int:
            wait_for_writers(conn, tenant.id, of)
            compiled = CategoryRules(stored_rules(conn, tenant.id))
            products = sorted({row[0] for row in _products(conn, tenant)})
            categories = [compiled.category_of(product).category for product in products]
            values = {"tenant": tenant.id, "products": products, "categories": categories, "size": size}
            return conn.execute(query("mx_merchant", name), values).rowcount

        while written := platform.database.run(slice_of, tenant.id):
            moved[statement] += written
            if platform.stopping.is_set():
                break
    return Recategorised(moved["categorise_payments"], moved["categorise_invoices"])


def suggest(platform: Platform, tenant: Tenant, count: int = 3) -> dict[str, list[Suggestion]]:
    """For each product without a category the most similar ones that have one; for a person to decide (MX-13)."""
    found = platform.database.run(lambda conn: _products(conn, tenant), tenant.id)
    named = {product: category for product, category, *_ in found if category not in (None, UNCATEGORIZED)}
    return suggestions((product for product, *_ in found if product not in named), named, count)


def _products(conn: Connection[Any], tenant: Tenant) -> list[Any]:
    return conn.execute(query("mx_merchant", "products"), {"tenant": tenant.id}).fetchall()
