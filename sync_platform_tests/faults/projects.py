"""Projects of the CRM on a stage: invented customers, tenants with profiles, runs, and what holds after a case."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.tenants import add_tenant
from sync_platform.sandbox.crm_project import CrmProject, build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.crm_spec import CrmSpec
from sync_platform.sync.crm import sync_crm
from sync_platform.sync.platform import Platform, utc_now
from sync_platform.sync.request import SyncRequest, SyncResult
from sync_platform_tests.faults.clinics import assert_calls_told
from sync_platform_tests.faults.commands import Command, first_success
from sync_platform_tests.faults.invariants import assert_nothing_shown
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.sync.crm_packages.club import Club, club_spec
from sync_platform_tests.sync.truth import assert_accounted

SOURCE = "crm"
ZONE = "Asia/Bangkok"
# the budget of calls, and the pauses that are made so that nothing is too quick, are the subject of other cases
FAST = {"CRM__CALLS_PER_SECOND": "1000", "CRM__BATCH_PAUSE_SECONDS": "0"}


def project(name: str, seed: int, **values: Any) -> CrmProject:
    """A club whose keys can be searched for."""
    fields: dict[str, Any] = {
        "seed": seed,
        "customers": 40,
        "today": datetime.now(UTC).date(),
        "api_key": f"canary-crm-key-{name}",
        "public_key": f"canary-crm-public-key-{name}",
    }
    spec: CrmSpec = club_spec(name, **(fields | values))
    return build_crm(spec)


@dataclass
class Projects:
    """Projects behind one stand-in, next to whatever else is on the stage. ``mapped`` is by project."""

    stage: Stage
    server: CrmSandbox
    mapped: dict[str, dict[str, str]] = field(default_factory=dict)

    def connect(
        self, served: CrmProject, url: str | None = None, *, tenant: Tenant | None = None, slug: str = ""
    ) -> Tenant:
        """A tenant with the key of a project, and a profile for each of its customers: a new one if none is given."""
        stage = self.stage
        owner = tenant or add_tenant(
            stage.database, slug=slug or served.name, name=f"Club {served.name}", zone=ZONE, country="TH"
        )
        set_credential(
            stage.database, stage.keyring, owner.id, source=SOURCE, environment="sandbox", account=served.name,
            secrets={"api_key": served.spec.api_key}, settings={"base_url": url or self.server.url},
        )  # fmt: skip
        stage.tenants[owner.slug] = owner
        self.mapped[served.name] = self.club(served, owner).link()
        return owner

    def club(self, served: CrmProject, tenant: Tenant) -> Club:
        """How the tests of packages look at it."""
        return Club(self.stage.platform(), tenant, self.server, served)

    def command(self, tenant: Tenant, *options: str, **settings: str) -> Command:
        """``sync-platform sync crm``, started."""
        return self.stage.start("sync", SOURCE, "--tenant", tenant.slug, "--json", *options, **(FAST | settings))

    def finish(self, tenant: Tenant, tries: int = 1, **settings: str) -> int:
        """Sync until a run succeeds, and say which one did; an error where the last one does not."""
        return first_success(lambda: self.command(tenant, **settings), tries)

    def assert_project(self, served: CrmProject, tenant: Tenant, unsent: int = 0) -> None:
        """The invariants of ``invariants.py``, for one tenant and its project: I1, I9; I2 to I4; I6; I5; I8.

        ``unsent``: so many calls may have been counted that never arrived.
        """
        club = self.club(served, tenant)
        assert_accounted(self.stage.database, tenant)
        assert club.stored() == club.truth(self.mapped[served.name])
        customers = club.rows("select customer_id, stable_hash_id from crm.customers where deleted_at is null")
        assert sorted(customers) == [(one["id"], one["stable_hash_id"]) for one in served.truth("customers")]
        journal = self.server.journal
        assert_calls_told(self.stage, tenant, journal, lambda name: name == served.name, unsent, SOURCE)
        self.stage.bystander.assert_untouched()
        assert_nothing_shown(self.stage)

    def assert_sets_are_whole(self, served: CrmProject, tenant: Tenant) -> None:
        """CRM-12: a profile has nothing yet, or all packages of its customer and nobody else's."""
        club, mapped = self.club(served, tenant), self.mapped[served.name]
        stored = club.stored()
        begun = {profile for profile, _ in stored}
        assert stored == club.truth({profile: mapped[profile] for profile in begun})


def serve(stage: Stage, *projects: CrmProject, **values: Any) -> Projects:
    """A stand-in with these projects, in this process, until the case is over."""
    server = stage.stack.enter_context(CrmSandbox(projects, seed=stage.seed, **values))
    for one in projects:
        stage.secrets += secrets_of(one)
    return Projects(stage, server)


def secrets_of(served: CrmProject) -> list[str]:
    """Keys, and what says who a customer is."""
    names = ("customer_name", "contact_number", "email", "stable_hash_id")
    shown = {str(record[name] or "") for record in served.truth("customers") for name in names}
    # what is shorter could be a part of anything
    return [served.spec.api_key, served.spec.public_key, *{text for text in shown if len(text) > 6}]


def quick(stage: Stage, clock: Callable[[], datetime] = utc_now, **overrides: dict[str, Any]) -> Platform:
    """The use cases in this process; calls are counted and not waited for."""
    crm = {"calls_per_second": 1000, "batch_pause_seconds": 0} | overrides.pop(SOURCE, {})
    return stage.platform(clock, crm=crm, **overrides)


def ask(tenant: Tenant, **values: Any) -> SyncRequest:
    """All profiles, by hand."""
    fields: dict[str, Any] = {"kind": "manual", "actor": "test"}
    return SyncRequest(tenant, "packages", (), source=SOURCE, **(fields | values))


def sync(platform: Platform, tenant: Tenant, **values: Any) -> SyncResult:
    """One run in this process."""
    return sync_crm(platform, ask(tenant, **values))
