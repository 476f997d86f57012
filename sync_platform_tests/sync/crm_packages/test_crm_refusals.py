"""What the database or the CRM refuses: one set, everything, or nothing for a while (CRM-13, HTTP-04, HTTP-07)."""

from psycopg import sql

from sync_platform.sandbox.faults import Fault
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.crm_packages.club import Club, numbers, report, statistics, with_packages
from sync_platform_tests.sync.crm_packages.conftest import OpenClub


def test_a_set_that_the_database_refuses_stops_nobody_else(club: Club) -> None:
    """CRM-13: the grouped write is halved until the one is alone."""
    mapped = club.link()
    profile, _ = with_packages(club, mapped)
    with club.platform.database.transaction(None, "sp_owner") as conn:
        conn.execute(
            sql.SQL("alter table crm.packages add constraint no_more check (profile_id <> {})").format(
                sql.Literal(profile)
            )
        )
    result = club.sync()
    assert numbers(result) == (40, 39, 1, 0)
    assert club.stored() == club.truth({p: h for p, h in mapped.items() if p != profile})
    assert club.rows("select reason from platform.retry_items") == [
        ("the database refused its packages (CheckViolation)",)
    ]
    assert report(result).counters.balanced


def test_a_table_that_is_not_there_fails_the_run_and_blames_nobody(
    open_club: OpenClub, make_platform: MakePlatform
) -> None:
    """The source refuses: no profile goes to the retry list, and not every one is asked for."""
    on = make_platform(crm={"calls_per_second": 1000, "packages_table": "parcels"})
    club = open_club(on=on, customers=60)
    club.link()
    club.calls()
    result = club.sync()
    assert result.state == "failed"
    assert club.retry() == {}
    assert sum(club.calls().values()) < 60


def test_refused_keys_stop_the_run_at_once(club: Club) -> None:
    """F-24, HTTP-04: the alarm is raised, and schedules wait for a new key."""
    club.link()
    club.server.faults.add(Fault(kind="unauthorized", path="/packages"))
    result = club.sync()
    assert (result.state, type(result.error).__name__) == ("failed", "CredentialsRejected")
    assert club.calls()["/packages"] == 1
    told = statistics(result)
    assert (told["succeeded"], told["failed"], told["skipped_because"]) == (0, 0, {"not_reached": 40})
    assert club.sync(kind="scheduled").state == "failed"
    assert club.calls() == {}


def test_an_outage_ends_the_run_and_blames_nobody(club: Club) -> None:
    """HTTP-07: the breaker opens; who was not reached is skipped, and not in the retry list."""
    mapped = club.link()
    club.sync(max_profiles=20)
    club.server.faults.add(Fault(kind="status", status=503, path="/packages"))
    result = club.sync()
    assert (result.state, type(result.error).__name__) == ("partial", "CircuitOpen")
    assert statistics(result)["skipped_because"] == {"not_reached": 40}
    assert club.retry() == {}
    assert len(club.stored()) == len(club.truth(dict(sorted(mapped.items())[:20])))
