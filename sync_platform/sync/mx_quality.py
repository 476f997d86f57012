"""Judges how well payments of MX Merchant found their invoices (MX-05, MX-06, DAG-20)."""

from datetime import timedelta
from typing import Any

from psycopg import Connection

from sync_platform.db.queries import query
from sync_platform.sync.finding import Finding, Scope, counted
from sync_platform.sync.mx_entities import SOURCE
from sync_platform.sync.mx_work import NUMBERS
from sync_platform.sync.platform import Platform

# The source fills in the end of a reference where nobody named an invoice, and that may be all digits: some numbers are
# none, and nobody can tell which.
MAX_UNLINKED = 0.2
RECENT = timedelta(days=30)


def linkage(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """Payments of the days that name an invoice, and how many of them belong to none; their numbers are listed.

    A payment whose detail says that it stands alone is answered, and not counted.
    """
    bad, judged = counted(conn, scope, "unlinked_payments")
    detail = f"{judged - bad} of {judged} payments that name an invoice are linked"
    if bad:
        rows = conn.execute(query("quality", "unlinked_numbers"), scope.values()).fetchall()
        detail += f"; unknown: {', '.join(str(row[0]) for row in rows)}"
    return scope.verdict("linkage", bad <= MAX_UNLINKED * judged, bad, judged, detail)


def unresolved_numbers(platform: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """Numbers of the last month that were looked for again and again, and are seldom looked for now (MX-06)."""
    now = platform.clock()
    retries = platform.settings.mx_merchant.link_retries
    values: dict[str, Any] = {"source": SOURCE, "numbers": NUMBERS, "tries": retries, "since": now - RECENT}
    values["since_day"] = (now - RECENT).astimezone(scope.tenant.zone).date()
    bad, judged = counted(conn, scope, "unresolved_numbers", **values)
    detail = f"{bad} of {judged} numbers were not found in more than {retries} runs"
    if bad:
        rows = conn.execute(query("quality", "given_up_numbers"), scope.values(**values)).fetchall()
        detail += f": {', '.join(row[0] for row in rows)}"
    return scope.verdict("unresolved_numbers", bad <= MAX_UNLINKED * judged, bad, judged, detail)
