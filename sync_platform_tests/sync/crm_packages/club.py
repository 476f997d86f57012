"""A club with a CRM as the tests use it: its stand-in, its tenant, and short ways to sync and to look at the tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.crm_project import CrmProject
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.crm_spec import CrmSpec
from sync_platform.sync.crm import sync_crm
from sync_platform.sync.platform import Platform
from sync_platform.sync.profiles import save_profiles
from sync_platform.sync.request import EntityReport, OnProgress, SyncRequest, SyncResult, no_progress
from sync_platform_tests.sync.conftest import TODAY
from sync_platform_tests.sync.syncing import calls_since, rows

TABLES = ("packages", "customers")


def club_spec(name: str = "oak-club", **values: Any) -> CrmSpec:
    """A small club whose customers all have a phone of their own and a row of their own."""
    fields: dict[str, Any] = {
        "name": name,
        "seed": 6,
        "customers": 40,
        "packages_each": 2.0,
        "today": TODAY,
        "api_key": f"{name}-invented-key",
        "public_key": f"{name}-invented-public-key",
        "family_share": 0.0,
        "twin_share": 0.0,
        "no_phone_share": 0.0,
    }
    return CrmSpec(**(fields | values))


def connect_crm(platform: Platform, tenant: Tenant, server: CrmSandbox, project: CrmProject) -> None:
    """Give the tenant the project's key."""
    set_credential(
        platform.database,
        platform.keyring,
        tenant.id,
        source="crm",
        environment="sandbox",
        account=project.name,
        secrets={"api_key": project.spec.api_key},
        settings={"base_url": server.url, "country": "TH"},
    )


@dataclass(frozen=True)
class Club:
    """``calls`` are the journal's, not our own. ``mapped`` is profile -> hash of those that ``link`` linked."""

    platform: Platform
    tenant: Tenant
    server: CrmSandbox
    project: CrmProject

    def link(self, customers: Iterable[Record] | None = None, prefix: str = "p-") -> dict[str, str]:
        """A profile for each customer, linked by hand."""
        chosen = list(self.project.truth("customers") if customers is None else customers)
        mapped = {f"{prefix}{one['id']:05d}": one["stable_hash_id"] for one in chosen if one["stable_hash_id"]}
        facts = [
            ProfileFacts(f"{prefix}{one['id']:05d}", one["customer_name"], one["contact_number"], one["email"])
            for one in chosen
            if one["stable_hash_id"]
        ]
        save_profiles(self.platform, self.tenant, facts)
        with self.platform.database.transaction(self.tenant.id) as conn:
            conn.cursor().executemany(
                "insert into crm.customer_mapping (tenant_id, profile_id, stable_hash_id, method, score, state, actor)"
                " values (%s, %s, %s, 'manual', 1, 'confirmed', 'test') on conflict do nothing",
                [(self.tenant.id, profile, stable_hash_id) for profile, stable_hash_id in mapped.items()],
            )
        return mapped

    def request(self, **values: Any) -> SyncRequest:
        """Asked for by hand."""
        fields: dict[str, Any] = {"days": (), "kind": "manual", "actor": "test"}
        return SyncRequest(self.tenant, "packages", source="crm", **(fields | values))

    def sync(self, *, on: Platform | None = None, watch: OnProgress = no_progress, **values: Any) -> SyncResult:
        """One run."""
        return sync_crm(on or self.platform, self.request(**values), watch)

    def calls(self) -> dict[str, int]:
        """Requests since the last time this was asked, by endpoint."""
        return calls_since(self.server.journal)

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Rows of a query under the tenant."""
        return rows(self.platform.database, self.tenant, statement, *values)

    def stored(self, profile: str | None = None) -> dict[tuple[str, str], tuple[Any, ...]]:
        """Live packages by profile and package: hash, name, hours, days."""
        found = self.rows(
            "select profile_id, crm_package_id, stable_hash_id, package_name, total_hours, remaining_hours,"
            " first_use_date, expiration_date from crm.packages where deleted_at is null"
            " and (%s::text is null or profile_id = %s)",
            profile,
            profile,
        )
        return {(row[0], row[1]): tuple(row[2:]) for row in found}

    def truth(self, mapped: dict[str, str]) -> dict[tuple[str, str], tuple[Any, ...]]:
        """What should be stored: every package of each profile's customer, whatever its dates."""
        found: dict[tuple[str, str], tuple[Any, ...]] = {}
        for profile, stable_hash_id in mapped.items():
            for record in self.project.packages_of(stable_hash_id):
                found[profile, str(record["id"])] = (
                    stable_hash_id,
                    first(record, "package_name_from_def", "package_name"),
                    number(first(record, "package_total_hours_from_def", "total_hours")),
                    number(first(record, "calculated_remaining_hours", "remaining_hours")),
                    day(record.get("first_use_date")),
                    day(record.get("expiration_date")),
                )
        return found

    def versions(self) -> list[Any]:
        """Which transaction wrote each row last: equal before and after means that nothing was written."""
        return [self.rows(f"select ctid::text, xmin::text from crm.{table} order by 1") for table in TABLES]

    def retry(self) -> dict[str, tuple[int, str]]:
        """Tries and state of the profiles in the retry list that are not done."""
        found = self.rows("select item_key, tries, state from platform.retry_items where state <> 'done'")
        return {row[0]: (row[1], row[2]) for row in found}


def first(record: Record, *names: str) -> Any:
    """The first value that is not null."""
    return next((record[name] for name in names if record.get(name) is not None), None)


def number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def report(result: SyncResult, entity: str = "packages") -> EntityReport:
    """The ledger row of an entity."""
    [found] = [row for row in result.reports if row.entity == entity]
    return found


def statistics(result: SyncResult) -> dict[str, Any]:
    """CRM-20; the identity is looked at here, for every test."""
    told: dict[str, Any] = report(result).report["packages"]
    assert told["total"] == told["succeeded"] + told["failed"] + told["skipped"]
    assert sum(told["skipped_because"].values()) == told["skipped"]
    return told


def numbers(result: SyncResult, names: Sequence[str] = ("total", "succeeded", "failed", "skipped")) -> tuple[int, ...]:
    """Some of the statistics."""
    told = statistics(result)
    return tuple(told[name] for name in names)


def with_packages(club: Club, mapped: dict[str, str]) -> tuple[str, str]:
    """A profile that has some."""
    return next((profile, customer) for profile, customer in mapped.items() if club.project.packages_of(customer))
