"""The CRM under the conformance suite: its customers, and the packages of profiles. A snapshot: it shows today only."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import accounts, set_credential
from sync_platform.db.crm_tables import CUSTOMERS, PACKAGES
from sync_platform.db.target import Target
from sync_platform.sandbox.crm_project import CrmProject, build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.faults import Fault
from sync_platform.settings import CrmSettings
from sync_platform.sync.crm import sync_crm
from sync_platform.sync.crm_accounts import check_crm, check_crm_entities
from sync_platform.sync.crm_entities import SOURCE
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, SyncRequest, SyncResult
from sync_platform.transforms.crm_records import Customer, Package
from sync_platform.transforms.values import text
from sync_platform.vendors.postgrest_answers import ObjectMissing, PermissionMissing
from sync_platform_tests.conformance.faulty import FaultyStandIn
from sync_platform_tests.conformance.mx_merchant import ms
from sync_platform_tests.conformance.source import EntityUnderTest, Failure, Field, Overrides, Record, StandIn
from sync_platform_tests.sync.crm_packages.club import Club, club_spec

BOUGHT = (
    (None, None),
    ("", None),
    ("1969-12-31T23:59:59.999+00:00", -1),
    ("2000-02-29T00:00:00.123Z", 951_782_400_123),
    ("2026-11-14T10:02:25.4+05:30", ms("2026-11-14T04:32:25.400+00:00")),
    ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    # no zone: the tenant's
    ("2026-01-15T12:00:00.05", ms("2026-01-15T05:00:00.050+00:00")),
)
CUSTOMER = EntityUnderTest(
    "customers",
    CUSTOMERS,
    Customer,
    (Field("customer_name", "customer_name", "text"),),
    required=("id",),
    # the column of the stand-in is an integer of 32 bits
    keys=("2147483645", "2147483646", "2147483647"),
    odd_keys=("0", "-1", "-2147483648", "2147483647"),
    unsent=frozenset({"source_modified_at"}),
    beside=frozenset({"synced_at"}),
    tells_absence=True,
    skips_repeats=True,
    stage="customers",
)
PACKAGE = EntityUnderTest(
    "packages",
    PACKAGES,
    Package,
    (
        Field("package_validity_period_from_def", "validity_period", "text"),
        Field("calculated_remaining_hours", "remaining_hours", "money"),
        Field("expiration_date", "expiration_date", "date"),
        Field("created_at_for_purchase_date", "purchased_at", "time", BOUGHT, ("yesterday", 5, "2026-02-30T00:00:00Z")),
    ),
    row_key="crm_package_id",
    required=("id",),
    rare=frozenset({"used_hours", "remaining_hours"}),
    unsent=frozenset({"source_modified_at"}),
    beside=frozenset({"synced_at"}),
    tells_absence=True,
    skips_repeats=True,
    keeps_place=False,
    stage="profiles",
)
ENTITIES = {entity.name: entity for entity in (CUSTOMER, PACKAGE)}


class ProjectStandIn(FaultyStandIn):
    """A project behind the sandbox: customers of whom each has one package, and a profile of the tenant's own."""

    def __init__(self, project: CrmProject, server: CrmSandbox) -> None:
        numbers = {"customers": "id", "packages": "calculated_used_hours"}
        super().__init__(server.faults, {entity: f"/{entity}" for entity in ENTITIES}, numbers)
        self.project, self.server, self.zone = project, server, "Asia/Bangkok"
        self.owners = [one["stable_hash_id"] for one in project.truth("customers")]
        self.mapped: dict[str, str] = {}

    def records(self, entity: str) -> dict[str, Record]:
        return {str(record["id"]): record for record in self.project.truth(entity)}

    def add(self, entity: str, key: str | None = None) -> str:
        if entity == "customers":
            return str(self.project.add_customer(**({"id": int(key)} if key else {}))["id"])
        self.owners.append(self.owners.pop(0))
        return str(self.project.add_package(self.owners[0], **({"id": key} if key else {}))["id"])

    def change(self, entity: str, key: str, fields: Mapping[str, Any]) -> None:
        self.project.modify(entity, _id(entity, key), **fields)  # type: ignore[arg-type]

    def remove(self, entity: str, key: str) -> None:
        if entity == "customers":
            self.project.remove_customer(int(key))
        else:
            self.project.remove_package(key)

    def rename(self, entity: str, key: str, new: str) -> None:
        record = self.records(entity)[key] | {"id": _id(entity, new)}
        with self.project.lock:
            self.project.collection(entity).discard(_id(entity, key))
            self.project.collection(entity).put(record)

    def clear(self) -> None:
        for entity in ("packages", "customers"):
            for key in self.records(entity):
                self.remove(entity, key)

    def deny(self, entity: str) -> None:
        self.project.denied |= {f"/{entity}"}

    def repeat_records(self, entity: str) -> None:
        self.faults.add(Fault(kind="duplicate_page", path=self.paths[entity], every=4, after=3, times=4))

    def requests(self, entity: str) -> int:
        return self.server.journal.count(endpoint=f"/{entity}")

    def assert_stored(self, platform: Platform, tenant: Tenant, entity: str) -> None:
        club = Club(platform, tenant, self.server, self.project)
        if entity == "packages":
            assert club.stored() == club.truth(self.mapped)
            return
        names = ("stable_hash_id", "customer_name", "contact_number", "email")
        stored = club.rows(f"select customer_id, {', '.join(names)} from crm.customers where deleted_at is null")
        wanted = {(one["id"], *(text(one[name]) for name in names)) for one in self.project.truth("customers")}
        assert set(stored) == wanted
        assert len(stored) == len(wanted)


