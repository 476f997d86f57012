"""Checks of the CRM, with tables that are right and that are wrong (DAG-20). One that cannot fail is none."""

from datetime import date

import dagster as dg
import pytest

from sync_platform.defs.assets.crm import PACKAGES
from sync_platform.defs.checks.synced import check_results, check_specs
from sync_platform.sandbox.faults import Fault
from sync_platform.sync.quality import freshness
from sync_platform_tests.defs.crm_world import NIGHTLY, CrmWorld, finding

EXPECTED = {
    "packages": {
        "accounting", "rejects", "freshness", "uniqueness", "drift", "ownership", "mapping_rate", "review_backlog",
        "package_counts",
    },
    "customers": {"accounting", "rejects", "freshness", "uniqueness", "references", "drift"},
}  # fmt: skip
KEY, DAY = "2026-11-21|lime", date(2026, 11, 21)


def judged(clubs: CrmWorld, run: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckResult]:
    """All checks of one club after its run, without another one: a sync would mend some damage."""
    found = {}
    for table, key in PACKAGES.assets.items():
        chosen = [spec.key for spec in check_specs(key)]
        for one in check_results(clubs.platform, key, [clubs.tenants["lime"]], {"lime": [DAY]}, run.run_id, chosen):
            found[f"{table}.{one.check_name}"] = one
    return found


def test_every_check_of_both_tables_passes_on_good_data(clubs: CrmWorld) -> None:
    """DAG-20: for all tenants of a run, in one result each."""
    for club in clubs.clubs.values():
        club.link()
    run = clubs.run("2026-11-20|lime", "2026-11-21|teak", **NIGHTLY)
    assert run.success
    found = clubs.checks(run)
    assert set(found) == {f"{table}.{name}" for table, names in EXPECTED.items() for name in names}
    assert [name for name, one in found.items() if not one.passed] == []
    assert {one.metadata["tenants"].value for one in found.values()} == {2}
    severe = {spec.name for asset in clubs.defs.assets or () if isinstance(asset, dg.AssetsDefinition)
              for spec in asset.check_specs if spec.asset_key.path[0] == "crm" and spec.blocking}  # fmt: skip
    assert severe == {"accounting"}


# with what the run itself has written, in the place of what a sync of ours would do
A_ROW = (
    "insert into platform.sync_runs (tenant_id, source, entity, kind, state, actor, dagster_run_id, fetched, inserted,"
    " quarantined, started_at, finished_at) select tenant_id, source, entity, kind, state, actor, dagster_run_id,"
)
LATER = "started_at, finished_at from platform.sync_runs where entity"
DAMAGE = f"""
packages.accounting: {A_ROW} 5, 4, 0, {LATER} = 'packages'
customers.accounting: {A_ROW} 5, 4, 0, {LATER} = 'customers'
packages.rejects: {A_ROW} 100, 94, 6, {LATER} = 'packages'
customers.rejects: {A_ROW} 100, 94, 6, {LATER} = 'customers'
packages.uniqueness: update crm.packages p set crm_package_id = 'SAME' where p.crm_package_id = (select min(i.crm_package_id) from crm.packages i where i.profile_id = p.profile_id)
customers.uniqueness: update crm.customers set stable_hash_id = (select min(stable_hash_id) from crm.customers)
customers.references: update crm.customers set deleted_at = now() where customer_id % 3 = 0
packages.ownership: update crm.packages set stable_hash_id = 'somebody else' where crm_package_id = (select min(crm_package_id) from crm.packages)
packages.ownership: update crm.customer_mapping set state = 'rejected' where profile_id = (select min(profile_id) from crm.packages)
packages.mapping_rate: update crm.customer_mapping set state = 'rejected' where customer_name is not null or profile_id > 'p-00005'
packages.drift: insert into platform.schema_drift (tenant_id, source, entity, path, kind, detail) values (current_setting('app.tenant_id')::uuid, 'crm', 'packages', 'id', 'missing_field', 'required')
customers.drift: insert into platform.schema_drift (tenant_id, source, entity, path, kind, detail) values (current_setting('app.tenant_id')::uuid, 'crm', 'customers', 'id', 'missing_field', 'required')
packages.package_counts: update crm.packages set deleted_at = now() where crm_package_id = (select min(crm_package_id) from crm.packages)
"""  # noqa: E501


@pytest.mark.parametrize("line", DAMAGE.strip().splitlines())
def test_a_check_fails_where_the_tables_are_wrong(clubs: CrmWorld, line: str) -> None:
    """DAG-20: before and after the damage."""
    check, _, damage = line.partition(": ")
    clubs.clubs["lime"].link()
    run = clubs.run(KEY)
    assert judged(clubs, run)[check].passed
    clubs.change("lime", damage)
    found = judged(clubs, run)[check]
    assert not found.passed
    assert finding(found)["tenant"] == "lime"
    severe = check.partition(".")[2] in ("accounting", "rejects", "ownership")
    assert found.severity == (dg.AssetCheckSeverity.ERROR if severe else dg.AssetCheckSeverity.WARN)


