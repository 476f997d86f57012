"""The owner of a database who forges the audit log, with all that SQL offers."""

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from psycopg import Connection

#: Another value of each column that is part of an entry.
OTHER_VALUES = {
    "at": "at + interval '1 microsecond'",
    "actor": "actor || '.'",
    "action": "'other.' || left(action, 50)",
    "subject": "subject || ' '",
    "detail": "detail || '{\"more\": null}'",
    "request_id": "coalesce(request_id || '1', '1')",
    "address": "coalesce(address || '1', '1')",
    "before_hash": "sha256('before')",
    "after_hash": "sha256(coalesce(after_hash, ''))",
    "prev_hash": "sha256('prev')",
}


@dataclass
class Vandal:
    """The owner, with the triggers switched off. The chain has ``entries``, and is anchored at ``anchored``."""

    conn: Connection[Any]
    tenant: UUID
    entries: int
    anchored: list[int]
    random: Random

    def run(self, statement: str, **values: Any) -> None:
        """A statement about this chain."""
        self.conn.execute(statement, {"tenant": self.tenant, **values})

    def entry(self, first: int = 1, last: int | None = None) -> int:
        """Any entry."""
        return self.random.randint(first, self.entries if last is None else last)

    def rehash(self, entry: int) -> None:
        """Make an entry agree with its own hash."""
        self.run(
            "update platform.audit_log e set hash = platform.audit_hash(e)"
            " where tenant_id = %(tenant)s and id = %(id)s",
            id=entry,
        )

    def move(self, entry: int, to: int) -> None:
        """Give an entry another number."""
        self.run(
            "update platform.audit_log set id = %(to)s where tenant_id = %(tenant)s and id = %(id)s", id=entry, to=to
        )

    def shift(self, first: int, last: int, by: int) -> None:
        """Give entries next to each other other numbers; by way of ones that nobody has."""
        for moved, low, high in (
            ("-1000 - id - %(by)s", first, last),
            ("-1000 - id", -1000 - last - by, -1000 - first - by),
        ):
            self.run(
                f"update platform.audit_log set id = {moved}"
                " where tenant_id = %(tenant)s and id between %(low)s and %(high)s",
                by=by,
                low=low,
                high=high,
            )

    def change(self, entry: int, column: str) -> None:
        """Another value in a column."""
        self.run(
            f"update platform.audit_log set {column} = {OTHER_VALUES[column]}"
            " where tenant_id = %(tenant)s and id = %(id)s",
            id=entry,
        )

    def delete(self, first: int, last: int) -> None:
        """Some entries are gone."""
        self.run(
            "delete from platform.audit_log where tenant_id = %(tenant)s and id between %(first)s and %(last)s",
            first=first,
            last=last,
        )

    def copy(self, source: int, to: int) -> None:
        """Another entry like that of ``source``, with the hash that one of this number has to have."""
        self.run(
            """
            insert into platform.audit_log (tenant_id, id, at, actor, action, detail, prev_hash)
            select e.tenant_id, %(to)s, e.at, 'somebody', e.action, e.detail,
                   (select b.hash from platform.audit_log b where b.tenant_id = e.tenant_id and b.id = %(to)s - 1)
            from platform.audit_log e where e.tenant_id = %(tenant)s and e.id = %(source)s
            """,
            source=source,
            to=to,
        )
        self.rehash(to)

    def end(self, last: int) -> None:
        """Let the head say that the chain ends here."""
        self.run(
            """
            update platform.audit_heads h
            set entries = %(last)s, hash = (select e.hash from platform.audit_log e
                                            where e.tenant_id = h.tenant_id and e.id = %(last)s)
            where h.tenant_id = %(tenant)s
            """,
            last=last,
        )
