"""What tests of import batches do again and again: a worker takes a batch, ends it, or dies."""

from sync_platform.db.import_batch_row import BatchOutcome
from sync_platform.db.import_batches import claim_batch, finish_batch


def claim(database, tenant, **values):
    limits = {"lease_seconds": 60, "tenant_parallel": 1, "parallel": 4, **values}
    return claim_batch(database, tenant.id, **limits)


def finish(database, claimed, state="completed", **outcome):
    with database.transaction(claimed.tenant_id) as conn:
        finish_batch(conn, claimed, state, BatchOutcome(**outcome))


def worker_dies(database, claimed):
    with database.transaction(claimed.tenant_id) as conn:
        past = "lease_until = clock_timestamp() - interval '1 second'"
        conn.execute(f"update purchases.bulk_import_batches set {past} where id = %s", (claimed.batch_id,))
        conn.execute(f"update platform.import_slots set {past} where holder = %s", (claimed.token,))
