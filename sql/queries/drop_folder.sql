-- The file drop (CSV-18).

-- name: lock
select pg_try_advisory_xact_lock(hashtextextended('drop_folder/' || %(tenant)s::text, 0));
