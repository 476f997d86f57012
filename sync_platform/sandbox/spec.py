"""What a stand-in shop is made of: the description from which all its records follow."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sync_platform.core.window import start_of_day

DEMO_PARTNER_KEY = "demo-partner-key"
Country = Literal["US", "DE", "AU"]
Rounding = Literal["ONE_CENT", "FIVE_CENT", "NEAREST_DOLLAR", "UP_DOLLAR", "DOWN_DOLLAR"]


@dataclass(frozen=True, kw_only=True)
class TaxRate:
    """``basis_points`` is hundredths of a per cent: 825 is 8.25 %."""

    name: str
    kind: str
    basis_points: int


DEFAULT_TAXES = (
    TaxRate(name="City", kind="City", basis_points=500),
    TaxRate(name="Excise", kind="County", basis_points=1500),
    TaxRate(name="State", kind="State", basis_points=825),
)


@dataclass(frozen=True, kw_only=True)
class ShopSpec:
    """One shop. The same description always gives the same records (SBX-01).

    ``transactions`` asks for an exact number of transactions of all kinds; without it the number follows from
    ``sales_per_day``. ``opens`` and ``closes`` are whole hours of the shop's own clock, ``closes`` up to 24.
    Nothing in the shop is later than ``now``, which defaults to the end of the last day.
    """

    name: str
    shop_key: str
    zone: str
    seed: int
    first_day: date
    days: int
    members: int = 100
    products: int = 60
    sales_per_day: float = 20.0
    transactions: int | None = None
    now: datetime | None = None
    partner_key: str = DEMO_PARTNER_KEY
    company: str = ""
    country: Country = "US"
    opens: int = 9
    closes: int = 22
    rounding: Rounding = "ONE_CENT"
    taxes: tuple[TaxRate, ...] = DEFAULT_TAXES

    def __post_init__(self) -> None:
        if self.days < 1 or self.products < 1 or self.members < 0:
            raise ValueError("a shop needs at least one day and one product, and not fewer than no members")
        if not 0 <= self.opens < self.closes <= 24:
            raise ValueError(f"a shop cannot open at {self.opens} and close at {self.closes}")
        if self.now is not None and self.now.tzinfo is None:
            raise ValueError("the shop's now needs a time zone")

    @property
    def tz(self) -> ZoneInfo:
        """The zone whose calendar days the shop trades in."""
        return ZoneInfo(self.zone)

    @property
    def company_name(self) -> str:
        """Shops of one company share their members; a shop without a company is its own."""
        return self.company or self.name

    @property
    def now_ms(self) -> int:
        """The last instant of the shop's history, epoch milliseconds."""
        end = self.now or start_of_day(self.first_day + timedelta(days=self.days), self.tz)
        return int(end.astimezone(UTC).timestamp() * 1000)

    @property
    def start_ms(self) -> int:
        """The first instant of the shop's first day, epoch milliseconds."""
        return int(start_of_day(self.first_day, self.tz).timestamp() * 1000)