def test_what_other_sources_do_says_nothing_about_the_crm(clubs: CrmWorld) -> None:
    """OPS-02, SYS-11: Blaze has customers, too."""
    run = clubs.run(KEY)
    ledger_row(clubs, "1 second", source="blaze", dagster_run_id=run.run_id, fetched=100, inserted=93, quarantined=6)
    found = judged(clubs, run)
    assert found["customers.accounting"].passed
    assert found["customers.rejects"].passed


def ledger_row(clubs: CrmWorld, age: str, source: str = "crm", entity: str = "customers", **columns: object) -> None:
    """A run of the past."""
    told = {"source": source, "entity": entity, "kind": "scheduled", "state": "succeeded", "actor": "test", **columns}
    clubs.change(
        "lime",
        f"insert into platform.sync_runs (tenant_id, started_at, finished_at, {', '.join(told)})"
        " values (%s, clock_timestamp() - %s::interval, clock_timestamp() - %s::interval"
        f"{', %s' * len(told)})",
        clubs.tenants["lime"].id, age, age, *told.values(),
    )  # fmt: skip


@pytest.mark.parametrize(("age", "waiting", "passed"), [(13, 1, True), (15, 1, False), (0, 200, True), (0, 201, False)])
def test_matches_may_wait_for_a_person_but_not_too_many_and_not_for_ever(
    clubs: CrmWorld, age: int, waiting: int, passed: bool
) -> None:
    """CRM-08."""
    clubs.clubs["lime"].link()
    run = clubs.run(KEY)
    clubs.change(
        "lime",
        "insert into crm.match_reviews (tenant_id, profile_id, stable_hash_id, score, reason, profile, customer,"
        " created_at) select tenant_id, min(profile_id), 'h' || n, 0.5, 'test', '{}', '{}',"
        f" clock_timestamp() - make_interval(days => {age}) from crm.profiles, generate_series(1, {waiting}) n"
        " group by tenant_id, n",
    )
    found = judged(clubs, run)["packages.review_backlog"]
    assert found.passed is passed
    assert finding(found)["judged"] == waiting


@pytest.mark.parametrize(
    ("cron", "hours", "passed"),
    [("", 25, True), ("", 27, False), ("0 3 * * 1", 169, True), ("0 3 * * 1", 171, False), ("0 3 5 * *", 700, True)],
)
def test_packages_may_be_as_old_as_the_tenants_own_times_are_apart(
    clubs: CrmWorld, cron: str, hours: int, passed: bool
) -> None:
    """OPS-02: a weekly sync is not stale on the second day."""
    clubs.set("lime", cron=cron)
    ledger_row(clubs, f"{hours} hours", entity="packages")
    assert freshness(clubs.platform, clubs.tenants["lime"], ["crm.packages"])["crm.packages"].passed is passed


def test_packages_are_counted_at_the_crm_with_one_call_and_who_was_not_asked_is_not_right(clubs: CrmWorld) -> None:
    """CRM-01: also what was sold since is found; profiles that are known to be behind are left out."""
    club = clubs.clubs["lime"]
    mapped = club.link()
    run = clubs.run(KEY)
    club.calls()
    found = judged(clubs, run)["packages.package_counts"]
    assert found.passed
    assert sum(club.calls().values()) == 1
    assert finding(found)["judged"] == len(club.stored())
    profile = next(one for one in sorted(mapped) if club.project.packages_of(mapped[one]))
    club.project.add_package(mapped[profile])
    found = judged(clubs, run)["packages.package_counts"]
    assert (found.passed, finding(found)["bad"]) == (False, 1)
    clubs.change(
        "lime",
        "insert into platform.retry_items (tenant_id, source, account, entity, item_key, reason, tries,"
        " first_failed_at, last_failed_at) values (%s, 'crm', 'lime', 'packages', %s, 'test', 1, now(), now())",
        clubs.tenants["lime"].id, profile,
    )  # fmt: skip
    assert judged(clubs, run)["packages.package_counts"].passed
    club.server.faults.add(Fault(kind="status", path="/packages"))
    found = judged(clubs, run)["packages.package_counts"]
    assert not found.passed
    assert "not asked" in finding(found)["finding"]


def test_a_run_that_did_not_read_proves_nothing(clubs: CrmWorld) -> None:
    """DAG-20: its checks are told all the same."""
    club = clubs.clubs["lime"]
    club.link()
    club.server.faults.add(Fault(kind="status"))
    run = clubs.run(KEY)
    assert not run.success
    found = clubs.checks(run)
    assert not found["packages.package_counts"].passed
    assert not found["packages.freshness"].passed
