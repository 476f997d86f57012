"""What a stand-in merchant is made of: the description from which all its records follow."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sync_platform.core.window import start_of_day


@dataclass(frozen=True, kw_only=True)
class MxProduct:
    """Something that is sold. ``price`` in cents; ``variant`` is part of the written name as well."""

    product_id: int
    name: str
    price: int
    variant: str = ""


CLINIC_PRODUCTS = (
    MxProduct(product_id=717001, name="Monthly Plan", price=17500),
    MxProduct(product_id=717002, name="Lab Panel", price=9500),
    MxProduct(product_id=717003, name="Weight Plan - 4 Weeks", price=29900, variant="4 Weeks"),
    MxProduct(product_id=717004, name="Weight Plan - 12 Weeks", price=79900, variant="12 Weeks"),
    MxProduct(product_id=717005, name="Vitamin Drip - B12", price=12950, variant="B12"),
    MxProduct(product_id=717006, name="Vitamin Drip - C", price=12950, variant="C"),
    MxProduct(product_id=717007, name="Consultation", price=6000),
    MxProduct(product_id=717008, name="Follow-up Visit", price=4550),
    MxProduct(product_id=717009, name="Skin Care Kit", price=8820),
    MxProduct(product_id=717010, name="Hormone Panel", price=22480),
    MxProduct(product_id=717011, name="Peptide Course", price=34000),
    MxProduct(product_id=717012, name="Gift Card", price=5000),
)


@dataclass(frozen=True, kw_only=True)
class MxSpec:
    """One merchant. The same description always gives the same records (SBX-01).

    ``payments`` and ``invoices`` ask for an exact shape: so many payments of all kinds, which belong to so many
    different invoices; without them the numbers follow from ``payments_per_day``. ``unpaid_invoices`` are invoices
    that no payment belongs to, older and newer ones. ``digit_references`` is the share of stand-alone payments whose
    automatic ``invoice`` text happens to be all digits. ``opens`` and ``closes`` are hours of the merchant's clock.
    Nothing is later than ``now``, which defaults to the end of the last day.
    """

    name: str
    merchant_id: int
    consumer_key: str
    consumer_secret: str
    zone: str
    seed: int
    first_day: date
    days: int
    payments_per_day: float = 12.0
    payments: int | None = None
    invoices: int | None = None
    unpaid_invoices: int = 0
    digit_references: float = 0.2
    first_invoice_number: int = 2600
    surcharge_thousandths: int = 35
    surcharge_label: str = "admin fee"
    now: datetime | None = None
    dba: str = ""
    email: str = "OFFICE@EXAMPLE.ORG"
    products: tuple[MxProduct, ...] = CLINIC_PRODUCTS
    opens: int = 7
    closes: int = 19

    def __post_init__(self) -> None:
        if self.days < 1 or not self.products:
            raise ValueError("a merchant needs at least one day and one product")
        if not 0 <= self.opens < self.closes <= 24:
            raise ValueError(f"a merchant cannot open at {self.opens} and close at {self.closes}")
        if self.now is not None and self.now.tzinfo is None:
            raise ValueError("the merchant's now needs a time zone")
        if self.invoices is not None and (self.payments is None or not 0 <= self.invoices <= self.payments):
            raise ValueError("so many invoices need at least so many payments, and both to be given")

    @property
    def tz(self) -> ZoneInfo:
        """The zone whose calendar days the merchant trades in."""
        return ZoneInfo(self.zone)

    @property
    def written_name(self) -> str:
        """The name under which the merchant does business."""
        return self.dba or self.name.upper()

    @property
    def now_ms(self) -> int:
        """The last instant of the merchant's history, epoch milliseconds."""
        end = self.now or start_of_day(self.first_day + timedelta(days=self.days), self.tz)
        return int(end.astimezone(UTC).timestamp() * 1000)

    @property
    def start_ms(self) -> int:
        """The first instant of the merchant's first day, epoch milliseconds."""
        return int(start_of_day(self.first_day, self.tz).timestamp() * 1000)
