"""A person refreshes the own packages, once a minute at most (CRM-21)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sync_platform.core.errors import AlreadyRunning, InvalidRequest, Refused
from sync_platform.sync.crm_entities import LEDGER_ENTITIES, SOURCE
from sync_platform.sync.refresh import TooSoon, refresh_own
from sync_platform.sync.request import no_progress
from sync_platform.sync.running import ledger_run
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.crm_packages.club import Club


def test_a_refresh_reads_the_one_profile_and_the_next_one_has_to_wait(club: Club, clock: TestClock) -> None:
    """CRM-21: clear about how long."""
    mapped = club.link()
    profile = next(iter(mapped))
    assert refresh_own(club.platform, club.tenant, profile).state == "succeeded"
    assert club.calls().keys() <= {"/packages"}
    assert club.stored() == club.truth({profile: mapped[profile]})
    clock.forward(minutes=0.25)
    with pytest.raises(TooSoon, match="try again in 45 seconds") as caught:
        refresh_own(club.platform, club.tenant, profile)
    assert isinstance(caught.value, Refused)
    assert caught.value.seconds == 45
    assert club.calls() == {}
    clock.forward(minutes=0.75)
    assert refresh_own(club.platform, club.tenant, profile).state == "succeeded"


def test_of_many_requests_at_once_one_is_let_through(club: Club) -> None:
    """CRM-21: one atomic statement decides."""
    profile = next(iter(club.link()))

    def ask(_: int) -> str:
        try:
            return refresh_own(club.platform, club.tenant, profile).state
        except TooSoon:
            return "too soon"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(ask, range(12)))
    assert sorted(outcomes) == ["succeeded", *["too soon"] * 11]


def test_another_person_need_not_wait(club: Club) -> None:
    first, second, *_ = club.link()
    refresh_own(club.platform, club.tenant, first)
    assert refresh_own(club.platform, club.tenant, second).state == "succeeded"


def test_a_refresh_that_could_not_be_started_does_not_count(club: Club) -> None:
    """While all packages are being read."""
    profile = next(iter(club.link()))
    with ledger_run(club.platform, club.request(), SOURCE, LEDGER_ENTITIES, None, no_progress):
        assert isinstance(refresh_own(club.platform, club.tenant, profile).error, AlreadyRunning)
    assert refresh_own(club.platform, club.tenant, profile).state == "succeeded"


def test_who_is_not_there_or_not_active_cannot_refresh(club: Club) -> None:
    profile = next(iter(club.link()))
    club.rows("update crm.profiles set active = false where profile_id = %s returning 1", profile)
    for name in (profile, "nobody"):
        with pytest.raises(InvalidRequest, match="no active profile"):
            refresh_own(club.platform, club.tenant, name)
    assert club.calls() == {}
