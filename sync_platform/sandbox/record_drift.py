"""Faults inside records: what a vendor's next release may send (SBX-02)."""

import zlib
from collections.abc import Sequence
from typing import Any

from sync_platform.sandbox.collection import Record, decode, encode
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.listing import UsualFields

DRIFTS = ("extra_fields", "new_enum", "number_as_text", "missing_field")


def drifted(rows: Sequence[bytes], faults: Sequence[Fault], usual: UsualFields) -> list[bytes]:
    """The rows with the record faults among ``faults`` applied to their share of the records."""
    active = [fault for fault in faults if fault.kind in DRIFTS]
    return [_drift(row, active, usual) for row in rows] if active else list(rows)


def chosen(record_id: str | int, fault: Fault) -> bool:
    """Whether a record belongs to the fault's share: always the same records, whatever page they are on."""
    return zlib.crc32(f"{fault.kind}/{record_id}".encode()) % 100_000 < fault.share * 100_000


def _drift(row: bytes, faults: Sequence[Fault], usual: UsualFields) -> bytes:
    record = decode(row)
    for fault in faults:
        # some vendors let the caller leave the id out
        if chosen(record.get("id", ""), fault):
            _apply(record, fault, usual)
    return encode(record)


def _apply(record: Record, fault: Fault, usual: UsualFields) -> None:
    match fault.kind:
        case "extra_fields":
            record |= {f"futureField{number}": f"value {number}" for number in range(fault.rows)}
        case "new_enum":
            holder, name = _find(record, fault.field, usual.enums)
            holder[name] = "FutureValue"
        case "number_as_text":
            holder, name = _find(record, fault.field, usual.numbers)
            holder[name] = str(holder.get(name, ""))
        case _:
            holder, name = _find(record, fault.field, usual.required)
            holder.pop(name, None)


def _find(record: Record, wanted: str, usual: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The object that holds a dotted field, and the field's name in it. Without a wish the first usual one."""
    for path in (wanted,) if wanted else usual:
        *parents, name = path.split(".")
        holder: Any = record
        for parent in parents:
            holder = holder.get(parent) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and (wanted or name in holder):
            return holder, name
    return record, (wanted or usual[0]).rpartition(".")[2]
