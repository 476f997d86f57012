"""Neither keys nor personal values reach the ledger, results, drift or cursors."""

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.faults import Fault, FaultKind
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import ENTITIES
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.syncing import rows, sync, sync_all

CANARY = "Canaria"
MAIL = "canary@example.org"
SHOWN = ("platform.sync_runs", "platform.schema_drift", "platform.sync_cursors", "platform.circuit_breakers")
FAULTS: list[FaultKind] = ["unauthorized", "forbidden", "status", "html", "truncated", "duplicate_keys", "redirect"]


@pytest.mark.parametrize("kind", FAULTS)
def test_failed_runs_tell_no_key_and_no_person(
    platform: Platform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox, clock: TestClock, kind: FaultKind
) -> None:
    """HTTP-08, I8, F-70: messages, reports and results, of rejects and dry runs as well."""
    for key in shop.members.ids()[:20]:
        shop.modify("members", key, firstName=CANARY, lastName=CANARY, email=MAIL, primaryPhone=CANARY)
    shop.modify("members", shop.members.ids()[0], loyaltyPoints=CANARY)
    shop.modify("members", shop.members.ids()[1], address=CANARY)
    clock.forward()
    results = [sync(platform, owner, "customers", kind="dry_run"), *sync_all(platform, owner)]
    sandbox.faults.add(Fault(kind=kind, location=f"http://{CANARY}.example.org/?email={MAIL}"))
    results += [sync(platform, owner, entity, kind="backfill") for entity in ENTITIES]
    shown = " ".join(
        [repr((result.reports, result.error, str(result.error))) for result in results]
        + [str(rows(platform.database, owner, f"select * from {table}")) for table in SHOWN]
    )
    for secret in (CANARY, MAIL, shop.spec.partner_key, shop.spec.shop_key):
        assert secret.lower() not in shown.lower()
