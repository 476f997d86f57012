"""``kill -9`` in the middle of a sync of the CRM, and the death of whoever handles events of the application."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sync.crm_events import accept_event, handle_crm_events
from sync_platform_tests.faults.clinics import runs_of
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.kills import killer_at_random
from sync_platform_tests.faults.projects import FAST, SOURCE, project, quick, serve
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.faults.tiers import seeded, tiered
from sync_platform_tests.properties.mortal import Fate, Killed, MortalDatabase
from sync_platform_tests.sync.syncing import one

KILLS = tiered(3, 10)
DELIVERIES = tiered(100, 1_000)
SMALL = FAST | {"CRM__PAGE_SIZE": "20", "CRM__BATCH_PROFILES": "10", "SYNC__BATCH_RECORDS": "20"}


@pytest.mark.timeout(300)
@seeded(short=1, full=5)
def test_a_sync_of_packages_that_is_killed_at_any_moment_goes_on(stage: Stage, note: Note, seed: int) -> None:
    """F-01: at a random request or statement; every time each set is whole, rows and ledger agree, and no row is
    written a second time by the runs that follow."""
    served = project("oak", seed, customers=120)
    projects = serve(stage, served)
    requests, url = stage.proxy_before(projects.server)
    statements = stage.proxy_before_database()
    tenant = projects.connect(served, url)
    kills = 0
    while kills < KILLS:
        requests.watch = statements.watch = lambda _: None
        killer = killer_at_random(stage.rng, (requests, 1, 18), (statements, 20, 250))
        command = projects.command(tenant, **SMALL)
        killer.aim(command)
        if command.wait() != -9:
            break
        kills += 1
        projects.assert_sets_are_whole(served, tenant)
        assert_ledger_tells_the_tables(stage, tenant)
        stage.expire_leases(tenant)
    requests.watch = statements.watch = lambda _: None
    projects.finish(tenant, **SMALL)
    note(kills=kills)
    assert kills > 0
    assert_ledger_tells_the_tables(stage, tenant)
    assert sum(run["updated"] for run in runs_of(stage, tenant, SOURCE)) == 0
    projects.assert_project(served, tenant, unsent=kills)
    assert {run["error_class"] for run in runs_of(stage, tenant, SOURCE)} <= {None, "LeaseExpired"}


def assert_ledger_tells_the_tables(stage: Stage, tenant: Tenant) -> None:
    """SYS-09: rows and counters of a batch are there together. In one snapshot: what the dead process had sent may be
    committed while we look."""
    inserted = "select entity, sum(inserted)::int from platform.sync_runs where source = 'crm' group by entity"
    with stage.database.transaction(tenant.id, one_snapshot=True) as conn:
        told = dict(conn.execute(inserted).fetchall())
        for table in ("packages", "customers"):
            stored = conn.execute(f"select count(*) from crm.{table}").fetchone()  # type: ignore[arg-type]
            assert stored == (told.get(table, 0),), table


@seeded(short=1, full=10)
def test_an_event_whose_handler_dies_is_handled_once(stage: Stage, note: Note, seed: int) -> None:
    """F-40, F-46: the same login, told again and again from eight threads, is stored once. Its handler dies at every
    moment in turn, before a transaction, before a commit or after it; the next one does it, and then there is nothing
    left. Packages and the event are always in the same state."""
    served = project("oak", seed, customers=12, packages_each=3.0)
    projects = serve(stage, served)
    tenant = projects.connect(served)
    club = projects.club(served, tenant)
    mapped = projects.mapped[served.name]
    profile = stage.rng.choice([name for name, customer in mapped.items() if served.packages_of(customer)])
    facts = ProfileFacts(
        profile, *club.rows("select full_name, phone, email from crm.profiles where profile_id = %s", profile)[0]
    )
    platform = quick(stage)
    with ThreadPoolExecutor(8) as threads:
        told = list(
            threads.map(lambda _: accept_event(platform, tenant, "profile.login", "login-1", facts), range(DELIVERIES))
        )
    assert [answer.repeated for answer in told].count(False) == 1
    fate, deaths, moment = Fate(), 0, 0
    with MortalDatabase(stage.database_url, fate, pool_size=2) as mortal:
        dying = replace(platform, database=mortal, budgets=quick(stage).budgets)
        while True:
            fate.live()
            fate.die_after(moment)
            with suppress(Killed):
                handle_crm_events(dying, tenant, "test")
            state, rows = one(
                stage.database,
                tenant,
                "select (select state from platform.webhook_events), (select count(*) from crm.packages)",
            )
            assert (state == "handled") == (rows == len(served.packages_of(mapped[profile])))
            stage.expire_leases(tenant)
            if not fate.dead:
                break
            deaths, moment = deaths + 1, moment + stage.rng.randint(1, 3)
    note(delivered=DELIVERIES, kills=deaths)
    assert deaths > 3
    assert handle_crm_events(platform, tenant, "test").result is None
    assert club.stored() == club.truth({profile: mapped[profile]})
