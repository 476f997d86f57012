"""Purchase files of any size and dialect, right or with errors at chosen lines; the template and a sample (CSV-40)."""

import csv
import gzip
import io
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

FIELDS = (
    "transaction_number",
    "transaction_date",
    "user_id",
    "sku_id",
    "quantity",
    "unit_price",
    "line_total",
    "final_amount",
    "discount_amount",
    "tax_amount",
    "note",
)
GERMAN = {
    "transaction_number": "Belegnummer",
    "transaction_date": "Datum",
    "user_id": "Kunde",
    "sku_id": "Artikel",
    "quantity": "Menge",
    "unit_price": "Einzelpreis",
    "line_total": "Zeilensumme",
    "final_amount": "Endbetrag",
    "discount_amount": "Rabatt",
    "tax_amount": "Steuer",
    "note": "Bemerkung",
}
SPANISH = {
    "transaction_number": "Número de transacción",
    "transaction_date": "Fecha",
    "user_id": "Usuario",
    "sku_id": "Artículo",
    "quantity": "Cantidad",
    "unit_price": "Precio unitario",
    "line_total": "Total de línea",
    "final_amount": "Importe final",
    "discount_amount": "Descuento",
    "tax_amount": "Impuesto",
    "note": "Nota",
}
_NOTES = ("", "", "", "", "gift wrapped", "Café, Straße 5", 'says "thanks"', "paid; collected later")
_START = datetime(2026, 1, 1, 8)  # noqa: DTZ001


@dataclass(frozen=True)
class Dialect:
    """How a file is written. ``names`` are the header's, by ours."""

    separator: str = ","
    encoding: str = "utf-8"
    line_end: str = "\n"
    decimal: str = "."
    date_format: str = "%Y-%m-%dT%H:%M:%S"
    quote_all: bool = False
    packed: bool = False
    names: Mapping[str, str] | None = None

    def header(self) -> list[str]:
        """The column names of the file."""
        return [(self.names or {}).get(field, field) for field in FIELDS]

    def mapping(self) -> dict[str, str]:
        """From the file's names to ours, as it is saved for a tenant."""
        return {name: field for field, name in (self.names or {}).items()}


PLAIN = Dialect()
EXPORT = Dialect(";", "cp1252", "\r\n", ",", names=GERMAN)  # as spreadsheets of half of Europe write it


@dataclass(frozen=True)
class Written:
    """What a file holds: lines below its header, and purchases."""

    lines: int
    purchases: int


def template() -> bytes:
    """Only the header."""
    return (",".join(FIELDS) + "\r\n").encode()


def sample(users: Sequence[str], skus: Sequence[str]) -> bytes:
    """Some purchases with ids of the tenant that can be imported as they are."""
    out = io.BytesIO()
    write_purchases(out, 6, users, skus, dialect=Dialect(line_end="\r\n"))
    return out.getvalue()


def write_purchases(
    out: BinaryIO,
    lines: int,
    users: Sequence[str],
    skus: Sequence[str],
    *,
    seed: int = 1,
    dialect: Dialect = PLAIN,
    errors: Mapping[int, str] | None = None,
    first_number: int = 1,
) -> Written:
    """Writes a file line by line. ``errors``: line of the file (the header is 1) -> a name of ERRORS."""
    purchases = 0
    last = ""
    with ExitStack() as files:
        target: BinaryIO = out
        if dialect.packed:
            target = files.enter_context(gzip.GzipFile(fileobj=out, mode="wb", mtime=0))  # type: ignore[assignment]
        text = io.TextIOWrapper(target, dialect.encoding, errors="surrogateescape", newline="")
        files.callback(text.detach)
        writer = csv.writer(
            text,
            delimiter=dialect.separator,
            lineterminator=dialect.line_end,
            quoting=csv.QUOTE_ALL if dialect.quote_all else csv.QUOTE_MINIMAL,
        )
        writer.writerow(dialect.header())
        for at, cells in enumerate(purchase_rows(lines, users, skus, seed, dialect, first_number), 2):
            purchases += cells[0] != last
            last = cells[0]
            error = (errors or {}).get(at)
            if error in _LINES:
                text.write(_LINES[error](dialect.separator.join(cells[:10]), dialect.separator) + dialect.line_end)
            else:
                writer.writerow(ERRORS[error](cells) if error else cells)
        text.flush()
    return Written(lines, purchases)


