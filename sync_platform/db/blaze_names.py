"""Values that rows of one Blaze table take from another, put right when the other one changes after them.

The merge fills them when a row is written; a row that does not change itself would never hear of the new name.
"""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from psycopg import Connection

from sync_platform.db.blaze_tables import PRODUCTS, TRANSACTION_ITEMS, Kind
from sync_platform.db.merge import MergeScope, lock_tables

_RENAME_VENDORS: LiteralString = """
update blaze.products p
set vendor = l.name, last_changed_at = now(), last_seen_at = now(), run_id = %(run_id)s
from blaze.lookups l
where p.tenant_id = %(tenant)s and l.tenant_id = p.tenant_id and l.kind = 'vendors' and l.lookup_id = p.vendor_id
  and p.vendor is distinct from l.name
"""

_OF_OTHER_KIND: LiteralString = """
select wanted.product_id
from unnest(%(ids)s::text[], %(flower_types)s::text[], %(strains)s::text[]) as wanted (product_id, flower_type, strain)
left join blaze.products p on p.tenant_id = %(tenant)s and p.product_id = wanted.product_id
where p.product_id is null or (p.flower_type, p.strain) is distinct from (wanted.flower_type, wanted.strain)
"""

_DESCRIBE_LINES: LiteralString = """
update blaze.transaction_items t
set flower_type = p.flower_type, strain = p.strain, last_changed_at = now(), last_seen_at = now(), run_id = %(run_id)s
from blaze.products p
where t.tenant_id = %(tenant)s and t.product_id = any(%(ids)s)
  and p.tenant_id = t.tenant_id and p.product_id = t.product_id
  and (t.flower_type, t.strain) is distinct from (p.flower_type, p.strain)
"""


def rename_vendors(conn: Connection[Any], scope: MergeScope) -> int:
    """Give products the present names of their vendors (BLZ-23); how many had another one."""
    lock_tables(conn, scope.tenant_id, PRODUCTS)
    return conn.execute(_RENAME_VENDORS, {"tenant": scope.tenant_id, "run_id": scope.run_id}).rowcount


def products_of_other_kind(conn: Connection[Any], scope: MergeScope, kinds: Mapping[str, Kind]) -> list[str]:
    """Which of these products to be written have a new flower type or strain. Asked before the merge."""
    values = {
        "tenant": scope.tenant_id,
        "ids": list(kinds),
        "flower_types": [flower_type for flower_type, _ in kinds.values()],
        "strains": [strain for _, strain in kinds.values()],
    }
    return [row[0] for row in conn.execute(_OF_OTHER_KIND, values)]


def describe_lines(conn: Connection[Any], scope: MergeScope, products: Sequence[str]) -> int:
    """Give lines that were written before their product flower type and strain (BLZ-22); how many lacked them."""
    if not products:
        return 0
    lock_tables(conn, scope.tenant_id, TRANSACTION_ITEMS)
    values = {"tenant": scope.tenant_id, "run_id": scope.run_id, "ids": list(products)}
    return conn.execute(_DESCRIBE_LINES, values).rowcount
