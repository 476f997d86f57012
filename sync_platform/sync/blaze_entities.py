"""The entities of Blaze as data: record type, field map, tables. One row here per entity, no code elsewhere."""

from functools import partial

from sync_platform.db.blaze_tables import CUSTOMERS, PRODUCTS, TRANSACTION_ITEMS, TRANSACTIONS, kind_of
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.request import Entity
from sync_platform.transforms import blaze_rows
from sync_platform.transforms.blaze_catalogue import FIELDS, VALUES
from sync_platform.transforms.blaze_records import Member, Product, Transaction
from sync_platform.transforms.decode import RecordDecoder
from sync_platform.transforms.drift import DriftDetector

SOURCE = "blaze"

_entity = partial(SourceEntity, SOURCE, values=VALUES)

CUSTOMERS_ENTITY = _entity(
    "customers", CUSTOMERS, RecordDecoder(Member, blaze_rows.customer), DriftDetector(FIELDS["customers"], Member)
)
TRANSACTIONS_ENTITY = _entity(
    "transactions",
    TRANSACTIONS,
    RecordDecoder(Transaction, blaze_rows.transaction),
    DriftDetector(FIELDS["transactions"], Transaction),
    lines=TRANSACTION_ITEMS,
)
PRODUCTS_ENTITY = _entity(
    "products",
    PRODUCTS,
    RecordDecoder(Product, blaze_rows.product),
    DriftDetector(FIELDS["products"], Product),
    about=kind_of,
)

BLAZE_ENTITIES: dict[Entity, SourceEntity] = {
    entity.name: entity for entity in (CUSTOMERS_ENTITY, TRANSACTIONS_ENTITY, PRODUCTS_ENTITY)
}
