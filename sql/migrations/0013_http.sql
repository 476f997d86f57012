-- What the HTTP service remembers from one request to the next, in all of its processes (API-05, API-09).

-- Requests of the last minute, in thirteen slots of five seconds. Rows are nobody's: "who" is what is counted and a
-- keyed hash, and tells nothing but how often. Lost with a crash of the server, which is no harm.
create unlogged table platform.rate_counts (
    who       text      collate "C" primary key check (length(who) <= 200),
    slots     integer[] not null,
    last_slot bigint    not null
) with (fillfactor = 50);

-- What a request with an Idempotency-Key was answered, for a day. "id" is a keyed hash of who asked and of the key,
-- "fingerprint" one of what was asked for; the answer is encrypted, for it may hold a secret that is shown once.
-- Whoever works on the request holds a lease: after a crash the key is free again.
create table platform.idempotency_keys (
    tenant_id   uuid        not null,
    id          text        collate "C" not null check (length(id) <= 64),
    fingerprint text        collate "C" not null check (length(fingerprint) <= 64),
    holder      uuid        not null,
    lease_until timestamptz not null,
    status      integer     check (status between 200 and 499),
    answer      text,
    created_at  timestamptz not null default clock_timestamp(),
    expires_at  timestamptz not null,
    primary key (tenant_id, id),
    check ((status is null) = (answer is null))
);
create index idempotency_keys_expired on platform.idempotency_keys (tenant_id, expires_at);

grant select, insert, update, delete on platform.rate_counts, platform.idempotency_keys to sp_loader;
