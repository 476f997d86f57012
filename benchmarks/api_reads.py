"""What is read in the bench of the service: pages of lists and of a comparison, of a tenant that has rows for them."""

import io

from sync_platform.core.tenant import Tenant
from sync_platform.db.purchase_references import Reference, load_skus, load_users
from sync_platform.sandbox.purchase_files import write_purchases
from sync_platform.sync.comparison import compare
from sync_platform.sync.import_options import ImportOptions
from sync_platform.sync.imports import import_file
from sync_platform.sync.platform import Platform

IMPORTS = 60
USERS, SKUS = [f"user-{n}" for n in range(50)], [f"sku-{n}" for n in range(50)]


def paths_to_read(platform: Platform, tenant: Tenant) -> list[str]:
    """Fill what is not there yet: a comparison of the receipts, and more imports than a page has."""
    compare(platform, tenant, ["transactions"], actor="bench")
    load_users(platform.database, tenant.id, [Reference(one) for one in USERS])
    load_skus(platform.database, tenant.id, [Reference(one) for one in SKUS])
    for number in range(IMPORTS):
        file = io.BytesIO()
        write_purchases(file, 20, USERS, SKUS, seed=number, first_number=1 + 100 * number)
        file.seek(0)
        batch = import_file(platform, tenant, file, ImportOptions("bench", f"{number}.csv")).batch
    return [
        "/api/runs",
        "/api/import/list",
        f"/api/import/status/{batch.id}",
        "/api/compare/transactions",
        "/api/compare/transactions/rows?field=payment_type",
        "/api/quarantine",
        "/api/audit",
        "/api/budget",
    ]
