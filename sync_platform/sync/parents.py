"""A refund changes its sale, and the sale does not come back in the window of the refund's day (BLZ-08)."""

from typing import LiteralString
from uuid import UUID

from sync_platform.core.errors import NotFound
from sync_platform.core.reject import Reject
from sync_platform.core.window import Window
from sync_platform.db.quarantine import store_rejects
from sync_platform.sync.accounts import OpenAccount
from sync_platform.sync.blaze_entities import SOURCE
from sync_platform.sync.loading import Loader
from sync_platform.sync.platform import Platform
from sync_platform.sync.reading import single_record
from sync_platform.sync.request import SyncRequest
from sync_platform.sync.running import Run

# Asked of the tables instead of remembered by the run: a crash between refund and sale loses nothing. A sale is current
# if its version is not older than the refund's, by the source's clock, or if it was read after the refund was written,
# by the database's clock; the two clocks are never compared (HTTP-14). One that the source does not know any more, or
# that cannot be loaded, is in the quarantine and is not asked for again.
_STALE_PARENTS: LiteralString = """
select distinct r.parent_transaction_id
from blaze.transactions r
left join blaze.transactions p on p.tenant_id = r.tenant_id and p.transaction_id = r.parent_transaction_id
where r.tenant_id = %(tenant)s
  and r.parent_transaction_id is not null
  and r.shop_id is not distinct from coalesce(%(shop)s, r.shop_id)
  and lower(r.trans_type) in ('refund', 'exchange')
  and (p.transaction_id is null
       or (not coalesce(p.source_modified_at >= r.source_modified_at, false)
           and p.last_seen_at <= r.last_changed_at))
  and not exists (
      select from platform.quarantine q
      where q.tenant_id = r.tenant_id and q.source = 'blaze' and q.entity = 'transactions'
        and q.record_key = r.parent_transaction_id
        and (q.state = 'open' or (q.state = 'dismissed' and q.reason = 'parent_not_found')))
order by 1
limit %(limit)s
"""

PARENTS_PER_RUN = 2_000

_TOUCH: LiteralString = (
    "update blaze.transactions set last_seen_at = now() where tenant_id = %s and transaction_id = %s"
)


def reread_parents(platform: Platform, request: SyncRequest, run: Run, opened: OpenAccount, loader: Loader) -> None:
    """Fetch the sales of new refunds and exchanges by id and load them like any other record."""
    if request.dry_run:
        return
    values = {
        "tenant": request.tenant.id,
        "shop": opened.account.settings.get("shop_id") or None,
        "limit": PARENTS_PER_RUN,
    }
    parents = platform.database.run(
        lambda conn: [row[0] for row in conn.execute(_STALE_PARENTS, values)], request.tenant.id
    )
    now = platform.clock()
    for parent in parents:
        run.check()
        try:
            sale = single_record(opened.client.transaction(parent))
        except NotFound:
            _remember_missing(platform, request, run, parent)
            continue
        loader.load_records(sale, Window(now, now))
        _touch(platform, request, parent)


def _touch(platform: Platform, request: SyncRequest, parent: str) -> None:
    platform.database.run(lambda conn: conn.execute(_TOUCH, (request.tenant.id, parent)), request.tenant.id)


def _remember_missing(platform: Platform, request: SyncRequest, run: Run, parent: str) -> None:
    reject = Reject(
        parent,
        "parent_not_found",
        "parentTransactionId",
        "the source does not know the sale that a refund names; dismiss it if that is right",
        None,
        UUID(int=0),
    )
    tenant_id = request.tenant.id
    platform.database.run(
        lambda conn: store_rejects(conn, tenant_id, SOURCE, "transactions", run.id, [reject]), tenant_id
    )
