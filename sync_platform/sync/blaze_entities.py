"""The entities of Blaze as data: record type, field map, tables. One row here per entity, no code elsewhere."""

from dataclasses import dataclass
from typing import Any

from sync_platform.db.blaze_tables import CUSTOMERS, PRODUCTS, TRANSACTION_ITEMS, TRANSACTIONS
from sync_platform.db.target import Target
from sync_platform.sync.request import LINES, Entity
from sync_platform.transforms import blaze_rows
from sync_platform.transforms.blaze_catalogue import VALUES
from sync_platform.transforms.blaze_records import Member, Product, Transaction
from sync_platform.transforms.decode import RecordDecoder
from sync_platform.transforms.drift import DriftDetector

SOURCE = "blaze"


@dataclass(frozen=True)
class BlazeEntity:
    """``lines`` is the table of the lines that arrive inside this entity's records, if any."""

    name: Entity
    target: Target
    decoder: RecordDecoder[Any]
    drift: DriftDetector
    lines: Target | None = None

    @property
    def ledger_entities(self) -> tuple[str, ...]:
        """Entities that one run of this one writes: a ledger row each."""
        return (self.name, LINES) if self.lines else (self.name,)

    def known_values(self, table: str) -> dict[str, frozenset[str]]:
        """Documented values of the enumerated columns of a table."""
        return VALUES[table]


CUSTOMERS_ENTITY = BlazeEntity(
    "customers", CUSTOMERS, RecordDecoder(Member, blaze_rows.customer), DriftDetector("customers", Member)
)
TRANSACTIONS_ENTITY = BlazeEntity(
    "transactions",
    TRANSACTIONS,
    RecordDecoder(Transaction, blaze_rows.transaction),
    DriftDetector("transactions", Transaction),
    TRANSACTION_ITEMS,
)
PRODUCTS_ENTITY = BlazeEntity(
    "products", PRODUCTS, RecordDecoder(Product, blaze_rows.product), DriftDetector("products", Product)
)

BLAZE_ENTITIES: dict[Entity, BlazeEntity] = {
    entity.name: entity for entity in (CUSTOMERS_ENTITY, TRANSACTIONS_ENTITY, PRODUCTS_ENTITY)
}
