"""The merchants of the bench: how many payments and invoices each has, and a process that serves them.

``python -m benchmarks.clinics NOW PAYMENTS:INVOICES:DIGITS...`` serves one merchant for each shape until SIGTERM.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from benchmarks.stage import Stage
from benchmarks.stand_in import StandIn, started
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.keys import KeyRing
from sync_platform.db.pool import Database
from sync_platform.db.tenants import add_tenant
from sync_platform.sandbox.mx_merchant import build_merchant
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.sandbox.mx_spec import MxSpec
from sync_platform.sandbox.serve import serve_all

PAYMENTS_PER_DAY = 300
ZONE = "America/New_York"


@dataclass(frozen=True)
class Shape:
    """So many payments, which belong to so many different invoices.

    ``digits`` is the share of the stand-alone payments whose text looks like an invoice's number: to find out that it
    is none costs calls.
    """

    payments: int
    invoices: int
    digits: float = 0.0

    @classmethod
    def of(cls, text: str) -> "Shape":
        """As the command line has it. Raises ValueError."""
        payments, invoices, digits = text.split(":")
        return cls(int(payments), int(invoices), float(digits))

    def __str__(self) -> str:
        return f"{self.payments}:{self.invoices}:{self.digits}"

    @property
    def slug(self) -> str:
        """The merchant's name."""
        return f"clinic-{self.payments}-{self.invoices}"

    @property
    def days(self) -> int:
        """How many days the payments are spread over."""
        return max(1, min(365, self.payments // PAYMENTS_PER_DAY))

    def spec(self, now: datetime) -> MxSpec:
        """The merchant. Its history ends before the day of ``now`` begins: nothing of it is an open day's."""
        return MxSpec(
            name=self.slug,
            merchant_id=1_000_000_000 + self.payments * 100 + self.invoices,
            consumer_key=f"bench-{self.slug}-key",
            consumer_secret=f"bench-{self.slug}-invented-secret",
            zone=ZONE,
            seed=7,
            first_day=first_day(now, self),
            days=self.days,
            payments=self.payments,
            invoices=self.invoices,
            digit_references=self.digits,
        )


def first_day(now: datetime, shape: Shape) -> date:
    """The first day of a merchant's history; the last one is the day before yesterday."""
    return now.astimezone(UTC).date() - timedelta(days=shape.days + 1)


class Clinics(StandIn):
    """Merchants that are served, and what the server says of them."""

    def tenant(self, stage: Stage, database_url: str, shape: Shape, slug: str) -> Tenant:
        """Add a tenant with the keys of a merchant. Several tenants may have those of one."""
        spec = shape.spec(self.now)
        with Database(database_url, pool_size=2) as database:
            tenant = add_tenant(database, slug=slug, name=slug.title(), zone=spec.zone, country="US")
            set_credential(
                database, KeyRing([stage.master_key]), tenant.id, source="mx_merchant", environment="sandbox",
                account=str(spec.merchant_id), settings={"base_url": self.url},
                secrets={"consumer_key": spec.consumer_key, "consumer_secret": spec.consumer_secret},
            )  # fmt: skip
            return tenant

    def links(self, shape: Shape) -> dict[int, int]:
        """Payment -> invoice, as the merchant knows it."""
        found = self.ask("GET", "links", params={"shop": shape.slug})
        return {int(payment): invoice for payment, invoice in found.items()}


@contextmanager
def served(stage: Stage, shapes: Sequence[Shape]) -> Iterator[Clinics]:
    """Merchants of these shapes behind a stand-in in a process of its own."""
    with started(stage, "benchmarks.clinics", [str(shape) for shape in shapes]) as stand_in:
        yield Clinics(stand_in.url, stand_in.now)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clinics")
    parser.add_argument("now", type=datetime.fromisoformat)
    parser.add_argument("shapes", type=Shape.of, nargs="+", metavar="PAYMENTS:INVOICES:DIGITS")
    options = parser.parse_args()
    serve_all(MxSandbox([build_merchant(shape.spec(options.now)) for shape in options.shapes]), {})


if __name__ == "__main__":
    main()