def purchase_rows(
    lines: int, users: Sequence[str], skus: Sequence[str], seed: int, dialect: Dialect, first_number: int = 1
) -> Iterator[list[str]]:
    """Cells line by line; one to five lines are a purchase, and each of them repeats its totals."""
    rng = random.Random(seed)
    number = first_number
    while lines > 0:
        items = [(rng.choice(skus), rng.randrange(1, 6), rng.randrange(50, 9_999)) for _ in range(rng.randrange(1, 6))]
        items = items[:lines]
        lines -= len(items)
        total = sum(quantity * price for _, quantity, price in items)
        discount, tax = (total // 10 if rng.random() < 0.2 else 0), total // 13
        date = (_START + timedelta(minutes=7 * (number % 60_000), seconds=rng.randrange(60))).strftime(
            dialect.date_format
        )
        sums = [_money(cents, dialect) for cents in (total - discount + tax, discount, tax)]
        head = [f"T-{number:07}", date, rng.choice(users)]
        for sku, quantity, price in items:
            amounts = [_money(price, dialect), _money(quantity * price, dialect), *sums]
            yield [*head, sku, str(quantity), *amounts, rng.choice(_NOTES)]
        number += 1


def _money(cents: int, dialect: Dialect) -> str:
    return f"{cents // 100}{dialect.decimal}{cents % 100:02}"


def _changed(field: str, change: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    at = FIELDS.index(field)
    return lambda cells: [*cells[:at], change(cells[at]), *cells[at + 1 :]]


def _other_mark(value: str) -> str:
    return "0,5" if "." in value else "0.5"


def _one_more(cells: list[str]) -> list[str]:
    """The total of the purchase is no longer that of its lines."""
    return [*cells[:4], str(int(cells[4]) + 1), cells[5], "", *cells[7:]]


# by code. The last five are found in the database: differs_in_purchase in a purchase of several lines only;
# line_total_wrong makes the final amount wrong as well
ERRORS: dict[str, Callable[[list[str]], list[str]]] = {
    "ragged_line": lambda cells: [*cells, "one too many"],
    "cell_too_long": _changed("note", lambda _: "x" * 70_000),
    "encoding": _changed("note", lambda _: "\udc81"),
    "missing_value": _changed("user_id", lambda _: ""),
    "not_a_number": _changed("quantity", lambda _: "three"),
    "thousands_separator": _changed("unit_price", lambda _: "1,234.50"),
    "decimal_mark": _changed("unit_price", _other_mark),
    "too_many_decimals": _changed("unit_price", lambda value: value + "123"),
    "number_too_large": _changed("quantity", lambda _: "12345678901"),
    "negative_number": _changed("quantity", lambda value: f"-{value}"),
    "not_a_date": _changed("transaction_date", lambda _: "2026-02-30"),
    "date_out_of_range": _changed("transaction_date", lambda _: "0026-02-03"),
    "too_long": _changed("sku_id", lambda _: "s" * 201),
    "user_unknown": _changed("user_id", lambda value: f"{value}-gone"),
    "sku_unknown": _changed("sku_id", lambda value: f"{value}-gone"),
    "differs_in_purchase": _changed("transaction_date", lambda _: "2025-12-31T00:00:00"),
    "final_amount_wrong": _one_more,
    "line_total_wrong": _changed("line_total", lambda value: f"9{value}"),
}
# what csv.writer would never write
_LINES: dict[str | None, Callable[[str, str], str]] = {"quoting": lambda line, separator: f'{line}{separator}"a"b'}
