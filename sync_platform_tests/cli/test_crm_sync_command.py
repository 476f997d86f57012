"""``sync crm`` as a person uses it: real database, real HTTP."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_platform.sandbox.crm_project import CrmProject, build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.crm_spec import CrmSpec
from sync_platform.sandbox.faults import Fault
from sync_platform_tests.cli.shell import Shell

KEY = "canary-crm-key-3c"


@pytest.fixture
def project() -> CrmProject:
    return build_crm(
        CrmSpec(
            name="club", seed=4, customers=30, packages_each=2, api_key=KEY, public_key="canary-public-key",
            family_share=0, twin_share=0, no_phone_share=0,
        )
    )  # fmt: skip


@pytest.fixture
def vendor(project: CrmProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[CrmSandbox]:
    """The club at a stand-in that answers as fast as it can."""
    monkeypatch.setenv("SYNC_PLATFORM_CRM__CALLS_PER_SECOND", "1000")
    monkeypatch.setenv("SYNC_PLATFORM_CRM__BATCH_PAUSE_SECONDS", "0")
    with CrmSandbox([project]) as server:
        yield server


@pytest.fixture
def connected(shell: Shell, cedar: str, vendor: CrmSandbox, project: CrmProject, tmp_path: Path) -> str:
    """A tenant with the club's key, and profiles of all its customers."""
    done = shell(
        "credential", "set", "--tenant", cedar, "--source", "crm", "--environment", "sandbox", "--account", "club",
        "--setting", f"base_url={vendor.url}", "--setting", "country=TH",
        typed=f"{KEY}\n",
    )  # fmt: skip
    assert done.code == 0, done.err
    people = tmp_path / "people.csv"
    with people.open("w", newline="", encoding="utf-8") as file:
        written = csv.writer(file)
        written.writerow(["profile_id", "full_name", "phone", "email"])
        for one in project.truth("customers"):
            written.writerow([f"p-{one['id']}", one["customer_name"], one["contact_number"], one["email"] or ""])
    imported = shell("profiles", "import", str(people), "--tenant", cedar)
    assert imported.code == 0, imported.err
    vendor.journal.clear()
    return cedar


def calls(vendor: CrmSandbox) -> dict[str, int]:
    """Since the last time this was asked."""
    counted = {endpoint: sum(by.values()) for endpoint, by in vendor.journal.counts().items()}
    vendor.journal.clear()
    return counted


def test_all_profiles_are_matched_and_their_packages_read(shell: Shell, connected: str, vendor: CrmSandbox):
    """CLI-02, CRM-20: few calls, and a second run writes nothing."""
    first = shell("sync", "crm", "--tenant", connected, "--json")
    assert first.code == 0, first.err
    runs = {run["entity"]: run for run in first.data[0]["runs"]}
    assert set(runs) == {"packages", "customers"}
    told = runs["packages"]["report"]["packages"]
    assert told["total"] == 30 == told["succeeded"] + told["skipped"]
    assert told["succeeded"] > 20
    assert told["added"] == told["packages"] == runs["packages"]["counters"]["inserted"]
    assert calls(vendor) == {"/customers": 1, "/packages": 2}
    again = shell("sync", "crm", "--tenant", connected, "--json")
    counters = [run["counters"] for run in again.data[0]["runs"]]
    assert all(c["inserted"] == c["updated"] == c["deleted"] == 0 for c in counters)
    assert KEY not in first.everything


def test_people_see_progress_and_a_table_of_statistics(shell: Shell, connected: str):
    """CLI-01, CRM-20."""
    shown = shell("sync", "crm", "--tenant", connected)
    assert shown.code == 0, shown.err
    lines = [line.split() for line in shown.out.splitlines()]
    head = next(number for number, line in enumerate(lines) if line[:2] == ["tenant", "total"])
    assert lines[head][1:9] == "total succeeded failed skipped packages added changed removed".split()
    assert lines[head + 1][:2] == ["cedar", "30"]
    assert "profiles (" in shown.err


def test_one_profile_by_name(shell: Shell, connected: str, vendor: CrmSandbox):
    """CRM-10."""
    shell("sync", "crm", "--tenant", connected)
    calls(vendor)
    mapped = shell("profiles", "list", "--tenant", connected, "--json").data
    name = next(one["profile_id"] for one in mapped if one.get("packages_count"))
    done = shell("sync", "crm", "--tenant", connected, "--profile", name, "--json")
    assert done.code == 0, done.err
    assert calls(vendor) == {"/packages": 1}
    nobody = shell("sync", "crm", "--tenant", connected, "--profile", "nobody")
    assert nobody.code == 1
    assert "no active profile" in nobody.out


def test_limits_and_a_dry_run(shell: Shell, connected: str):
    """CRM-14, SYS-20."""
    would = shell("sync", "crm", "--tenant", connected, "--dry-run", "--json")
    assert would.code == 0, would.err
    assert would.data[0]["runs"][0]["counters"]["inserted"] == 0  # nobody is matched yet, and nobody is now
    some = shell("sync", "crm", "--tenant", connected, "--max-profiles", "3", "--json")
    assert some.data[0]["runs"][0]["report"]["packages"]["total"] == 3
    new = shell("sync", "crm", "--tenant", connected, "--only-new", "--json")
    assert new.data[0]["runs"][0]["report"]["packages"]["total"] == 27
    both = shell("sync", "crm", "--tenant", connected, "--profile", "p-1", "--only-new")
    assert both.code == 2
    assert "leave out" in both.err


def test_a_profile_that_fails_makes_the_run_partial(
    shell: Shell, connected: str, vendor: CrmSandbox, project: CrmProject
):
    """CLI-01: exit code 3, and the statistics all the same."""
    shell("sync", "crm", "--tenant", connected)
    [one, *_] = [h for h in project.hashes() if project.packages_of(h)]
    project.poison(one, "error")
    done = shell("sync", "crm", "--tenant", connected)
    assert done.code == 3
    assert "1 of 30 profiles failed" in done.out
    project.cure(one)
    vendor.faults.add(Fault(kind="unauthorized", path="/packages"))
    refused = shell("sync", "crm", "--tenant", connected)
    assert refused.code == 1
    assert "credential rotate" in refused.out or "401" in refused.out
