"""Entries that were there before the chain become its beginning (SEC-30)."""

import shutil
from pathlib import Path
from uuid import UUID

import pytest

from sync_platform.db import sql_files
from sync_platform.db.connect import connect
from sync_platform.db.migrations import upgrade
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

TENANTS = (UUID(int=11), UUID(int=12))


@pytest.fixture
def before_the_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database_url: str) -> str:
    """A database of the release before, with entries of two tenants that take turns."""
    folder = tmp_path / "sql"
    shutil.copytree(sql_files.sql_root(), folder)
    for newer in sorted((folder / "migrations").glob("*.sql")):
        if newer.name >= "0011":
            newer.unlink()
    for repeated in ("functions", "views", "policies"):
        for file in (folder / repeated).glob("*.sql"):
            if file.name not in ("current_tenant.sql", "tenant_directory.sql", "tenant_isolation.sql"):
                file.unlink()
    with monkeypatch.context() as patched:
        patched.setattr(sql_files, "sql_root", lambda: folder)
        upgrade(empty_database_url)
    with connect(empty_database_url) as conn:
        for tenant in TENANTS:
            conn.execute(
                "insert into platform.tenants (id, slug, name, zone, country) values (%s, %s, 'A shop', 'UTC', 'US')",
                (tenant, f"shop-{tenant.int}"),
            )
        for number in range(30):
            conn.execute(
                "insert into platform.audit_log (tenant_id, actor, action, subject) values (%s, 'cli', 'accept', %s)",
                (TENANTS[number % 2], str(number)),
            )
    return empty_database_url


def test_entries_from_before_keep_their_order_and_are_chained(before_the_chain: str) -> None:
    """SEC-30: each tenant's entries are numbered from 1, and a new one goes on from the last."""
    upgrade(before_the_chain)
    with Database(before_the_chain, pool_size=1) as database:
        for first, tenant in enumerate(TENANTS):
            with database.transaction(tenant, "sp_web") as conn:
                conn.execute(
                    "insert into platform.audit_log (tenant_id, actor, action, subject)"
                    " values (%s, 'web', 'new', 'last')",
                    (tenant,),
                )
            with database.transaction(tenant, "sp_audit") as conn:
                rows = conn.execute("select id, subject from platform.audit_log order by id").fetchall()
                verdict = conn.execute(query("audit", "verify"), {"tenant": tenant, "filed": "[]"}).fetchone()
            subjects = [*(str(number) for number in range(first, 30, 2)), "last"]
            assert rows == [*enumerate(subjects, start=1)]
            assert verdict == (16, 0, None, None, None, None)
