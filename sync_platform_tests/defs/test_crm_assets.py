"""The assets of the CRM: a snapshot of today; what is over cannot be read; one who fails does not stop the others."""

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sync.request import SyncRequest, no_progress
from sync_platform.sync.running import ledger_run
from sync_platform_tests.defs.crm_world import NIGHTLY, CrmWorld, failure_of

TABLES = ("packages", "customers")
# of the platform's clock, 18:30 UTC
TODAY = {"lime": "2026-11-21|lime", "teak": "2026-11-20|teak"}


def test_today_loads_all_linked_profiles_and_shows_what_became_of_them(clubs: CrmWorld) -> None:
    """DAG-06, CRM-20: counters, statistics, the tally of matching, calls as the stand-in counted them."""
    club = clubs.clubs["lime"]
    mapped = club.link()
    assert clubs.run(TODAY["lime"]).success
    made = club.calls()
    assert club.stored() == club.truth(mapped)
    for table in TABLES:
        assert list(clubs.materialised(table)) == [TODAY["lime"]]
    shown = clubs.materialised("packages")[TODAY["lime"]]
    assert (shown["profiles_total"], shown["profiles_succeeded"], shown["profiles_failed"]) == (12, 12, 0)
    assert shown["packages_added"] == shown["inserted"] == shown["dagster/partition_row_count"] == len(club.stored())
    assert shown["matching"].records[0].data["kept"] == 12
    assert shown["api_calls"] == sum(made.values()) - 1, "one call more: the count of the check"
    assert {"crm_package_id", "package_name"} <= set(shown["sample"].records[0].data)
    assert clubs.materialised("customers")[TODAY["lime"]]["dagster/partition_row_count"] == 12
    assert "rows_per_day" not in shown


def test_a_second_run_of_the_day_writes_nothing(clubs: CrmWorld) -> None:
    """SYS-05, DAG-04."""
    club = clubs.clubs["lime"]
    club.link()
    assert clubs.run(TODAY["lime"]).success
    before = club.versions()
    clubs.later(20)
    assert clubs.run(TODAY["lime"]).success
    assert club.versions() == before


def test_a_day_that_is_over_fails_with_its_reason_and_asks_nothing(clubs: CrmWorld) -> None:
    """CRM-10: what the CRM showed then cannot be found out any more."""
    failed = clubs.run("2026-11-18|lime")
    assert not failed.success
    assert "only today (2026-11-21) can be read" in failure_of(failed)
    assert clubs.clubs["lime"].calls() == {}
    assert clubs.status("packages", ["2026-11-18|lime"]) == {"2026-11-18|lime": "FAILED"}


def test_of_a_range_today_is_done_and_the_other_days_are_named(clubs: CrmWorld) -> None:
    """DAG-04: of both clubs, whose todays are different days."""
    for club in clubs.clubs.values():
        club.link()
    failed = clubs.run("2026-11-19|lime", "2026-11-21|teak", **{"dagster/backfill": "b"})
    assert not failed.success
    assert "lime, moss, teak" in failure_of(failed), "moss has no account, which is told to whoever names it by hand"
    for table in TABLES:
        assert sorted(clubs.materialised(table)) == ["2026-11-20|teak", "2026-11-21|lime"]
        days = [f"2026-11-{day}|{name}" for name in clubs.clubs for day in (19, 20, 21)]
        shown = clubs.status(table, days)
        assert {key for key, state in shown.items() if state == "MATERIALIZED"} == set(TODAY.values())
        assert {key for key, state in shown.items() if state == "FAILED"} == {
            "2026-11-19|lime", "2026-11-20|lime", "2026-11-19|teak",
        }  # fmt: skip


def test_a_night_over_all_zones_fills_the_today_of_each(clubs: CrmWorld) -> None:
    """CRM-13, TEN-12: its range reaches over a tenant without an account and over days that are over or not begun."""
    for club in clubs.clubs.values():
        club.link()
    assert clubs.run("2026-11-20|lime", "2026-11-21|teak", **NIGHTLY).success
    assert sorted(clubs.materialised("packages")) == sorted(TODAY.values())


