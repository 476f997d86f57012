"""The sensor of what applications tell, and its job: one run for all, and nothing that waits is forgotten."""

from typing import Any

import dagster as dg

from sync_platform.db.credentials import accounts as accounts_of
from sync_platform.db.credentials import mark_rejected
from sync_platform.db.profiles import ProfileFacts
from sync_platform.defs.event_jobs import handle_crm_events
from sync_platform.defs.sensors.events import crm_events, mx_merchant_events
from sync_platform.sync.crm_events import accept_event
from sync_platform.sync.request import SyncRequest, no_progress
from sync_platform.sync.running import ledger_run
from sync_platform_tests.defs.crm_world import CrmWorld, failure_of

TABLES = ("packages", "customers")


def tick(clubs: CrmWorld, sensor: dg.SensorDefinition = crm_events) -> list[dg.RunRequest]:
    """One evaluation, which must ask nothing of the CRM."""
    for club in clubs.clubs.values():
        club.calls()
    context = dg.build_sensor_context(instance=clubs.instance, resources={"platform": clubs.source})
    result: Any = sensor(context)
    assert not any(club.calls() for club in clubs.clubs.values())
    return list(result.run_requests or ())


def launch(clubs: CrmWorld, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    """What the daemon does with a request."""
    return clubs.execute(handle_crm_events.name, request.tags, request.run_config)


def login(clubs: CrmWorld, name: str, profile: str, event: str = "e-1") -> None:
    """The application tells that somebody has signed in."""
    accept_event(clubs.platform, clubs.tenants[name], "profile.login", event, ProfileFacts(profile))


def states(clubs: CrmWorld, name: str) -> list[str]:
    return [row[0] for row in clubs.clubs[name].rows("select state from platform.webhook_events order by id")]


def test_logins_at_two_clubs_are_one_run_and_a_call_for_each_club(clubs: CrmWorld) -> None:
    """CRM-11, DAG-11: two people of one club and one of the other; and then there is nothing to launch."""
    assert tick(clubs) == []
    mapped = {name: club.link() for name, club in clubs.clubs.items()}
    lime, teak = (sorted(mapped[name]) for name in ("lime", "teak"))
    for name, profile, event in (("lime", lime[0], "1"), ("lime", lime[0], "2"), ("lime", lime[1], "3")):
        login(clubs, name, profile, event)
    login(clubs, "teak", teak[0])
    assert tick(clubs, mx_merchant_events) == [], "each source has its own"
    [request] = tick(clubs)
    assert request.run_config == {"ops": {"handle_profile_events": {"config": {"tenants": ["lime", "teak"]}}}}
    result = launch(clubs, request)
    assert result.success
    assert states(clubs, "lime") == ["handled"] * 3
    assert states(clubs, "teak") == ["handled"]
    club = clubs.clubs["lime"]
    own = {profile: mapped["lime"][profile] for profile in lime[:2]}
    assert club.stored() == club.truth(own)
    assert {row[0] for row in club.rows("select actor from platform.sync_runs")} == {"crm_events"}
    assert tick(clubs) == []


def test_what_cannot_be_read_fails_the_run_and_waits_for_its_time(clubs: CrmWorld) -> None:
    """CRM-15: the others are handled; what failed is due later, and then it is launched."""
    mapped = {name: club.link() for name, club in clubs.clubs.items()}
    good, bad = min(mapped["lime"]), min(mapped["teak"])
    login(clubs, "lime", good)
    login(clubs, "teak", bad)
    clubs.clubs["teak"].project.poison(mapped["teak"][bad], "error")
    result = launch(clubs, tick(clubs)[0])
    assert not result.success
    assert "teak" in failure_of(result)
    assert "1 events are to be tried again" in failure_of(result)
    assert (states(clubs, "lime"), states(clubs, "teak")) == (["handled"], ["failed"])
    assert tick(clubs) == []
    clubs.clubs["teak"].project.cure(mapped["teak"][bad])
    clubs.later(2)
    assert launch(clubs, tick(clubs)[0]).success
    assert states(clubs, "teak") == ["handled"]


def test_events_during_a_sync_wait_for_the_next_run(clubs: CrmWorld) -> None:
    """SYS-19: nobody's login is lost, and the run is no failure."""
    club = clubs.clubs["lime"]
    login(clubs, "lime", min(club.link()))
    sync = SyncRequest(club.tenant, "packages", (), "manual", "test", source="crm")
    [request] = tick(clubs)
    with ledger_run(clubs.platform, sync, "crm", TABLES, None, no_progress):
        assert launch(clubs, request).success
    assert states(clubs, "lime") == ["new"]
    assert launch(clubs, request).success
    assert states(clubs, "lime") == ["handled"]


def test_events_of_a_refused_key_wait_for_a_new_one_and_by_hand_nobody_need_be_named(clubs: CrmWorld) -> None:
    """HTTP-04, DAG-11."""
    for name, club in clubs.clubs.items():
        login(clubs, name, min(club.link()))
    [account] = accounts_of(clubs.platform.database, clubs.tenants["lime"].id, "crm")
    mark_rejected(clubs.platform.database, account, "401")
    assert tick(clubs)[0].run_config["ops"]["handle_profile_events"]["config"] == {"tenants": ["teak"]}
    assert clubs.execute(handle_crm_events.name, {}).success
    assert (states(clubs, "lime"), states(clubs, "teak")) == (["new"], ["handled"])
