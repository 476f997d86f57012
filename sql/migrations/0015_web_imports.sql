-- Purchase files that come over HTTP (CSV-30): the service notes the batch itself, as the role that may do little else.
-- It cannot work on one, end it or touch a line of the ledger; that stays with the loader.

grant insert (tenant_id, name, file_name, sha256, bytes, stored_as, mode, allow_returns, tolerance, dry_run, forced,
    options, uploader, arrival_day) on purchases.bulk_import_batches to sp_web;
