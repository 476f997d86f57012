"""The command audit: entries, proof and anchors; exit code 1 with findings (SEC-30, CLI-01)."""

import psycopg

from sync_platform.db.audit import audit
from sync_platform.db.pool import Database
from sync_platform.db.tenants import find_tenant
from sync_platform_tests.cli.shell import Shell


def appended(database: Database, slug: str, entries: int) -> None:
    tenant = find_tenant(database, slug)
    with database.transaction(tenant.id) as conn:
        for number in range(entries):
            audit(conn, tenant.id, "user:1", "accept", f"difference {number}", {"id": number}, request_id="r-1")


def test_entries_are_listed_and_proved(shell: Shell, cedar: str, database: Database) -> None:
    """SEC-30: exit code 0 where all is well, also with anchors."""
    appended(database, cedar, 3)
    listed = shell("audit", "list", "--tenant", cedar, "--limit", "2", "--json").data
    assert [(entry["id"], entry["subject"]) for entry in listed] == [(3, "difference 2"), (2, "difference 1")]
    assert "difference 0" in shell("audit", "list", "--tenant", cedar, "--before", "2").out
    assert shell("audit", "list", "--platform", "--json").data == []
    anchored = shell("audit", "anchor", "--json")
    assert (anchored.code, [one["last_id"] for one in anchored.data["anchors"]]) == (0, [3])
    proved = shell("audit", "verify", "--json")
    assert (proved.code, proved.data) == (0, {"chains": 2, "entries": 3, "anchors": 1, "findings": []})
    assert "all as they were written" in shell("audit", "verify", "--tenant", cedar).out


def test_the_first_bad_entry_is_named(shell: Shell, cedar: str, database: Database, database_url: str) -> None:
    """SEC-30, F-68: exit code 1."""
    appended(database, cedar, 5)
    shell("audit", "anchor")
    with psycopg.connect(database_url) as conn:
        conn.execute("alter table platform.audit_log disable trigger user")
        conn.execute("delete from platform.audit_log where id >= 4")
        conn.execute(
            "update platform.audit_heads h set entries = 3, hash = e.hash from platform.audit_log e where e.id = 3"
        )
    found = shell("audit", "verify", "--tenant", cedar, "--json")
    assert found.code == 1
    assert [(one["chain"], one["entry"], one["kind"]) for one in found.data["findings"]] == [(cedar, 4, "missing")]
    assert "cedar: entry 4 is missing" in found.err
    assert shell("audit", "anchor").code == 1


def test_whose_entries_has_to_be_said(shell: Shell, cedar: str) -> None:
    """CLI-01: exit code 2."""
    assert shell("audit", "list").code == 2
    assert shell("audit", "list", "--tenant", cedar, "--platform").code == 2
    assert shell("audit", "verify", "--tenant", "nobody").code == 2
