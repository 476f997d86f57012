"""The invariants that hold after every case, whatever was broken (requirements, section 15).

I1 every run accounts for what it fetched. I2 no key twice. I3 the tables equal the source's truth. I4 no stored value
is lost to a null. I5 no other tenant is touched. I6 the ledger counted the calls that the source received. I7 the audit
log is what was written. I8 no secret and no person in what is shown. I9 no run is left running.
"""

from collections.abc import Callable, Iterable, Sequence

from psycopg import sql

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.sandbox.journal import Journal
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.audit_chain import check_chain
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.sync.truth import (
    KEYS,
    assert_accounted,
    assert_calls_match,
    assert_tables_equal_truth,
    calls_of,
    ledger,
    ledger_rows,
)

SHOWN = ("platform.sync_runs", "platform.schema_drift", "platform.sync_cursors", "platform.circuit_breakers")
LONGEST_LEASE = 180
FATES = ("inserted", "updated", "unchanged", "stale", "duplicate_in_batch", "quarantined")


def assert_invariants(
    stage: Stage,
    tenant: Tenant,
    shops: Sequence[Shop],
    journal: Journal,
    *,
    served: Callable[[str], bool] = lambda _: True,
    tables: Iterable[str] = tuple(KEYS),
    unsent: int = 0,
) -> None:
    """All of them, for one tenant and its shops. ``served`` tells by a shop's name whose requests the tenant made.

    ``unsent``: so many calls may have been counted that never arrived: their process was killed between the count and
    the first byte, or the proxy swallowed them.
    """
    assert_accounted(stage.database, tenant)  # I1, I9
    assert_no_key_twice(stage.database, tenant)  # I2
    assert_tables_equal_truth(stage.database, tenant, shops, tables)  # I3, and I4: the truth's values are all there
    assert_calls_counted(stage.database, tenant, journal, served, unsent)  # I6
    stage.bystander.assert_untouched()  # I5
    assert_audit_holds(stage)  # I7
    assert_nothing_shown(stage)  # I8


def of(shop: Shop) -> Callable[[str], bool]:
    """For ``served``: only this shop's requests."""
    return lambda name: name == shop.name


def assert_no_key_twice(database: Database, tenant: Tenant) -> None:
    """I2, asked of the tables themselves and not of their constraints."""
    with database.transaction(tenant.id) as conn:
        for table, keys in KEYS.items():
            statement = sql.SQL("select count(*) from (select 1 from {} group by {} having count(*) > 1) twice").format(
                sql.Identifier("blaze", table), sql.SQL(", ").join(map(sql.Identifier, keys))
            )
            assert conn.execute(statement).fetchone() == (0,), f"keys of {table} occur twice"


def assert_calls_counted(
    database: Database, tenant: Tenant, journal: Journal, served: Callable[[str], bool], unsent: int = 0
) -> None:
    """I6: endpoint by endpoint; where calls may not have arrived, never fewer and at most so many more."""
    runs = ledger(database, tenant)
    if not unsent:
        assert_calls_match(journal, runs, served)
        return
    received = sum(1 for entry in journal.entries() if served(entry.shop))
    assert received <= sum(run["api_calls"] for run in runs) <= received + unsent
    assert received <= sum(calls_of(runs).values()) <= received + unsent


def assert_ledger_tells_the_tables(database: Database, tenant: Tenant, table: str = "transactions") -> None:
    """SYS-09 at any moment, also right after a kill: rows, counters and position of a batch are there together.

    In one snapshot: what the dead process had sent may be committed while we look.
    """
    with database.transaction(tenant.id, one_snapshot=True) as conn:
        rows = conn.execute(sql.SQL("select count(*) from {}").format(sql.Identifier("blaze", table))).fetchone()
        runs = [run for run in ledger_rows(conn) if run["entity"] == table]
    assert rows == (sum(run["inserted"] for run in runs),), f"{table} and the ledger tell different numbers"
    for run in runs:
        assert run["fetched"] == sum(run[fate] for fate in FATES), run
        if run["state"] == "running":  # I9: whoever died is found out by the end of the lease
            assert (run["lease_until"] - run["started_at"]).total_seconds() < LONGEST_LEASE, run


def assert_audit_holds(stage: Stage) -> None:
    """I7: of every tenant, also of those whose process died while it appended."""
    for tenant in stage.tenants.values():
        with stage.database.transaction(tenant.id, "sp_audit") as conn:
            verdict = check_chain(conn, tenant.id, [])
        assert verdict.kind is None, verdict


def assert_nothing_shown(stage: Stage) -> None:
    """I8: keys and people are in no output, ledger row, cursor, drift or error."""
    shown = "\n".join([command.said() for command in stage.commands] + list(_shown_rows(stage)))
    for secret in _secrets(stage):
        assert secret not in shown, "a secret or a personal value is shown"


def _shown_rows(stage: Stage) -> Iterable[str]:
    for tenant in stage.tenants.values():
        with stage.database.transaction(tenant.id) as conn:
            for table in SHOWN:
                yield str(conn.execute(f"select * from {table}").fetchall())  # type: ignore[arg-type]


def _secrets(stage: Stage) -> set[str]:
    found = set(stage.secrets)
    for shop in stage.shops.values():
        found |= {shop.spec.partner_key, shop.spec.shop_key}
        for member in shop.truth("members"):
            address = member.get("address") or {}
            values = (member.get("email"), member.get("primaryPhone"), member.get("cpn"), address.get("address"))
            # what is shorter than that could be a part of any number
            found |= {value for value in values if isinstance(value, str) and len(value) > 6}
    return found
