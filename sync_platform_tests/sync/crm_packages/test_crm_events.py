"""Events of the application: taken whatever state the CRM is in, handled once, one sync per profile (CRM-11)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sync_platform.core.errors import AlreadyRunning, InvalidRequest
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.faults import Fault
from sync_platform.sync.crm_entities import LEDGER_ENTITIES, SOURCE
from sync_platform.sync.crm_events import accept_event, handle_crm_events
from sync_platform.sync.request import no_progress
from sync_platform.sync.running import ledger_run
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.crm_packages.club import Club


def someone(club: Club) -> Record:
    """A customer with packages."""
    return next(one for one in club.project.truth("customers") if club.project.packages_of(one["stable_hash_id"]))


def facts(customer: Record, **values: Any) -> ProfileFacts:
    """As the application knows a customer."""
    known = {"full_name": customer["customer_name"], "phone": customer["contact_number"], "email": customer["email"]}
    return ProfileFacts(f"p-{customer['id']:05d}", **(known | values))


def events(club: Club) -> list[tuple[str, str, str, int]]:
    found: list[tuple[str, str, str, int]] = club.rows(
        "select kind, subject, state, tries from platform.webhook_events where source = 'crm' order by id"
    )
    return found


def test_a_first_login_brings_profile_mapping_and_packages(club: Club) -> None:
    """CRM-11: the copy of the customers, the match, and one call for the packages."""
    customer = someone(club)
    told = accept_event(club.platform, club.tenant, "profile.login", "login-1", facts(customer))
    assert club.calls() == {}
    assert not told.repeated
    done = handle_crm_events(club.platform, club.tenant, "test")
    assert done.result is not None
    assert (done.result.error, done.handled, done.failed) == (None, 1, 0)
    assert club.calls() == {"/customers": 1, "/packages": 1}
    profile = f"p-{customer['id']:05d}"
    assert club.stored() == club.truth({profile: customer["stable_hash_id"]})
    assert events(club) == [("profile.login", profile, "handled", 1)]
    assert handle_crm_events(club.platform, club.tenant, "test").result is None


def test_an_event_that_is_told_again_is_stored_once(club: Club) -> None:
    """F-40: also from many threads at once."""
    customer = someone(club)
    with ThreadPoolExecutor(8) as pool:
        told = list(
            pool.map(
                lambda _: accept_event(club.platform, club.tenant, "profile.login", "login-1", facts(customer)),
                range(50),
            )
        )
    assert [one.repeated for one in told].count(False) == 1
    assert len(events(club)) == 1


def test_many_events_of_one_profile_cause_one_sync(club: Club) -> None:
    """CRM-11: a person who signs in, books and refreshes within a minute."""
    mapped = club.link()
    customer = someone(club)
    for number, kind in enumerate(["profile.login", "booking.created", "packages.refresh", "profile.login"]):
        accept_event(club.platform, club.tenant, kind, f"e-{number}", facts(customer))
    done = handle_crm_events(club.platform, club.tenant, "test")
    assert (done.handled, done.failed) == (4, 0)
    assert club.calls() == {"/packages": 1}
    profile = f"p-{customer['id']:05d}"
    assert club.stored() == club.truth({profile: mapped[profile]})


@pytest.mark.parametrize("state", ["down", "refused", "no account"])
def test_an_event_is_taken_whatever_state_the_crm_is_in(club: Club, clock: TestClock, state: str) -> None:
    """CRM-11: failure never reaches the caller's login or booking, and is made up for later."""
    club.link()
    customer = someone(club)
    if state == "no account":
        club.rows("update platform.tenant_sources set active = false returning 1")
    else:
        kind: Any = "status" if state == "down" else "unauthorized"
        club.server.faults.add(Fault(kind=kind, path="/packages"))
    assert not accept_event(club.platform, club.tenant, "profile.login", "login-1", facts(customer)).repeated
    done = handle_crm_events(club.platform, club.tenant, "test")
    assert (done.handled, done.failed) == (0, 1)
    assert done.result is not None
    assert done.result.error is not None
    assert [row[2:] for row in events(club)] == [("failed", 1)]
    club.server.faults.clear()
    club.rows("update platform.tenant_sources set active = true, rejected_at = null returning 1")
    club.rows("update platform.circuit_breakers set failures = 0, opened_at = null returning 1")
    clock.forward(5)
    assert handle_crm_events(club.platform, club.tenant, "test").handled == 1
    assert club.stored() != {}


