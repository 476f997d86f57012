"""Writes ``sql/views/02_comparison.sql`` from the field map: the views ``analytics.*_comparison`` (CMP-01, CMP-02).

Everything here comes from our own ``field_map.toml``; no value from outside ever becomes part of this text.
"""

from sync_platform.db.field_map import MappedEntity, MappedField, field_map
from sync_platform.db.sql_files import sql_root

FILE = "02_comparison.sql"

_HEAD = """-- Written by `make views` from sync_platform/db/field_map.toml: change that file, not this one.
-- One view per table: production and staging side by side, one row per key, one letter per field (CMP-01, CMP-02):
-- E equal, D different, P production null, S staging null, N both null. "classes" has them in the order of the map.
"""

_ZONE = "(select t.zone from platform.tenants t where t.id = (select platform.current_tenant()))"


def class_expression(field: MappedField, existing: str, staged: str) -> str:
    """The letter of one field, given the expressions of both values. A blank text in production is no value."""
    value = f"nullif({existing}, '')" if field.type == "text" else existing
    return (
        f"case when {value} is null then case when {staged} is null then 'N' else 'P' end"
        f" when {staged} is null then 'S' when {equality(field, existing, staged)} then 'E' else 'D' end"
    )


def equality(field: MappedField, existing: str, staged: str) -> str:
    """CMP-02: whether two values that are there are equal. What is identical need not be folded."""
    if field.comparator == "number":
        return f"abs({existing} - {staged}) <= {field.tolerance:g}"
    if field.comparator == "time":
        seconds = f"interval '{field.tolerance_seconds:g} seconds'"
        return f"{existing} between {staged} - {seconds} and {staged} + {seconds}"
    if field.comparator == "date":
        return f"({existing} at time zone {_ZONE})::date = ({staged} at time zone {_ZONE})::date"
    if field.comparator in ("text", "flag"):
        return f"{existing} = {staged}"
    return f"({existing} = {staged} or {folded(field, existing)} = {folded(field, staged)})"


def folded(field: MappedField, value: str) -> str:
    """A text in the form in which it is compared."""
    if field.comparator == "phone":  # with and without the country's code
        return f"right(regexp_replace({value}, '[^0-9]', '', 'g'), 10)"
    if field.comparator == "email":
        return f"lower(btrim({value}))"
    if field.comparator == "set":
        return (
            f"(select array_agg(distinct lower(btrim(part)) order by lower(btrim(part)))"
            f" from unnest(string_to_array({value}, ',')) as part where btrim(part) <> '')"
        )
    return f"lower(regexp_replace(btrim({value}), '\\s+', ' ', 'g'))"


def production_side(entity: MappedEntity, bounds: str = "") -> str:
    """What people and applications have now. ``bounds`` are further conditions on ``p``."""
    time = entity.time.production if entity.time else "null::timestamptz"
    # named one by one: a view of "p.*" would hold on to columns that `finalize` drops
    columns = ", ".join(f"p.{name}" for name in ("tenant_id", *entity.key, *entity.names, "origin", "last_changed_at"))
    return (
        f"select {columns}, {time} as row_time\n    from {entity.table} p {entity.production_join}\n"
        f"    where p.tenant_id = (select platform.current_tenant()){bounds}"
    )


def staging_side(entity: MappedEntity, bounds: str = "") -> str:
    """What the source says, in production's columns; a record that the source deleted is not there."""
    columns = [f"s.{name}" for name in ("tenant_id", *entity.key)]
    columns += [f"{field.staging} as {field.name}" for field in entity.fields]
    columns.append(f"{entity.time.staging if entity.time else 'null::timestamptz'} as row_time")
    columns.append(f"{entity.shop} as row_shop, {entity.day} as row_day, s.last_changed_at")
    if entity.dropped:
        columns.append(f"{entity.dropped} as row_dropped")
    return _staged(entity, columns, entity.join, bounds)


def staged_field(entity: MappedEntity, field: MappedField, bounds: str = "") -> str:
    """The same for one field, without joining what only others need."""
    columns = [f"s.{name}" for name in ("tenant_id", *entity.key)]
    columns.append(f"{field.staging} as {field.name}, s.last_changed_at")
    own = field.staging == f"s.{field.name}"
    return _staged(entity, columns, "" if own else entity.join, bounds)


def _staged(entity: MappedEntity, columns: list[str], join: str, bounds: str) -> str:
    return (
        f"select {', '.join(columns)}\n    from {entity.staging_table} s {join.strip()}\n"
        f"    where s.tenant_id = (select platform.current_tenant()) and s.deleted_at is null{bounds}"
    )


def both_sides(entity: MappedEntity, production: str = "", staging: str = "") -> str:
    """``from`` with both sides as ``p`` and ``s``, joined by their key."""
    keys = " and ".join(f"p.{key} = s.{key}" for key in entity.key)
    existing, staged = production_side(entity, production), staging_side(entity, staging)
    return f"from (\n    {existing}\n) p\nfull join (\n    {staged}\n) s on {keys}"


def row_columns(entity: MappedEntity) -> list[str]:
    """What is known of a row beside its fields, as expressions over ``p`` and ``s``."""
    first = entity.key[0]
    side = f"when p.{first} is null then 'only_staging' when s.{first} is null then 'only_production'"
    return [
        f"case {side} else 'both' end as row_class",
        "s.row_shop as shop_id",
        f"coalesce(s.row_day, (p.row_time at time zone {_ZONE})::date) as business_day",
        "p.row_time as existing_time",
        f"case when p.{first} is null and s.row_dropped then 'dropped' else p.origin end as origin"
        if entity.dropped
        else "p.origin",
    ]


def letters(entity: MappedEntity) -> str:
    """One letter per field, as one text."""
    each = (f"({class_expression(field, f'p.{field.name}', f's.{field.name}')})" for field in entity.fields)
    return "\n        || ".join(each)


def view(entity: MappedEntity) -> str:
    """``create view`` of one entity, with its grant."""
    name = f"analytics.{entity.name}_comparison"
    columns = [f"coalesce(p.{key}, s.{key}) as {key}" for key in entity.key] + row_columns(entity)
    for field in entity.fields:
        existing, staged = f"p.{field.name}", f"s.{field.name}"
        columns.append(f"{existing} as existing_{field.name}, {staged} as blaze_{field.name}")
        columns.append(f"{class_expression(field, existing, staged)} as {field.name}_class")
    columns.append(f"{letters(entity)} as classes")
    return (
        f"create view {name} with (security_invoker = true) as\nselect\n    "
        + ",\n    ".join(columns)
        + f"\n{both_sides(entity)};\n"
        f"grant select on {name} to sp_loader, sp_promoter, sp_web, sp_readonly;\n"
    )


def views_file() -> str:
    """The whole file."""
    drops = "".join(f"drop view if exists analytics.{name}_comparison;\n" for name in field_map())
    return _HEAD + "\n" + drops + "\n" + "\n".join(view(entity) for entity in field_map().values())


def main() -> None:
    """Write the file; `make views`."""
    (sql_root() / "views" / FILE).write_text(views_file(), encoding="utf-8")


if __name__ == "__main__":
    main()
