"""``compare crm`` as a person uses it (CMP-18)."""

import csv
from pathlib import Path

import pytest

from sync_platform.db.pool import Database
from sync_platform.db.tenants import find_tenant
from sync_platform_tests.cli.shell import Shell

PEOPLE = 40


@pytest.fixture
def club(cedar: str, database: Database) -> str:
    """Forty members, each with a package that is still good."""
    tenant = find_tenant(database, cedar)
    with database.transaction(tenant.id) as conn:
        for number in range(PEOPLE):
            values = (tenant.id, f"p-{number:02}", f"hash-{number:02}")
            conn.execute("insert into crm.profiles (tenant_id, profile_id) values (%s, %s)", values[:2])
            conn.execute(
                "insert into crm.customer_mapping (tenant_id, profile_id, stable_hash_id, method, score, state, actor)"
                " values (%s, %s, %s, 'manual', 1, 'confirmed', 'test')",
                values,
            )
            conn.execute(
                "insert into crm.packages (tenant_id, profile_id, stable_hash_id, crm_package_id, customer_name,"
                " package_name, expiration_date, remaining_hours, content_hash, first_seen_at, last_seen_at,"
                " last_changed_at, run_id) values (%s, %s, %s, %s, 'Canary Wren', 'Silver', '2999-01-01', 6.5,"
                " gen_random_uuid(), now(), now(), now(), 1)",
                (*values, f"k-{number:02}"),
            )
    return cedar


def export(folder: Path, **changes: str) -> str:
    """The job's rows; the first one changed."""
    file = folder / "packages.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        written = csv.writer(out)
        written.writerow(
            ["profile_id", "crm_package_id", "name", "customer_name", "expiration_date", "remaining_hours"]
        )
        for number in range(PEOPLE):
            row = {"name": "Silver", "customer": "Canary Wren", "expires": "2999-01-01", "hours": "6.5"}
            written.writerow([f"p-{number:02}", f"k-{number:02}", *(row | (changes if number == 0 else {})).values()])
    return str(file)


def test_packages_are_compared_and_the_figures_looked_into(shell: Shell, club: str, tmp_path: Path) -> None:
    """CMP-18, CLI-03: counts, gate, pairs masked where they are personal, history."""
    file = export(tmp_path, hours="0", customer="Other Canary")
    arguments = ("compare", "crm", "--tenant", club, "--file", file, "--column", "package_name=name")
    done = shell(*arguments)
    assert done.code == 0, done.err
    assert "the gate is open" in done.out
    assert "not in the old job" in done.out
    found = shell(*arguments, "--json").data
    fields = {one["field"]: one for one in found["fields"]}
    assert (found["passed"], found["matched"], fields["package_name"]["equal"]) == (True, PEOPLE, PEOPLE)
    assert fields["remaining_hours"]["percent"] == "2.5"
    (pair,) = shell("compare", "pairs", "packages.remaining_hours", "--tenant", club, "--json").data
    assert (pair["existing"], pair["rows"]) == ("0.0000", 1)
    names = shell("compare", "pairs", "packages.customer_name", "--tenant", club)
    assert "Canary" not in names.everything
    assert len(shell("compare", "history", "packages.pax", "--tenant", club, "--json").data) == 2
    accepted = shell(
        "compare",
        "accept",
        "packages.remaining_hours",
        "--tenant",
        club,
        "--reason",
        "used today",
        "--key",
        "p-00/k-00",
    )
    assert accepted.code == 0, accepted.err
    fields = {one["field"]: one for one in shell(*arguments, "--json").data["fields"]}
    assert (fields["remaining_hours"]["different"], fields["remaining_hours"]["accepted"]) == (0, 1)


def test_rows_that_cannot_be_read_close_the_gate_and_packages_are_never_promoted(
    shell: Shell, club: str, tmp_path: Path
) -> None:
    """CLI-01, CMP-18."""
    file = export(tmp_path, expires="31 December", customer="Canary Wren")
    done = shell("compare", "crm", "--tenant", club, "--file", file, "--column", "package_name=name")
    assert done.code == 3
    assert "the gate is closed" in done.out
    assert "expiration_date" in done.out
    assert "Canary" not in done.everything
    assert shell("compare", "crm", "--tenant", club, "--file", file, "--column", "package_name").code == 2
    assert shell("compare", "crm", "--tenant", club).code == 2
    assert shell("promote", "field", "packages.package_name", "--tenant", club, "--yes").code == 2