class Crm:
    """The CRM. Customers come with every sync of packages whose copy of them is too old."""

    def __init__(self) -> None:
        self.name: str = SOURCE
        self.account = "oak-club"
        self.checked = frozenset(ENTITIES)
        self.entities: tuple[EntityUnderTest, ...] = (CUSTOMER, PACKAGE)
        self.settings: type[BaseModel] = CrmSettings
        self.secrets = frozenset({"api_key"})
        self.days = 1
        # the key is good: its role lacks a grant, or there is no such table
        self.refusals: Mapping[Failure, type[SyncError]] = {403: PermissionMissing, 404: ObjectMissing}
        self.beside: Mapping[str, dict[str, Any]] = {
            "review_from": {"link_from": 1.0},
            "link_from": {"review_from": 0.001},
        }
        self.small_pages: Overrides = {"crm": {"page_size": 7, "batch_profiles": 7, "calls_per_second": 1000}}
        self.other_settings: tuple[Overrides, ...] = (
            {"crm": {"page_size": 3, "batch_profiles": 2}},
            {"crm": {"page_size": 50, "in_list_size": 1}},
            {"crm": {"count_rows": False}},
            {"crm": {"packages_source": "function"}},
        )

    @contextmanager
    def stand_in(self, clock: Callable[[], float]) -> Iterator[StandIn]:
        today: date = datetime.fromtimestamp(clock(), UTC).date()
        spec = club_spec(self.account, customers=40, packages_each=0.0, package_ids="text", today=today)
        project = build_crm(spec)
        for one in project.truth("customers"):
            # numbers only under their new names: each column has one field then
            made = project.add_package(one["stable_hash_id"], calculated_used_hours=1.5, used_hours=None)
            left = made["calculated_remaining_hours"] or made["remaining_hours"]
            project.modify("packages", made["id"], calculated_remaining_hours=left, remaining_hours=None)
        with CrmSandbox([project], clock=clock) as server:
            yield ProjectStandIn(project, server)

    def connect(self, platform: Platform, tenant: Tenant, stand_in: StandIn, *, right_keys: bool = True) -> None:
        assert isinstance(stand_in, ProjectStandIn)
        project = stand_in.project
        api_key = project.spec.api_key if right_keys else "invented-wrong-key"
        set_credential(
            platform.database,
            platform.keyring,
            tenant.id,
            source=SOURCE,
            environment="sandbox",
            account=self.account,
            secrets={"api_key": api_key},
            settings={"base_url": stand_in.server.url},
        )
        stand_in.mapped = Club(platform, tenant, stand_in.server, project).link()

    def check(self, platform: Platform, tenant: Tenant) -> list[str]:
        [account] = accounts(platform.database, tenant.id, SOURCE)
        check_crm(platform, tenant, account)
        return check_crm_entities(platform, account)

    def sync(self, platform: Platform, request: SyncRequest, on_progress: OnProgress) -> SyncResult:
        """The copy of the customers is renewed where they are asked for, and otherwise made once only."""
        age = 0.0 if request.entity == "customers" else 1440.0
        crm = platform.settings.crm.model_copy(update={"customers_max_age_minutes": age})
        timed = replace(platform, settings=platform.settings.model_copy(update={"crm": crm}))
        return sync_crm(timed, replace(request, entity="packages", source=SOURCE), on_progress)

    def command(self, tenant: Tenant, entity: str) -> list[str]:
        return ["sync", "crm", "--tenant", tenant.slug, "--json"]

    def discovered(self) -> dict[str, Target]:
        return {"customers": CUSTOMERS, "packages": PACKAGES}


def _id(entity: str, key: str) -> int | str:
    return int(key) if entity == "customers" else key
