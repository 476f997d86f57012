"""The records of the CRM as data: record types, field maps, tables."""

from functools import cache
from zoneinfo import ZoneInfo

from sync_platform.db.crm_tables import CUSTOMERS, PACKAGES
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.request import Source
from sync_platform.transforms import crm_rows
from sync_platform.transforms.crm_catalogue import ALWAYS_SENT, FIELDS, VALUES
from sync_platform.transforms.crm_records import Customer, Package
from sync_platform.transforms.decode import RecordDecoder
from sync_platform.transforms.drift import DriftDetector

SOURCE: Source = "crm"
#: Of one run: the packages, and the copy of the customers where it was refreshed.
LEDGER_ENTITIES = ("packages", "customers")

CUSTOMER_RECORDS = SourceEntity(
    SOURCE,
    "customers",
    CUSTOMERS,
    RecordDecoder(Customer, crm_rows.customer, numbered=True),
    DriftDetector(FIELDS["customers"], Customer, ALWAYS_SENT["customers"]),
    VALUES,
)

_PACKAGE_DRIFT = DriftDetector(FIELDS["packages"], Package, ALWAYS_SENT["packages"])


@cache
def package_records(zone: ZoneInfo) -> SourceEntity:
    """Packages of a tenant in ``zone``. Their rows lack the profile, and end with the explicit nulls."""
    decoder = RecordDecoder(
        Package, lambda record, content_hash: crm_rows.package(record, content_hash, zone), mixed=True
    )
    return SourceEntity(SOURCE, "packages", PACKAGES, decoder, _PACKAGE_DRIFT, VALUES)
