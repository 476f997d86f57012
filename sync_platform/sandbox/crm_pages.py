"""Results of the CRM before they are written: a list or one object, and what the headers tell of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.crm_ranges import status_and_range
from sync_platform.sandbox.crm_refusals import PGRST_JSON, PgrstRefusal, write_refusal
from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.listing import UsualFields

CRM_USUAL = UsualFields(
    ("package_type_from_def", "package_type_name"),
    ("calculated_remaining_hours", "package_total_hours_from_def", "id"),
    ("stable_hash_id", "id"),
)
OBJECT = "application/vnd.pgrst.object+json"


@dataclass
class CrmPage:
    """Rows from ``skip`` on. ``counted``: whether the caller asked for ``total``; ``single``: wants one object."""

    rows: Callable[[int, int], list[bytes]]
    skip: int
    limit: int
    total: int
    counted: bool = False
    single: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def usual(self) -> UsualFields:
        """What the record faults alter."""
        return CRM_USUAL

    def write(self, rows: Sequence[bytes]) -> Outgoing:
        """The answer with its status and ``Content-Range``."""
        if self.single and len(rows) != 1:
            message = "Cannot coerce the result to a single JSON object"
            details = f"The result contains {len(rows)} rows"
            return write_refusal(PgrstRefusal(406, "PGRST116", message, details=details))
        try:
            status, content_range = status_and_range(self.skip, len(rows), self.total if self.counted else None)
        except PgrstRefusal as refusal:
            return write_refusal(refusal)
        body = rows[0] if self.single else b"[" + b",".join(rows) + b"]"
        kind = f"{OBJECT}; charset=utf-8" if self.single else PGRST_JSON
        return Outgoing(status, body, {"Content-Type": kind, "Content-Range": content_range, **self.headers})

    def changed(self, record: Record) -> Record:
        """Other hours or another name, and nothing else that tells: rows have no time of modification."""
        name = "calculated_remaining_hours" if "calculated_remaining_hours" in record else "customer_name"
        value = record.get(name)
        record[name] = (value or 0) + 1 if name != "customer_name" else f"{value or ''} X"
        return record