def test_a_profile_that_fails_leaves_the_partition_open_and_the_others_loaded(clubs: CrmWorld) -> None:
    """CRM-15: what is missing is tried again, and then the day is done."""
    club = clubs.clubs["lime"]
    mapped = club.link()
    victim = next(profile for profile in sorted(mapped) if club.project.packages_of(mapped[profile]))
    clubs.clubs["teak"].link()
    club.project.poison(mapped[victim], "error")
    failed = clubs.run("2026-11-20|lime", "2026-11-21|teak", **NIGHTLY)
    assert not failed.success
    assert clubs.status("packages", list(TODAY.values())) == {
        TODAY["lime"]: "FAILED", TODAY["teak"]: "MATERIALIZED",
    }  # fmt: skip
    assert set(club.retry()) == {victim}
    assert {profile for profile, _ in club.stored()} == {p for p, _ in club.truth(mapped)} - {victim}

    club.project.cure(mapped[victim])
    clubs.later(15)
    club.calls()
    clubs.clubs["teak"].server.journal.clear()
    parent = {"dagster/parent_run_id": failed.run_id, "dagster/is_resume_retry": "true"}
    assert clubs.run("2026-11-20|lime", "2026-11-21|teak", **NIGHTLY, **parent).success
    assert club.stored() == club.truth(mapped)
    assert set(clubs.status("packages", list(TODAY.values())).values()) == {"MATERIALIZED"}
    runs = [
        one.rows("select count(*) from platform.sync_runs where entity = 'packages'") for one in clubs.clubs.values()
    ]
    assert runs == [[(2,)], [(1,)]], "who was done is not done again"


def test_two_daemons_at_one_tick_read_once(clubs: CrmWorld) -> None:
    """F-06: of the sensor of own times as of the schedule."""
    club = clubs.clubs["lime"]
    club.link()
    key = {"dagster/sensor_name": "crm_packages_own_times", "dagster/run_key": "2026-11-20T18:30/lime"}
    for _ in range(2):
        assert clubs.run(TODAY["lime"], **key).success
    assert club.rows("select count(*) from platform.sync_runs where entity = 'packages'") == [(1,)]


def test_a_night_waits_for_events_that_are_being_handled(clubs: CrmWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """SYS-19: the next night would be a day away."""
    club = clubs.clubs["lime"]
    club.link()
    event = SyncRequest(club.tenant, "packages", (), "event", "test", source="crm")
    waited: list[float] = []
    with ledger_run(clubs.platform, event, "crm", TABLES, None, no_progress):
        object.__setattr__(clubs.platform, "sleep", waited.append)
        stuck = clubs.run(TODAY["lime"], **NIGHTLY)
    assert not stuck.success
    assert waited == [30.0] * 10
    running = ledger_run(clubs.platform, event, "crm", TABLES, None, no_progress)
    running.__enter__()
    object.__setattr__(clubs.platform, "sleep", lambda _: running.__exit__(None, None, None))
    assert clubs.run(TODAY["lime"], **NIGHTLY).success


def test_no_personal_value_and_no_secret_is_in_events_or_metadata(clubs: CrmWorld) -> None:
    """DAG-06, SEC-22."""
    club = clubs.clubs["lime"]
    club.link()
    club.server.faults.add(Fault(kind="status", path="/packages", times=1))
    result = clubs.run(TODAY["lime"])
    again = clubs.run(TODAY["lime"])
    records = [
        str(record.event_log_entry)
        for run in (result, again)
        for record in clubs.instance.get_records_for_run(run.run_id, limit=5000).records
    ]
    people = club.rows("select customer_name, contact_number, email, stable_hash_id from crm.customers")
    values = {value for row in people for value in row if value}
    assert values
    assert not [value for value in values if value in str(records)]
    assert "lime-invented-key" not in str(records)
