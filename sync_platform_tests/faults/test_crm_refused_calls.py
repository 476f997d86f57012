"""Calls that the CRM refuses: too many, broken servers, keys that are not good any more."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_platform.db.credentials import accounts
from sync_platform.sandbox.crm_project import CrmProject
from sync_platform.sandbox.faults import Fault, FaultKind
from sync_platform.sync.many import sync_many
from sync_platform.sync.request import ENTITIES
from sync_platform_tests.faults.clinics import runs_of
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.projects import SOURCE, Projects, ask, project, quick, serve, sync
from sync_platform_tests.faults.stage import HISTORY, Stage, small_shop
from sync_platform_tests.faults.tiers import seeded, tiered
from sync_platform_tests.faults.trouble import SERVER_ERRORS, assert_waited_out, broken_servers, made_with, storm
from sync_platform_tests.sync.syncing import ask as ask_blaze
from sync_platform_tests.sync.truth import assert_tables_equal_truth

PER_SECOND = 20
SMALL = {"CRM__PAGE_SIZE": "5", "CRM__BATCH_PROFILES": "2"}


def needed(stage: Stage, projects: Projects, served: CrmProject) -> int:
    """Calls that a sync of the project takes where nothing is broken. Its journal starts anew."""
    projects.finish(projects.connect(served, slug="undisturbed"), **SMALL)
    made = projects.server.journal.count()
    projects.server.journal.clear()
    return made


@seeded(short=1, full=5)
def test_a_storm_of_429_on_any_call_is_waited_out(stage: Stage, note: Note, seed: int) -> None:
    """F-20: half of the calls, in every form of ``Retry-After``, through the command line; no second has more calls
    than are allowed, and no profile is given up."""
    served = project("oak", seed, customers=tiered(40, 150))
    projects = serve(stage, served)
    undisturbed = needed(stage, projects, served)
    tenant = projects.connect(served)
    projects.server.faults.add(*storm(until=datetime.now(UTC) + timedelta(seconds=2)))
    patient = {"HTTP__TRIES": "14", "HTTP__BREAKER_FAILURES": "20", "HTTP__RETRY_AFTER_CAP": "0.2"}
    projects.finish(tenant, **(SMALL | patient | {"CRM__CALLS_PER_SECOND": str(PER_SECOND)}))
    journal = projects.server.journal
    made, refused = journal.count(), journal.count(status=429)
    note(calls=made, refused=refused, calls_to_needed=made / undisturbed)
    assert_waited_out(journal, undisturbed, PER_SECOND)
    projects.assert_project(served, tenant)


@seeded(short=1, full=5)
def test_a_source_that_fails_every_fifth_call_is_read_once(stage: Stage, note: Note, seed: int) -> None:
    """F-22: 500, 502, 503, 504, 520 to 524 on customers and packages; every failure is retried, and nothing else."""
    served = project("oak", seed, customers=tiered(60, 300))
    projects = serve(stage, served)
    undisturbed = needed(stage, projects, served)
    tenant = projects.connect(served)
    projects.server.faults.add(*broken_servers(html_from=500))
    projects.finish(tenant, HTTP__BREAKER_FAILURES="20", HTTP__TRIES="10", **SMALL)
    journal = projects.server.journal
    made, failed = journal.count(), made_with(journal, SERVER_ERRORS)
    note(calls=made, failed=failed, calls_to_needed=made / undisturbed)
    assert failed > made // 12
    assert made == undisturbed + failed
    projects.assert_project(served, tenant)


@pytest.mark.parametrize("kind", ["unauthorized", "forbidden"])
@pytest.mark.parametrize("where", ["/customers", "/packages"])
def test_refused_keys_stop_one_source_of_one_tenant(stage: Stage, note: Note, kind: FaultKind, where: str) -> None:
    """F-24: in the middle of a sync of two clubs, one of which has a shop at Blaze as well; one call is refused, the
    alarm is raised at once, and the shop and the other club are read to their ends. Where the key is good and its role
    lacks a grant, the error says so, and the key is not taken for a bad one."""
    refused, other, shop = project("oak", 5), project("elm", 6), small_shop("alder", stage.seed)
    projects = serve(stage, refused, other)
    blaze = stage.serve(shop)
    tenants = [projects.connect(one) for one in (refused, other)]
    stage.point(tenants[0], shop, blaze.url)
    platform = quick(stage, crm={"page_size": 5})
    projects.server.faults.add(Fault(kind=kind, shop="oak", path=where, after=1))
    days = HISTORY + 1
    work = [
        [ask(tenants[0]), *(ask_blaze(tenants[0], entity, platform, days) for entity in ENTITIES)],
        [ask(tenants[1])],
    ]
    results = list(sync_many(platform, work))
    ended = {(result.request.tenant.slug, result.request.source): result.state for result in results}
    assert ended == {("oak", "crm"): "failed", ("oak", "blaze"): "succeeded", ("elm", "crm"): "succeeded"}
    status, error = (401, "CredentialsRejected") if kind == "unauthorized" else (403, "PermissionMissing")
    assert projects.server.journal.count(status=status) == 1
    assert error in {run["error_class"] for run in runs_of(stage, tenants[0], SOURCE)}
    alarms = [[one.rejected_at for one in accounts(stage.database, tenant.id, SOURCE)] for tenant in tenants]
    assert [bool(alarm) for [alarm] in alarms] == [kind == "unauthorized", False]
    projects.assert_project(other, tenants[1])
    assert_tables_equal_truth(stage.database, tenants[0], [shop])
    projects.assert_sets_are_whole(refused, tenants[0])
    note(calls_refused=1)
    projects.server.faults.clear()
    projects.connect(refused, tenant=tenants[0])
    assert sync(platform, tenants[0]).finished
    projects.assert_project(refused, tenants[0])