def test_a_bookings_phone_comes_before_the_profiles(club: Club) -> None:
    """CRM-11: the profile's own phone leads to nobody, the booking's to the customer."""
    customer = someone(club)
    profile = facts(customer, phone="+66 2 000 0000", email=None)
    accept_event(club.platform, club.tenant, "profile.login", "login-1", profile)
    handle_crm_events(club.platform, club.tenant, "test")
    assert club.stored() == {}
    accept_event(club.platform, club.tenant, "booking.created", "b-1", profile, customer["contact_number"])
    handle_crm_events(club.platform, club.tenant, "test")
    assert club.stored() == club.truth({profile.profile_id: customer["stable_hash_id"]})
    assert club.rows("select phone from crm.profiles") == [("+66 2 000 0000",)]


def test_a_profile_that_the_crm_does_not_know_is_handled(club: Club) -> None:
    """There is nothing to read: the event does not come again and again."""
    nobody = ProfileFacts("x-1", "Quite Somebodyelse", "+66 2 000 0001")
    accept_event(club.platform, club.tenant, "profile.login", "login-1", nobody)
    done = handle_crm_events(club.platform, club.tenant, "test")
    assert (done.handled, done.failed) == (1, 0)
    assert events(club) == [("profile.login", "x-1", "handled", 1)]


def test_one_bad_profile_does_not_hold_up_the_events_of_others(club: Club, clock: TestClock) -> None:
    """CRM-15: it is tried again by itself, later each time, and given up in the end."""
    club.link()
    first, second = [one for one in club.project.truth("customers") if club.project.packages_of(one["stable_hash_id"])][
        :2
    ]
    club.project.poison(first["stable_hash_id"], "error")
    accept_event(club.platform, club.tenant, "profile.login", "login-1", facts(first))
    accept_event(club.platform, club.tenant, "profile.login", "login-2", facts(second))
    done = handle_crm_events(club.platform, club.tenant, "test")
    assert (done.handled, done.failed) == (1, 1)
    assert [row[2] for row in events(club)] == ["failed", "handled"]
    for _ in range(10):
        clock.forward(60 * 24)
        handle_crm_events(club.platform, club.tenant, "test")
    assert [row[2] for row in events(club)] == ["refused", "handled"]


def test_events_wait_while_all_packages_are_being_read(club: Club) -> None:
    """SYS-19: one writer at a time."""
    club.link()
    accept_event(club.platform, club.tenant, "profile.login", "login-1", facts(someone(club)))
    request = club.request()
    with ledger_run(club.platform, request, SOURCE, LEDGER_ENTITIES, None, no_progress):
        done = handle_crm_events(club.platform, club.tenant, "test")
    assert done.result is not None
    assert isinstance(done.result.error, AlreadyRunning)
    assert [row[2] for row in events(club)] == ["new"]
    assert handle_crm_events(club.platform, club.tenant, "test").handled == 1


@pytest.mark.parametrize(
    ("kind", "event_id", "phone", "said"),
    [
        ("profile.logout", "1", None, "there is no event"),
        ("profile.login", " ", None, "event_id"),
        ("profile.login", "1" * 201, None, "event_id"),
        ("profile.login", "1\x00", None, "event_id"),
        ("booking.created", "1", "0" * 61, "phone"),
        ("booking.created", "1", "081\x00", "phone"),
    ],
)
def test_what_cannot_be_stored_is_refused(club: Club, kind: str, event_id: str, phone: str | None, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        accept_event(club.platform, club.tenant, kind, event_id, ProfileFacts("p-1"), phone)
    assert events(club) == []


def test_an_events_words_reach_no_table_but_the_profiles(club: Club) -> None:
    """MX-23, likewise: what the application says of a person is never a value of a package."""
    mapped = club.link()
    customer = someone(club)
    accept_event(club.platform, club.tenant, "profile.login", "e-1", facts(customer, full_name="Forged Name"))
    handle_crm_events(club.platform, club.tenant, "test")
    names = {row[0] for row in club.rows("select distinct customer_name from crm.packages")}
    assert names == {customer["customer_name"]}
    assert club.stored() == club.truth({f"p-{customer['id']:05d}": mapped[f"p-{customer['id']:05d}"]})
