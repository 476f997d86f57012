"""The CRM's tables as PostgreSQL knows them: types, how a text becomes a value of one, and how values compare."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sync_platform.sandbox.crm_packages import EMPTY
from sync_platform.sandbox.crm_refusals import PgrstRefusal
from sync_platform.sandbox.crm_spec import PackageIds

INT4 = 2**31


def _whole(text: str) -> int:
    number = int(text.strip())
    if not -INT4 <= number < INT4:
        raise OverflowError
    return number


def _number(text: str) -> Decimal:
    number = Decimal(text.strip())
    if not number.is_finite():
        raise ValueError(text)
    return number


def _moment(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ColumnType:
    """A type of PostgreSQL. ``code``: the error for a text that is no value of it."""

    name: str
    parse: Callable[[str], Any]
    code: str = "22P02"

    def value(self, text: str) -> Any:
        """What is compared with. Raises ``PgrstRefusal`` for a text that is none."""
        try:
            return self.parse(text)
        except OverflowError:
            raise PgrstRefusal(400, "22003", f'value "{text}" is out of range for type {self.name}') from None
        except (ValueError, InvalidOperation):
            raise PgrstRefusal(400, self.code, f'invalid input syntax for type {self.name}: "{text}"') from None

    def stored(self, value: Any) -> Any:
        """A stored value as it is compared; one that is of no type, which only a poisoned row has, as no value."""
        if type(value) is int and self.name != "text":
            return value
        try:
            return None if value is None else self.parse(str(value))
        except (ValueError, InvalidOperation, OverflowError):
            return None


TEXT = ColumnType("text", str)
INTEGER = ColumnType("integer", _whole)
NUMERIC = ColumnType("numeric", _number)
DATE = ColumnType("date", lambda text: date.fromisoformat(text.strip()), "22007")
MOMENT = ColumnType("timestamp with time zone", lambda text: _moment(text.strip()), "22007")
TYPES = {kind.name: kind for kind in (TEXT, INTEGER, NUMERIC, DATE, MOMENT)}
ALIASES = {"int": "integer", "int4": "integer", "bigint": "integer", "varchar": "text", "timestamptz": MOMENT.name}

Columns = dict[str, ColumnType]

CUSTOMER_COLUMNS: Columns = {
    "id": INTEGER,
    "customer_name": TEXT,
    "contact_number": TEXT,
    "email": TEXT,
    "stable_hash_id": TEXT,
    "created_at": MOMENT,
}


def _package_type(name: str) -> ColumnType:
    if name.endswith("_date") and not name.startswith("created"):
        return DATE
    if name.startswith("created_at"):
        return MOMENT
    if "hours" in name:
        return NUMERIC
    return INTEGER if "pax" in name else TEXT


def package_columns(ids: PackageIds) -> Columns:
    """The columns of ``packages``."""
    head = {"id": INTEGER if ids == "integer" else TEXT, "customer_name": TEXT, "stable_hash_id": TEXT}
    return head | {name: _package_type(name) for name in EMPTY}


def cast(value: Any, wanted: str) -> Any:
    """``value::wanted``. Raises ``PgrstRefusal`` for a type that is unknown or that the value cannot be."""
    kind = TYPES.get(ALIASES.get(wanted, wanted))
    if kind is None:
        raise PgrstRefusal(400, "42704", f'type "{wanted}" does not exist')
    if value is None:
        return None
    if kind is TEXT:
        return str(value)
    found = kind.value(str(value))
    if isinstance(found, Decimal):
        return int(found) if found == int(found) else float(found)
    return found


def column_of(table: str, columns: Columns, name: str) -> ColumnType:
    """A column's type. Raises ``PgrstRefusal`` for an unknown one."""
    if name not in columns:
        raise PgrstRefusal(400, "42703", f"column {table}.{name} does not exist")
    return columns[name]
