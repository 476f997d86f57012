"""Clinics of MX Merchant behind Dagster: their stand-in, their tenants, an instance, and who has no account there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform_tests.defs.world import SourceWorld
from sync_platform_tests.sync.syncing import calls_since

TABLES = ("payments", "invoices", "invoice_items")


@dataclass
class MxWorld(SourceWorld):
    """``tenants`` are all, with and without an account."""

    server: MxSandbox = field(kw_only=True)
    group = "mx_merchant"

    def launch(
        self, job: str, op: str, tags: Mapping[str, str] | None = None, **config: Any
    ) -> dg.ExecuteInProcessResult:
        """A job with one op."""
        return self.execute(job, tags, {"ops": {op: {"config": config}}})

    def calls(self) -> dict[str, int]:
        """Requests since the last time this was asked, by endpoint, as the stand-in counts them."""
        return calls_since(self.server.journal)

    def rows(self, tenant: str, statement: str, *values: Any) -> list[Any]:
        """Rows of a query under a tenant."""
        with self.platform.database.transaction(self.tenants[tenant].id) as conn:
            return conn.execute(statement, values or None).fetchall()  # type: ignore[arg-type]
