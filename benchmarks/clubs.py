"""The CRM of the bench: so many customers with packages, profiles of whom it is known who they are, and its process.

``python -m benchmarks.clubs NOW PROFILES...`` serves one project for each number of profiles until SIGTERM.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from benchmarks.stage import Stage
from benchmarks.stand_in import StandIn, started
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.profiles import ProfileFacts
from sync_platform.db.tenants import add_tenant
from sync_platform.sandbox.crm_people import CrmProfile
from sync_platform.sandbox.crm_project import CrmProject, build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.crm_spec import CrmSpec
from sync_platform.sandbox.serve import serve_all
from sync_platform.sync.platform import Platform
from sync_platform.sync.profiles import save_profiles

ZONE = "Asia/Bangkok"
#: Customers for each profile: some have no phone, a row twice or no packages, and are no profile's.
CUSTOMERS_EACH, WITH_NUMBER = 2, 0.8


def club_spec(profiles: int, now: datetime) -> CrmSpec:
    """A CRM with some more customers than there are profiles."""
    return CrmSpec(
        name=f"club-{profiles}",
        seed=6,
        customers=profiles * CUSTOMERS_EACH + 20,
        packages_each=1.5,
        today=now.astimezone(UTC).date(),
        api_key=f"bench-club-{profiles}-invented-key",
        public_key=f"bench-club-{profiles}-invented-public-key",
    )


class Club:
    """A project that is served, and the same project here, to know who is who.

    Every profile has packages: that there are none is believed after a second call only.
    """

    def __init__(self, stand_in: StandIn, profiles: int) -> None:
        self.stand_in, self.size = stand_in, profiles
        self.project: CrmProject = build_crm(club_spec(profiles, stand_in.now))
        known = self.project.profiles(round(profiles * CUSTOMERS_EACH * WITH_NUMBER))
        self.people: list[CrmProfile] = [one for one in known if self._packages_of(one)][:profiles]

    @property
    def packages(self) -> int:
        """How many packages belong to the profiles."""
        return sum(map(self._packages_of, self.people))

    def _packages_of(self, one: CrmProfile) -> int:
        return len(self.project.packages_of(one.stable_hash_id or ""))

    def tenant(self, platform: Platform, slug: str) -> Tenant:
        """Add a tenant with the project's key, and its profiles, each linked to its customer."""
        tenant = add_tenant(platform.database, slug=slug, name=slug.title(), zone=ZONE, country="TH")
        set_credential(
            platform.database, platform.keyring, tenant.id, source="crm", environment="sandbox",
            account=self.project.name, secrets={"api_key": self.project.spec.api_key},
            settings={"base_url": self.stand_in.url, "country": "TH"},
        )  # fmt: skip
        facts = [ProfileFacts(one.profile_id, one.full_name, one.phone, one.email) for one in self.people]
        save_profiles(platform, tenant, facts)
        with platform.database.transaction(tenant.id) as conn:
            conn.cursor().executemany(
                "insert into crm.customer_mapping (tenant_id, profile_id, stable_hash_id, method, score, state, actor)"
                " values (%s, %s, %s, 'manual', 1, 'confirmed', 'bench')",
                [(tenant.id, one.profile_id, one.stable_hash_id) for one in self.people],
            )
        return tenant


@contextmanager
def served(stage: Stage, sizes: Sequence[int]) -> Iterator[list[Club]]:
    """A club for each number of profiles, all behind one stand-in in a process of its own."""
    with started(stage, "benchmarks.clubs", [str(size) for size in sizes]) as stand_in:
        yield [Club(stand_in, size) for size in sizes]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clubs")
    parser.add_argument("now", type=datetime.fromisoformat)
    parser.add_argument("profiles", type=int, nargs="+")
    options = parser.parse_args()
    serve_all(CrmSandbox([build_crm(club_spec(size, options.now)) for size in options.profiles]), {})


if __name__ == "__main__":
    main()
