"""Raw records to typed ones: a page at a time, and record by record where one is bad (design: vendor records)."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from sync_platform.core.reject import Reject
from sync_platform.transforms.kept import kept
from sync_platform.transforms.loaded import Loaded
from sync_platform.transforms.values import ValueRejected

R = TypeVar("R")

_ANYTHING: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)


class RecordDecoder(Generic[R]):
    """Turns raw records of one type into rows. Never raises for bad data: what cannot be loaded is a Reject.

    ``to_row`` gets the record and its content hash; with ``whole`` also the record's JSON values, for rows that keep
    what came. ``numbered``: the source's ids are numbers, ``mixed``: some are numbers and some are texts (SYS-03).
    """

    def __init__(
        self,
        record_type: type[R],
        to_row: Callable[..., Loaded],
        *,
        whole: bool = False,
        numbered: bool = False,
        mixed: bool = False,
    ) -> None:
        self._type = record_type
        self._strict = msgspec.json.Decoder(record_type)
        self._to_row = to_row
        self._whole = whole
        self._id_types: tuple[type, ...] = (int, str) if mixed else (int,) if numbered else (str,)

    def rows(self, records: Sequence[msgspec.Raw], hashes: Sequence[bytes]) -> tuple[list[Loaded], list[Reject]]:
        """Rows and rejects of a page; together they are as many as the records (SYS-08)."""
        rows: list[Loaded] = []
        rejects: list[Reject] = []
        decode, to_row, whole = self._strict.decode, self._to_row, self._whole
        for raw, content_hash in zip(records, hashes, strict=True):
            try:
                record, digest = decode(raw), content_hash.hex()
                rows.append(to_row(record, digest, _ANYTHING.decode(raw)) if whole else to_row(record, digest))
            except (msgspec.MsgspecError, ValueRejected, RecursionError, UnicodeDecodeError):
                outcome = self._lenient(raw, content_hash)
                if isinstance(outcome, Reject):
                    rejects.append(outcome)
                else:
                    rows.append(outcome)
        return rows, rejects

    def _lenient(self, raw: msgspec.Raw, content_hash: bytes) -> Loaded | Reject:
        """A second look: blanks as nothing, numbers and flags sent as text. What still fails is quarantined."""
        digest = UUID(bytes=content_hash)
        try:
            values = _ANYTHING.decode(raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return Reject(None, "not_json", "", "the record is not JSON; ask the vendor", None, digest)
        try:
            record = msgspec.convert(_without_blanks(values), self._type, strict=False)
            return self._to_row(record, content_hash.hex(), *((values,) if self._whole else ()))
        except msgspec.ValidationError as error:
            reason, path, detail = explain(error)
        except ValueRejected as error:
            reason, path, detail = error.reason, error.path, error.detail
        except RecursionError:
            reason, path, detail = "too_deep", "", "the record is nested too deeply; ask the vendor"
        return Reject(_source_id(values, self._id_types), reason, path, detail, kept(values), digest)


def explain(error: msgspec.ValidationError) -> tuple[str, str, str]:
    """Reason code, field path and remedy out of the decoder's message, which names types and never values."""
    message, _, where = str(error).partition(" - at `$")
    path = where.rstrip("`").lstrip(".")
    if "missing required field" in message:
        name = message.rsplit("`", 2)[-2] if message.count("`") >= 2 else ""
        path = f"{path}.{name}".lstrip(".")
        return "missing_required", path, f"{path} is missing; the source has to send it"
    if (message.startswith("Expected `") and "got `" in message) or message.startswith("Invalid "):
        return "wrong_type", path, f"{path}: {message}; map the new type or correct it at the source"
    return "out_of_range", path, f"{path}: {message}; correct it at the source"


def _source_id(values: Any, id_types: tuple[type, ...]) -> str | None:
    found = values.get("id") if isinstance(values, dict) else None
    return str(found).strip()[:200] or None if type(found) in id_types else None


def _without_blanks(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_blanks(item)
            for name, item in value.items()
            if not (isinstance(item, str) and not item.strip())
        }
    return [_without_blanks(item) for item in value] if isinstance(value, list) else value
