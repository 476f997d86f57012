"""Reads packages of many customers with as few calls as the CRM allows, and finds out who spoils an answer (CRM-13)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from sync_platform.core.drift import Drift
from sync_platform.core.errors import (
    CircuitOpen,
    ContractBroken,
    CredentialsRejected,
    SyncError,
    VendorRejected,
    VendorUnavailable,
)
from sync_platform.settings import Settings
from sync_platform.sync.crm_accounts import OpenCrm
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.mx_details import fetch_details
from sync_platform.sync.package_sets import Mapped, PackageSet, by_customer, drift_of, package_set
from sync_platform.sync.running import Run


@dataclass
class SetsRead:
    """Sets by profile, and why the others could not be read: ``error`` is the last reason."""

    sets: list[PackageSet] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    drift: list[Drift] = field(default_factory=list)
    error: SyncError | None = None


class SetReader:
    """Reads sets of one CRM: a call per batch from the table, a call per customer from the function."""

    def __init__(self, settings: Settings, run: Run, opened: OpenCrm, entity: SourceEntity) -> None:
        self._run, self._opened, self._entity = run, opened, entity
        self._crm, self._sample = settings.crm, settings.sync.drift_sample_per_page

    def read(self, profiles: Mapped) -> SetsRead:
        """What the source does to one customer concerns that customer alone: a call for several that fails is halved
        until the one is found. Raises CredentialsRejected, CircuitOpen and Cancelled: those concern all."""
        found = SetsRead()
        if self._crm.packages_source == "function":
            self._one_by_one(profiles, found)
        else:
            self._grouped(list(profiles.items()), found)
        return found

    def _grouped(self, wanted: Sequence[tuple[str, str]], found: SetsRead) -> None:
        self._run.check()
        hashes = [stable_hash_id for _, stable_hash_id in wanted]
        try:
            records = self._opened.client.packages(hashes)
            owned = by_customer(records, hashes)
        except (CredentialsRejected, CircuitOpen):
            raise
        except (VendorUnavailable, VendorRejected, ContractBroken) as error:
            if len(wanted) > 1:
                middle = len(wanted) // 2
                self._grouped(wanted[:middle], found)
                self._grouped(wanted[middle:], found)
            else:
                found.failed[wanted[0][0]] = f"{error.code}: {error}"
                found.error = error
            return
        self._add(dict(wanted), owned, records, found)

    def _one_by_one(self, profiles: Mapped, found: SetsRead) -> None:
        """Several at a time (CRM-13)."""
        stopped: list[CircuitOpen] = []

        def ask(profile: str) -> list[msgspec.Raw]:
            try:
                records = self._opened.client.packages([profiles[profile]])
                by_customer(records, [profiles[profile]])
            except CircuitOpen as error:
                stopped.append(error)
                raise
            except (VendorUnavailable, VendorRejected, ContractBroken) as error:
                found.error = error
                raise
            return records

        fetched = fetch_details(self._run, ask, list(profiles), self._crm.profiles_at_once)
        if stopped:
            raise stopped[0]
        found.failed |= fetched.missing
        for profile, records in fetched.records.items():
            self._add({profile: profiles[profile]}, {profiles[profile]: records}, records, found)

    def _add(
        self,
        profiles: Mapped,
        owned: dict[str, list[msgspec.Raw]],
        records: Sequence[msgspec.Raw],
        found: SetsRead,
    ) -> None:
        sets = [package_set(profile, customer, owned[customer], self._entity) for profile, customer in profiles.items()]
        found.sets += sets
        found.drift += drift_of(records, sets, self._entity, self._sample)
