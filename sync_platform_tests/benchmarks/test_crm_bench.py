"""The bench of the CRM measures what it says: one call for a single sync, grouped calls for all, every package."""

import pytest

from benchmarks.clubs import served
from benchmarks.crm import AT_ONCE, LATENCY, labelled, opened, percentile, stored, synced
from benchmarks.stage import Stage
from sync_platform.sandbox.crm_labelled import labelled_set

SIZE = 30


def test_single_and_bulk_syncs_bring_the_same_packages(stage: Stage, database_url: str) -> None:
    """CRM-10, CRM-13: one call each against one call for twenty; each call takes as long as it was told to."""
    with served(stage, [SIZE]) as [club], opened(stage, database_url, AT_ONCE) as platform:
        assert len(club.people) == SIZE
        alone, together = club.tenant(platform, "alone"), club.tenant(platform, "together")
        club.stand_in.delay(LATENCY)
        club.stand_in.asked()
        taken = [synced(platform, alone, one.profile_id) for one in club.people]
        assert min(taken) > LATENCY
        asked = club.stand_in.asked()
        assert [(entry["endpoint"], entry["faults"]) for entry in asked] == [("/packages", ["latency"])] * SIZE
        synced(platform, together)
        endpoints = [entry["endpoint"] for entry in club.stand_in.asked()]
        assert endpoints == ["/customers", "/packages", "/packages"]
        assert stored(database_url) == {"alone": club.packages, "together": club.packages}


def test_the_share_of_values_that_a_percentile_covers() -> None:
    """The 95th of a hundred has five above or at it."""
    assert percentile([float(value) for value in range(100)], 0.95) == pytest.approx(95)
    assert percentile([3.0], 0.95) == pytest.approx(3)


def test_people_of_a_set_keep_all_hashes_of_their_customer() -> None:
    """CRM-09: a link to either row of somebody who was entered twice is right."""
    people = labelled_set(1, 100)
    assert [one.hashes for one in labelled(people)] == [one.hashes for one in people.profiles]
