"""The assets of the CRM: packages of profiles and the copy of its customers, by day of reading and tenant."""

from collections.abc import Sequence

import dagster as dg

from sync_platform.db.crm_tables import TABLES
from sync_platform.defs.assets.fetch import Fetch
from sync_platform.defs.assets.fetched import fetched
from sync_platform.sync.crm_entities import SOURCE

PACKAGES = Fetch(
    SOURCE,
    "packages",
    {
        "packages": "Packages of all linked profiles as the CRM had them on the day.",
        # read first, where the copy is older than the setting allows: whose packages these are is found out from it
        "customers": "Copy of the CRM's customers, as profiles were linked to them on the day.",
    },
    TABLES,
    snapshot=True,
)

FETCHES = (PACKAGES,)


def crm_assets() -> Sequence[dg.AssetsDefinition]:
    """All assets of this source: one fetch fills them all."""
    return [fetched(fetch) for fetch in FETCHES]
