"""Bodies that are not what PostgREST documents: customers and packages, known ways, and ten thousand random ones."""

import json
from datetime import timedelta

import pytest

from sync_platform.core import errors
from sync_platform.sandbox.faults import Fault, FaultKind
from sync_platform.vendors import postgrest_answers
from sync_platform_tests.faults.clinics import assert_calls_told, runs_of
from sync_platform_tests.faults.clock import Clock
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_nothing_shown
from sync_platform_tests.faults.projects import SOURCE, project, quick, serve, sync
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.faults.test_bodies import DEPTH, KINDS
from sync_platform_tests.faults.tiers import FIRST_SEED, seeded, tiered, variants
from sync_platform_tests.sync.syncing import one
from sync_platform_tests.sync.truth import assert_accounted

BODIES, PER_TEST = tiered((100, 100), (2_000, 1_000))
PATHS = ("/customers", "/packages")


@seeded(short=1, full=2)
def test_every_known_damage_of_answers_is_noticed(stage: Stage, note: Note, seed: int) -> None:
    """F-25: each kind on every thirtieth call, through the command line; what was damaged is asked for again."""
    served = project("oak", seed, customers=tiered(100, 200))
    projects = serve(stage, served)
    tenant = projects.connect(served)
    projects.server.faults.add(*(Fault(kind=kind, size=DEPTH, probability=0.03) for kind in KINDS))
    settings = {"HTTP__BREAKER_FAILURES": "30", "HTTP__TRIES": "15", "CRM__PAGE_SIZE": "5", "CRM__BATCH_PROFILES": "2"}
    projects.finish(tenant, **settings)
    hits = sum(projects.server.faults.hits())
    note(damaged=hits)
    assert hits > 10
    projects.assert_project(served, tenant)


@variants("kind", short=("truncated", "duplicate_keys"), full=KINDS)
@pytest.mark.parametrize("where", PATHS)
def test_a_body_that_stays_damaged_is_never_partly_stored(
    stage: Stage, note: Note, kind: FaultKind, where: str
) -> None:
    """F-25: not even the records before the damage. Profiles wait on the retry list, and come back when it is over."""
    clock = Clock()
    served = project("oak", stage.seed, customers=12)
    projects = serve(stage, served, clock=clock.epoch)
    tenant = projects.connect(served)
    projects.server.faults.add(Fault(kind=kind, size=DEPTH, path=where))
    platform = quick(stage, clock, http={"tries": 2, "breaker_failures": 1000})
    # in an answer without rows nothing can be there twice: whoever has no packages is done
    assert sync(platform, tenant).state in ("failed", "partial")
    table = f"crm.{where[1:]}"
    assert one(stage.database, tenant, f"select count(*) from {table}") == (0,)
    note(damaged=sum(projects.server.faults.hits()))
    projects.server.faults.clear()
    clock.now += timedelta(hours=1)
    assert sync(platform, tenant).finished
    projects.assert_project(served, tenant)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + BODIES // PER_TEST), ids=lambda seed: f"seed-{seed}")
def test_random_damage_of_any_answer_crashes_nothing(stage: Stage, note: Note, seed: int) -> None:
    """F-25: 10,000 fuzzed bodies, in this process, over HTTP, into PostgreSQL. What cannot be read is not stored, no
    error but ours comes out, no package is shown at a profile of somebody else, and one clean run puts all right."""
    clock = Clock()
    served = project("oak", seed, customers=8)
    projects = serve(stage, served, clock=clock.epoch)
    tenant = projects.connect(served)
    platform = quick(
        stage,
        clock,
        crm={"page_size": 4, "batch_profiles": 3},
        http={"breaker_failures": 100, "tries": 4},
        sync={"max_reject_share": 1.0, "max_delete_share": 1.0},
    )
    projects.server.faults.add(*(Fault(kind="fuzzed", path=path, probability=0.7) for path in PATHS))
    known = {
        name
        for module in (errors, postgrest_answers)
        for name, found in vars(module).items()
        if isinstance(found, type)
    }
    states: dict[str, int] = {}
    while (bodies := sum(projects.server.faults.hits())) < PER_TEST:
        result = sync(platform, tenant)
        states[result.state] = states.get(result.state, 0) + 1
        clock.now += timedelta(days=2)
    assert_accounted(stage.database, tenant)
    assert {run["error_class"] for run in runs_of(stage, tenant, SOURCE)} - {None} <= known
    assert set(states) <= {"succeeded", "failed", "partial"}, json.dumps(states)
    strangers = (
        "select count(*) from crm.packages p where deleted_at is null and not exists (select 1 from"
        " crm.customer_mapping m where (m.profile_id, m.stable_hash_id) = (p.profile_id, p.stable_hash_id))"
    )
    assert one(stage.database, tenant, strangers) == (0,)
    assert_calls_told(stage, tenant, projects.server.journal, lambda _: True, source=SOURCE)
    assert_nothing_shown(stage)
    note(bodies=bodies, runs=sum(states.values()))
    projects.server.faults.clear()
    for _ in range(2):
        last = sync(platform, tenant, full=True, verify=True)
        clock.now += timedelta(days=2)
    assert last.finished, last.error
    projects.assert_project(served, tenant)
