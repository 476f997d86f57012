"""A tenant's category rules as a run uses them: read in each transaction, so no batch goes by old ones (MX-11)."""

from typing import Any
from uuid import UUID

from psycopg import Connection

from sync_platform.db.queries import query
from sync_platform.transforms.categories import CategoryRules, Rule


def stored_rules(conn: Connection[Any], tenant_id: UUID) -> tuple[Rule, ...]:
    """In their order."""
    rows = conn.execute(query("mx_merchant", "category_rules"), {"tenant": tenant_id})
    return tuple(Rule(*row) for row in rows)


class Categories:
    """Names that were looked at before are remembered: a tenant has few products and many payments.

    ``slow`` are the positions of rules that took too long for a name and did not count for it.
    """

    def __init__(self) -> None:
        self._rules: CategoryRules | None = None
        self._known: dict[str, str] = {}
        self.slow: set[int] = set()

    def refresh(self, conn: Connection[Any], tenant_id: UUID) -> None:
        """Read the rules. The caller holds the lock of the payments' table, which whoever changes rules takes too."""
        rules = stored_rules(conn, tenant_id)
        if self._rules is None or self._rules.rules != rules:
            self._rules, self._known = CategoryRules(rules), {}

    def of(self, product: str | None) -> str | None:
        """The category of a product; none without a product (MX-10)."""
        if product is None:
            return None
        if product not in self._known:
            assert self._rules is not None
            found = self._rules.category_of(product)
            self._known[product] = found.category
            self.slow.update(found.timed_out)
        return self._known[product]
