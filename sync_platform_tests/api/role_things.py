"""What the paths of the service name, one of each at a tenant, for the matrix of roles (F-60)."""

from collections.abc import Callable
from uuid import UUID, uuid4

import psycopg

from sync_platform.core.tenant import Tenant
from sync_platform.db.ledger import finish_run, start_run
from sync_platform.db.profiles import ProfileFacts
from sync_platform.db.run_row import RunStart
from sync_platform.sync.comparison import compare
from sync_platform.sync.invitations import invite
from sync_platform.sync.profiles import save_profiles
from sync_platform.sync.run_requests import ask, cancel
from sync_platform_tests.api.conftest import Service
from sync_platform_tests.api.role_matrix import CSV
from sync_platform_tests.api.test_api_matches import asked
from sync_platform_tests.api.test_api_quarantine import stored
from sync_platform_tests.sync.cut_over.sides import Sides


class Things:
    """Of one tenant; ``named("batch_id")`` is what a path gets."""

    def __init__(
        self,
        service: Service,
        tenant: Tenant,
        database_url: str,
        grant: Callable[..., None],
        may_import: dict[str, str],
    ) -> None:
        self._service, self._grant, self._url, self.tenant = service, grant, database_url, tenant
        platform = service.platform
        Sides(platform.database, tenant, database_url).customers(4, 1)
        compare(platform, tenant, ["customers"], actor="test")
        review = asked(service, tenant)  # before there are profiles of people
        start = RunStart(tenant.id, "crm", "packages", "manual", None, "test")
        finish_run(platform.database, tenant.id, start_run(platform.database, start, 60), "succeeded")
        run = ask(platform, tenant, "sync.manual", {"source": "blaze", "entities": ["products"]}, "user:other", None)
        cancel(platform, tenant, run.id)
        brought = service.client.post(
            "/api/import/purchases", files={"file": ("b.csv", f"{CSV}T-2,2026-03-01,u1,s1,1,2\r\n")}, headers=may_import
        )
        items = stored(service, 2, tenant)
        self._known = {
            "batch_id": brought.json()["batch_id"],
            "merchant_id": tenant.slug,
            "review_id": review.id,
            "item_id": items[0].id,
            "other_item_id": items[1].id,
            "promotion_id": self._promotion(),
            "run_id": run.id,
        }

    def has(self, name: str) -> bool:
        """Whether there is such a thing."""
        return name in ("grant_id", "invitation_id", *self._known)

    def named(self, name: str) -> str:
        """What there is one of is the same every time; what is taken away is made anew."""
        if name == "grant_id":
            return str(self._granted())
        if name == "invitation_id":
            _, row = invite(self._service.platform, self.tenant, "viewer", by=None, actor="test")
            return str(row.id)
        return str(self._known[name])

    def add_profile(self, person: UUID) -> None:
        """The person is a customer's profile at the tenant, so that there is something of the own."""
        save_profiles(self._service.platform, self.tenant, [ProfileFacts(str(person), "Somebody Invented")])

    def _granted(self) -> int:
        user = uuid4()
        self._grant(user, "viewer", self.tenant)
        with self._service.platform.database.transaction(self.tenant.id) as conn:
            row = conn.execute(
                "select id from platform.user_tenant_permissions where user_id = %s and tenant_id = %s",
                (user, self.tenant.id),
            ).fetchone()
        assert row is not None
        return int(row[0])

    def _promotion(self) -> int:
        with psycopg.connect(self._url) as administrator:
            row = administrator.execute(
                "insert into platform.promotions (tenant_id, kind, entity, field, state, actor)"
                " values (%s, 'promotion', 'customers', 'phone', 'active', 'test') returning id",
                (self.tenant.id,),
            ).fetchone()
        assert row is not None
        return int(row[0])
