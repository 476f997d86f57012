"""A tenant in the middle of a cut-over: rows on both sides, the commands, and the ledger of promotions as a whole."""

import time
from dataclasses import dataclass, field
from typing import Any, LiteralString

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.promotions import PromotionRow, list_promotions
from sync_platform.db.tenants import add_tenant
from sync_platform.sync.comparison import compare
from sync_platform.sync.platform import Platform
from sync_platform_tests.faults.commands import Command
from sync_platform_tests.faults.stage import ZONE, Stage
from sync_platform_tests.sync.cut_over.sides import Sides

WHY = "the reports were wrong"
# other sessions in a transaction: the last statement of a dead process may be a commit that is still on its way
AT_WORK: LiteralString = (
    "select 1 from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"
    " and state <> 'idle' and pid <> pg_backend_pid()"
)
LedgerRows = list[tuple[Any, ...]]


@dataclass
class CutOver:
    """One tenant and one field. ``settings`` of the commands: small batches, and leases that are soon over."""

    stage: Stage
    tenant: Tenant
    field: str
    settings: dict[str, str] = field(
        default_factory=lambda: {"CUT_OVER__BATCH_ROWS": "75", "CUT_OVER__LEASE_SECONDS": "1"}
    )

    @property
    def sides(self) -> Sides:
        """Production and staging of the tenant."""
        return Sides(self.stage.database, self.tenant, self.stage.database_url)

    def start(self, kind: str, **settings: str) -> Command:
        """``promote`` or ``rollback`` of the field, started."""
        command = ("promote", "field") if kind == "promotion" else ("rollback",)
        options = ("--override", WHY) if kind == "promotion" else ()
        return self.stage.start(
            *command, self.field, "--tenant", self.tenant.slug, "--yes", *options, **(self.settings | settings)
        )

    def finish(self, kind: str) -> int:
        """The same command until it gets through: refused only while a dead process still has its lease."""
        for number in range(1, 100):
            command = self.start(kind)
            code = command.wait()
            if code == 0:
                return number
            assert code == 4, command.said()
            assert "is at work" in command.said()
            time.sleep(0.1)
        raise AssertionError(f"refused all the time: {command.said()}")

    def wait_for_the_dead(self) -> None:
        """Until the server has ended what a process that died had sent, and its lease is over by the server's clock."""
        with connect(self.stage.database_url) as watcher:
            while watcher.execute(AT_WORK).fetchone():
                time.sleep(0.02)
        while self.ask("select 1 from platform.promotions where state = 'running' and lease_until > clock_timestamp()"):
            time.sleep(0.05)

    def promotions(self) -> list[PromotionRow]:
        """The ledger of this field, oldest first."""
        table, _, name = self.field.partition(".")
        return list_promotions(self.stage.database, self.tenant.id, entity=table, field=name, limit=1000)[::-1]

    def rows(self, number: int) -> LedgerRows:
        """What a promotion or rollback wrote down, row by row."""
        return self.ask(
            "select key_1, key_2, before_value, after_value, fate from platform.promotion_rows"
            " where promotion_id = %s order by 1, 2",
            number,
        )

    def ask(self, statement: str, *values: object) -> LedgerRows:
        """Rows of a query, as the promoter of this tenant."""
        with self.stage.database.transaction(self.tenant.id, "sp_promoter") as conn:
            return conn.execute(statement, values).fetchall()  # type: ignore[call-overload, no-any-return]

    def compare(self) -> Platform:
        """Compare both sides; returns the use cases in this process."""
        platform = self.stage.platform()
        compare(platform, self.tenant, [self.field.partition(".")[0]], actor="test")
        return platform


def begin(stage: Stage, field: str, rows: int, different: int, **settings: str) -> CutOver:
    """``rows`` rows on both sides of a new tenant, ``different`` of them with another value of the field; compared."""
    tenant = add_tenant(stage.database, slug="alder", name="Alder", zone=ZONE, country="US")
    stage.tenants[tenant.slug] = tenant
    cut_over = CutOver(stage, tenant, field)
    cut_over.settings |= settings
    sides = cut_over.sides
    table, _, name = field.partition(".")
    if table == "transaction_items":
        staged = [
            {"transaction_id": f"t{n // 3:05}", "order_item_id": f"i{n % 3}", name: f"Mango {n}"} for n in range(rows)
        ]
        sides.staging("transactions", [{"transaction_id": f"t{n:05}"} for n in range(rows // 3 + 1)])
        sides.staging(table, staged)
        sides.production(table, [row | ({name: "Kiwi"} if n < different else {}) for n, row in enumerate(staged)])
    elif name == "rows":
        sides.customers(rows)
        sides.staging(table, [{"member_id": f"new{n:05}", "phone": f"+1666{n:07}"} for n in range(different)])
    elif name == "phone":
        sides.customers(rows, different)
    else:  # worked out from receipts, of which there are none
        staged = [{"member_id": f"m{n:05}"} for n in range(rows)]
        sides.staging(table, staged)
        sides.production(table, [row | {name: int(n < different)} for n, row in enumerate(staged)])
    cut_over.compare()
    return cut_over
