"""The statements of a comparison, built from the field map. Values are always bound."""

from psycopg import sql

from sync_platform.db.comparison_views import (
    both_sides,
    class_expression,
    letters,
    production_side,
    row_columns,
    staging_side,
)
from sync_platform.db.field_map import MappedEntity, MappedField

#: A row is as wide as both tables: with the usual 4 MB the join of a large tenant would go to disk. And of a tenant who
#: is new in a table the planner expects a handful of rows: it would read the other table once for each.
WHOLE_TABLES = sql.SQL(
    "select set_config('work_mem', '64MB', true), set_config('enable_nestloop', 'off', true),"
    " set_config('jit', 'off', true)"
)

COMPARED = sql.SQL(
    "create temporary table compared (key_1 text, key_2 text, row_class text, shop_id text, business_day date,"
    " existing_time timestamptz, origin text, classes text) on commit drop"
)


#: Rows on both sides per day and shop (CMP-04). A row that only production has belongs to no shop of the source.
DAYS = sql.SQL(
    "insert into platform.comparison_days (tenant_id, entity, day, shop_id, production_rows, staging_rows, matched)"
    " select %(tenant)s, %(entity)s, business_day, shop_id, count(*) filter (where row_class <> 'only_staging'),"
    " count(*) filter (where row_class <> 'only_production'), count(*) filter (where row_class = 'both')"
    " from compared group by business_day, shop_id"
)


def differing_keys(entity: MappedEntity) -> sql.SQL:
    """Rows to look at: those that one side lacks, and those with a field that differs or would be cleared."""
    cleared = [
        f" or substr(classes, {place}, 1) = 'S'"
        for place, field in enumerate(entity.fields, 1)
        if field.policy == "always"
    ]
    return text(
        "insert into platform.comparison_rows (tenant_id, entity, key_1, key_2, comparison_id, row_class, classes)"
        " select %(tenant)s, %(entity)s, key_1, key_2, %(comparison)s, row_class,"
        " case row_class when 'both' then classes else '' end"
        f" from compared where row_class <> 'both' or classes like '%%D%%'{''.join(cleared)}"
    )


def stage(entity: MappedEntity, *, low: bool, high: bool, days: bool) -> sql.SQL:
    """Class of every row between two keys; ``days`` only those of some business days."""
    bounds = [_bounds(side, entity, low=low, high=high) for side in ("p", "s")]
    keys = [f"coalesce(p.{name}, s.{name})" for name in entity.key] + [""]
    first, second = keys[0], keys[1] or "''"
    rows = (
        f"select {first} as key_1, {second} as key_2, {', '.join(row_columns(entity))},"
        f" {letters(entity)} as classes\n{both_sides(entity, *bounds)}"
    )
    where = " where business_day between %(first_day)s and %(last_day)s" if days else ""
    # "offset 0": the letters are worked out once per row, not once per use
    return text(f"insert into compared select * from ({rows} offset 0) rows{where}")


def middle(entity: MappedEntity, *, low: bool, high: bool) -> sql.SQL:
    """The key in the middle of a range, where a chunk that took too long is halved (F-15)."""
    key = entity.key[0]
    p, s = (_bounds(side, entity, low=low, high=high) for side in ("p", "s"))
    tenant = "tenant_id = (select platform.current_tenant())"
    return text(
        f"select percentile_disc(0.5) within group (order by k) from ("
        f"select p.{key} as k from {entity.table} p where p.{tenant}{p}"
        f" union all select s.{key} from {entity.staging_table} s where s.{tenant}{s}) keys"
    )


def first_time(entity: MappedEntity) -> sql.SQL:
    """When the source's first record happened: older reports cannot be compared with it (CMP-05)."""
    return text(f"select min(row_time) from ({staging_side(entity)}) s")


def differing(entity: MappedEntity) -> sql.SQL:
    """Both values of every field, of the rows that differ."""
    on = [f"p.{name} = c.key_{n}" for n, name in enumerate(entity.key, 1)]
    also = [f"s.{name} = c.key_{n}" for n, name in enumerate(entity.key, 1)]
    values = [
        f"p.{field.name} as existing_{field.name}, s.{field.name} as blaze_{field.name}" for field in entity.fields
    ]
    return text(
        "create temporary table differing on commit drop as"
        f" select c.key_1, c.key_2, c.classes, {', '.join(values)} from compared c"
        f" join ({production_side(entity)}) p on {' and '.join(on)}"
        f" join ({staging_side(entity)}) s on {' and '.join(also)} where c.classes like '%%D%%'"
    )


def pairs(field: MappedField) -> sql.SQL:
    """The most frequent differing pairs of values (CMP-03)."""
    return text(
        f"select existing_{field.name}::text, blaze_{field.name}::text, count(*) from differing"
        " where substr(classes, %(place)s, 1) = 'D' group by 1, 2 order by 3 desc, 1, 2 limit 5"
    )


