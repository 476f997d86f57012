-- name: directory
-- Tenants of the wanted states in order of addition, which is the order of partition keys.
select d.id, d.slug, d.name, d.zone as zone_name, d.country, d.state
from platform.tenant_directory() with ordinality as d (id, slug, name, zone, country, state, place)
where d.state = any (%(states)s)
order by d.place;

-- name: find
select d.id, d.slug, d.name, d.zone as zone_name, d.country, d.state
from platform.tenant_directory() d
where d.slug = %(slug)s;

-- name: add
insert into platform.tenants (id, slug, name, zone, country)
values (%(id)s, %(slug)s, %(name)s, %(zone)s, %(country)s);

-- name: set_call_weight
update platform.tenants set settings = settings || jsonb_build_object('call_weight', %(weight)s::double precision)
where id = %(tenant_id)s;

-- name: set_state
update platform.tenants set state = %(state)s where id = %(tenant_id)s;
