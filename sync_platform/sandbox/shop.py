"""A shop that can be served and changed at the same time."""

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any, Literal, cast, get_args

from sync_platform.sandbox.collection import Collection, Record, decode, encode
from sync_platform.sandbox.history import History, listed_at
from sync_platform.sandbox.lookups import Lookups, build_lookups
from sync_platform.sandbox.members import Members
from sync_platform.sandbox.object_ids import ObjectIds
from sync_platform.sandbox.products import Catalogue
from sync_platform.sandbox.returns import RefundPlace, Return, ReturnDesk, returnable, void
from sync_platform.sandbox.spec import ShopSpec
from sync_platform.sandbox.till import Stamp, Till
from sync_platform.sandbox.trading import sale_moments

Entity = Literal["members", "transactions", "products"]
ENTITIES: tuple[Entity, ...] = get_args(Entity)
Clock = Callable[[], float]


class Shop:
    """All records of one shop, as they are now.

    Every change takes the lock, sets ``modified`` and is seen by the next request. Without a ``clock``
    (seconds since the epoch) each change happens one second after the last, from ``spec.now`` on: repeatable.
    A ``sibling`` is another shop of the same company: both list the same members.
    """

    def __init__(self, spec: ShopSpec, *, clock: Clock | None = None, sibling: "Shop | None" = None) -> None:
        self.spec = spec
        self.lock: RLock = sibling.lock if sibling else RLock()
        self.denied: set[str] = set()
        self._clock, self._now = clock, spec.now_ms
        ids = ObjectIds(f"{spec.company_name}/{spec.name}/{spec.shop_key}/{spec.seed}")
        self.lookups: Lookups = build_lookups(spec, ids)
        self.members: Collection = sibling.members if sibling else Collection(self.lock)
        self.products = Collection(self.lock)
        self.transactions = Collection(self.lock, listed_at)
        self._catalogue = Catalogue(spec, self.lookups, ids)
        self._people = Members(spec, self.lookups, ids)
        catalogue = self._catalogue.all()
        self.products.put_all(catalogue)
        self._till = Till(spec, self.lookups, catalogue, ids)
        self._desk = ReturnDesk(self._till)
        self._write_history(ids)

    def _write_history(self, ids: ObjectIds) -> None:
        spec = self.spec
        own = [ids.next(spec.start_ms) for _ in range(spec.members)]
        history = History(self._till, self.transactions, own, spec.now_ms, spec.seed)
        history.write(sale_moments(spec, self._till.rng))
        self.members.put_all(self._people.build(key, visits) for key, visits in history.visits.items())

    @property
    def name(self) -> str:
        """The shop's name: what journals and the control interface call it."""
        return self.spec.name

    def collection(self, entity: str) -> Collection:
        """One of the three big collections. ``KeyError`` for anything else."""
        if entity not in ENTITIES:
            raise KeyError(entity)
        return cast(Collection, getattr(self, entity))

    def truth(self, entity: str) -> list[Record]:
        """Every record as it is now, deleted ones too; lookups by their own name (``brands``, ...)."""
        if entity in ("brands", "categories", "terminals", "vendors", "employees"):
            return [decode(encode(record)) for record in getattr(self.lookups, entity)]
        return list(self.collection(entity).records())

    def tick(self) -> int:
        """The moment of the next change, epoch milliseconds; never the same twice."""
        with self.lock:
            self._now = max(self._now + 1000, int(self._clock() * 1000)) if self._clock else self._now + 1000
            return self._now

    # --- changes -------------------------------------------------------------------------------------

    def modify(self, entity: Entity, record_id: str, *, modified: int | None = None, **fields: Any) -> Record:
        """Set fields of a record. ``modified`` moves unless another moment is given."""
        with self.lock:
            record = self.collection(entity).get(record_id) | fields
            record["modified"] = self.tick() if modified is None else modified
            self.collection(entity).put(record)
            return record

    def delete(self, entity: Entity, record_id: str) -> Record:
        """Mark as deleted: the vendor goes on listing it."""
        return self.modify(entity, record_id, deleted=True)

    def erase(self, entity: Entity, record_id: str) -> None:
        """Take the record out of every list, without a trace."""
        self.collection(entity).remove(record_id)

    def publish(self, entity: Entity, record: Record) -> Record:
        """List a record exactly as given, an older ``modified`` included."""
        self.collection(entity).put(record)
        return record

    def add_member(self, **fields: Any) -> Record:
        """Somebody signs up."""
        with self.lock:
            return self.publish("members", self._people.new(self.tick()) | fields)

    def add_product(self, **fields: Any) -> Record:
        """A product joins the catalogue and can be sold."""
        with self.lock:
            at = self.tick()
            product = self._catalogue.next(at) | {"modified": at} | fields
            self._till.baskets.offer(product)
            return self.publish("products", product)

    def add_sale(self, *, completed: int | None = None, member_id: str | None = None, **fields: Any) -> Record:
        """A sale is completed, now or at the given epoch millisecond; the member's visit is noted."""
        with self.lock:
            now = self.tick()
            at = now if completed is None else completed
            sale = self._till.sale(Stamp(at, max(at, now), member_id)) | fields
            if member_id is not None and member_id in self.members:
                earned = sale["pointsEarned"]
                member = self.members.get(member_id)
                self.modify(
                    "members",
                    member["id"],
                    modified=max(at, now),
                    lastVisitDate=at,
                    loyaltyPoints=round(member["loyaltyPoints"] + earned, 2),
                    lifetimePoints=round(member["lifetimePoints"] + earned, 2),
                )
            return self.publish("transactions", sale)

    def returnable_sales(self) -> Sequence[str]:
        """Ids of the sales of which something can still be taken back."""
        return [record["id"] for record in self.transactions.records() if returnable(record)]

    def refund(self, transaction_id: str, *, lines: int | None = None, place: RefundPlace = "finalRefundAmt") -> Return:
        """Take back the first ``lines`` lines of a sale, or all: changes the sale and adds a transaction."""
        with self.lock:
            sale = self.transactions.get(transaction_id)
            if not returnable(sale):
                raise ValueError(f"nothing is left to return of {transaction_id}")
            done = self._desk.refund(sale, self.tick(), lines=lines, place=place)
            self.publish("transactions", done.sale)
            self.publish("transactions", done.transaction)
            return done

    def void(self, transaction_id: str) -> Record:
        """Undo a sale in place."""
        with self.lock:
            return self.publish("transactions", void(self.transactions.get(transaction_id), self.tick()))


def build_shop(spec: ShopSpec, *, clock: Clock | None = None, sibling: Shop | None = None) -> Shop:
    """The shop that a description describes, with its whole history."""
    if sibling is not None and sibling.spec.company_name != spec.company_name:
        raise ValueError(f"{spec.name} and {sibling.name} are not of one company")
    return Shop(spec, clock=clock, sibling=sibling)