def sums(field: MappedField) -> sql.SQL:
    """Sum, mean and maximum of the differences of a number (CMP-03)."""
    by = f"(blaze_{field.name} - existing_{field.name})"
    return text(
        f"select sum({by}), avg(abs{by}), max(abs{by}) from differing where substr(classes, %(place)s, 1) = 'D'"
    )


def accepted(field: MappedField) -> sql.SQL:
    """Differing rows that somebody accepted: the row itself, or its pair of values (CMP-07)."""
    return text(
        "select count(*) from differing d where substr(d.classes, %(place)s, 1) = 'D' and exists ("
        "select from platform.accepted_differences a where a.tenant_id = (select platform.current_tenant())"
        " and a.entity = %(entity)s and a.field = %(field)s and a.revoked_at is null"
        " and (a.expires_at is null or a.expires_at > now())"
        " and (a.key_1 is null or (a.key_1 = d.key_1 and coalesce(a.key_2, '') = d.key_2))"
        f" and (a.production_value is null or a.production_value::{field.type} = d.existing_{field.name})"
        f" and (a.staging_value is null or a.staging_value::{field.type} = d.blaze_{field.name}))"
    )


def before(entity: MappedEntity, field: MappedField) -> sql.SQL:
    """Letters of one field against what its promotion replaced (CMP-14)."""
    existing = f"case when r.key_1 is null then p.{field.name} else r.before_value::{field.type} end"
    on = " and ".join(f"p.{name} = s.{name}" for name in entity.key)
    row = " and ".join(f"r.key_{n} = p.{name}" for n, name in enumerate(entity.key, 1))
    letter = class_expression(field, "existing", "staged")
    return text(
        f"select {letter}, count(*) from (select {existing} as existing, s.{field.name} as staged"
        f" from ({production_side(entity)}) p join ({staging_side(entity)}) s on {on}"
        " left join platform.promotion_rows r on r.tenant_id = (select platform.current_tenant())"
        f" and r.promotion_id = %(promotion)s and {row} offset 0) rows group by 1"
    )


def values_of(entity: MappedEntity, field: MappedField) -> sql.SQL:
    """Both values of one field, as they are now, of some rows."""
    on = " and ".join(f"p.{name} = k.key_{n}" for n, name in enumerate(entity.key, 1))
    also = " and ".join(f"s.{name} = k.key_{n}" for n, name in enumerate(entity.key, 1))
    return text(
        f"select k.key_1, k.key_2, p.{field.name}, s.{field.name}"
        " from unnest(%(keys_1)s::text[], %(keys_2)s::text[]) as k (key_1, key_2)"
        f" join ({production_side(entity)}) p on {on} join ({staging_side(entity)}) s on {also}"
    )


def rows_missing(entity: MappedEntity, field: MappedField) -> sql.SQL:
    """Rows whose value staging lacks, as they are now: nothing would be overwritten, so no comparison lists them."""
    second = entity.key[1] if len(entity.key) > 1 else "''::text"
    return text(
        f"select {entity.key[0]} as key_1, {second} as key_2, row_class from analytics.{entity.name}_comparison"
        f" where row_class = 'both' and {field.name}_class = 'S'"
        f" and ({entity.key[0]}, {second}) > (%(after_1)s, %(after_2)s)"
        " order by 1, 2 limit %(limit)s"
    )


def one_row(entity: MappedEntity) -> sql.SQL:
    """The row of one key, with every field of both sides and its letter."""
    keys = " and ".join(f"{name} = %(key_{n})s" for n, name in enumerate(entity.key, 1))
    return text(f"select * from analytics.{entity.name}_comparison where {keys}")


def raw_records(entity: MappedEntity) -> sql.SQL:
    """When and by which run each side got the row of one key."""
    keys = " and ".join(f"t.{name} = %(key_{n})s" for n, name in enumerate(entity.key, 1))
    tenant = f"t.tenant_id = (select platform.current_tenant()) and {keys}"
    return text(
        f"select (select t.last_changed_at from {entity.table} t where {tenant}) as existing_changed_at,"
        f" (select t.last_changed_at from {entity.staging_table} t where {tenant}) as blaze_changed_at,"
        f" (select t.run_id from {entity.staging_table} t where {tenant}) as blaze_run"
    )


def text(statement: str) -> sql.SQL:
    """SQL out of our own field map; never anything from outside."""
    return sql.SQL(statement)


def _bounds(side: str, entity: MappedEntity, *, low: bool, high: bool) -> str:
    key = f"{side}.{entity.key[0]}"
    return (f" and {key} >= %(low)s" if low else "") + (f" and {key} < %(high)s" if high else "")
