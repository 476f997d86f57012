"""Pages of the CRM that are not those that were asked for, and counts that are not true."""

from datetime import timedelta

import pytest

from sync_platform_tests.faults.clock import Clock
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.projects import project, quick, serve, sync
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.faults.tiers import seeded
from sync_platform_tests.faults.trouble import wrong_pages


@pytest.mark.parametrize("where", ["/customers", "/packages"])
@seeded(short=1, full=10)
def test_wrong_pages_never_make_half_a_set(stage: Stage, note: Note, seed: int, where: str) -> None:
    """F-26: pages twice, not at all, too short, too long; counts of 0, of a million, missing. No profile has half a
    set at any time (CRM-12), no customer is deleted who is there, and a clean run later all is right."""
    clock = Clock()
    served = project("oak", seed, customers=70, packages_each=2.0)
    projects = serve(stage, served, clock=clock.epoch)
    tenant = projects.connect(served)
    platform = quick(stage, clock, crm={"page_size": 10, "batch_profiles": 10})
    projects.server.faults.add(*wrong_pages(where))
    for _ in range(3):
        assert sync(platform, tenant).state in ("succeeded", "failed", "partial")
        projects.assert_sets_are_whole(served, tenant)
        clock.now += timedelta(days=1)
    hits = sum(projects.server.faults.hits())
    note(wrong_pages=hits)
    assert hits > 0
    club = projects.club(served, tenant)
    assert club.rows("select customer_id from crm.customers where deleted_at is not null") == []
    projects.server.faults.clear()
    assert sync(platform, tenant, verify=True, full=True).finished
    projects.assert_project(served, tenant)
