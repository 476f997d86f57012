"""A backup restored into a new database, and the syncs since then done again, equals the original (OPS-09)."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import libpq_url
from sync_platform.db.embedded import _binaries
from sync_platform.db.pool import Database
from sync_platform.db.schema_check import check
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.audit import audit_refusal
from sync_platform.sync.audit_chain import anchor_audit, verify_audit
from sync_platform.sync.platform import Platform, call_budgets
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.syncing import sync_all

#: When and by whom a row was written, which a second sync does not repeat.
OF_THE_RUN = ["run_id", "first_seen_at", "last_seen_at", "last_changed_at"]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "deployment.md"


def programs(url: str) -> Path:
    """Where the server's own programs are: pg_restore of a newer version sets what an older server does not know."""
    with psycopg.connect(libpq_url(url)) as conn:
        row = conn.execute("select setting from pg_config where name = 'BINDIR'").fetchone()
    assert row is not None
    return Path(row[0]) if (Path(row[0]) / "pg_restore").exists() else _binaries()


def command(folder: Path, program: str, *arguments: str) -> None:
    """A program of PostgreSQL's, as the page writes it."""
    done = subprocess.run((str(folder / program), *arguments), check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def contents(url: str, *, without: list[str]) -> dict[str, Any]:
    """Number of rows and a hash of them, of every table of the platform, past row security."""
    with psycopg.connect(url) as conn:
        tables = conn.execute(
            "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where 'sp_owner'::regrole in (n.nspowner, c.relowner) and c.relkind = 'r' order by 1, 2"
        ).fetchall()
        return {
            f"{schema}.{table}": conn.execute(
                sql.SQL(
                    "select count(*), md5(string_agg(line, chr(10) order by line)) from"
                    " (select (to_jsonb(t) - %s::text[])::text as line from {} t) lines"
                ).format(sql.Identifier(schema, table)),
                (without,),
            ).fetchone()
            for schema, table in tables
        }


@pytest.mark.timeout(400)  # a whole database is made anew; on a busy machine that takes its time
def test_a_restored_backup_brought_up_to_date_equals_the_original(
    platform: Platform,
    owner: Tenant,
    shop: Shop,
    clock: TestClock,
    database_url: str,
    empty_database_url: str,
    tmp_path: Path,
) -> None:
    """OPS-09: data, ledger, keys and the audit chain with its anchors; then the same syncs on both."""
    restored_url = libpq_url(empty_database_url)
    sync_all(platform, owner)
    audit_refusal(platform, owner.id, "user:1", "access.refused", "promotions.run", {})
    anchor_audit(platform)
    dump = tmp_path / "tenants.dump"
    here = programs(database_url)
    command(here, "pg_dump", "--format=custom", f"--file={dump}", libpq_url(database_url))
    command(here, "pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={restored_url}", str(dump))
    assert contents(restored_url, without=[]) == contents(database_url, without=[])
    assert check(restored_url) == check(database_url)

    for member in shop.truth("members")[:5]:
        shop.publish("members", member | {"modified": shop.spec.now_ms + 1000, "firstName": "Changed"})
    clock.forward(60)
    with Database(restored_url, pool_size=4) as database:
        budgets = call_budgets(platform.settings, database, platform.keyring, lambda _: None)
        again = replace(platform, database=database, budgets=budgets)
        assert verify_audit(again).findings == ()
        for one in (platform, again):
            assert {result.state for result in sync_all(one, owner)} == {"succeeded"}
            audit_refusal(one, owner.id, "user:1", "access.refused", "promotions.run", {})
        assert verify_audit(again).findings == ()
    data = {
        table: told for table, told in contents(database_url, without=OF_THE_RUN).items() if table.startswith("blaze.")
    }
    assert data == {
        table: told for table, told in contents(restored_url, without=OF_THE_RUN).items() if table.startswith("blaze.")
    }
    assert data["blaze.customers"][0] > 0


def test_a_login_that_row_security_binds_cannot_make_half_a_backup(
    database_url: str, owner: Tenant, tmp_path: Path
) -> None:
    """OPS-09: pg_dump turns row security off and is refused; a dump without rows would be worse."""
    given = conninfo_to_dict(libpq_url(database_url))
    done = subprocess.run(
        (str(_binaries() / "pg_dump"), "--role=sp_owner", f"--file={tmp_path / 'x'}", libpq_url(database_url)),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "row-level security" in done.stderr
    assert str(given.get("password") or "no password") not in done.stderr


def test_the_page_has_the_commands_that_were_run_here() -> None:
    """OPS-09."""
    text = PAGE.read_text(encoding="utf-8")
    assert "pg_dump --format=custom --file=tenants.dump" in text
    assert "pg_restore --exit-on-error --single-transaction --dbname=" in text
