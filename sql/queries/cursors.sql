-- name: read
select watermark, window_start, window_end, position from platform.sync_cursors
where tenant_id = %(tenant_id)s and source = %(source)s and entity = %(entity)s and account = %(account)s;

-- name: save_position
insert into platform.sync_cursors (tenant_id, source, entity, account, window_start, window_end, position, run_id)
values (
    %(tenant_id)s, %(source)s, %(entity)s, %(account)s, %(window_start)s, %(window_end)s, %(position)s, %(run_id)s
)
on conflict (tenant_id, source, entity, account) do update set
    window_start = excluded.window_start,
    window_end = excluded.window_end,
    position = excluded.position,
    run_id = excluded.run_id,
    updated_at = now();

-- name: complete_window
-- A backfill of old days ends with an old watermark; it must not make the next run read everything since.
insert into platform.sync_cursors as c (tenant_id, source, entity, account, watermark, run_id)
values (%(tenant_id)s, %(source)s, %(entity)s, %(account)s, %(watermark)s, %(run_id)s)
on conflict (tenant_id, source, entity, account) do update set
    watermark = greatest(c.watermark, excluded.watermark),
    window_start = null,
    window_end = null,
    position = null,
    run_id = excluded.run_id,
    updated_at = now();

-- name: clear_position
update platform.sync_cursors set window_start = null, window_end = null, position = null, updated_at = now()
where tenant_id = %(tenant_id)s and source = %(source)s and entity = %(entity)s and account = %(account)s;
