"""Users and SKUs out of a CSV file, so that purchases can name them (CSV-08)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.purchase_references import Reference, load_skus, load_users
from sync_platform.sync.platform import Platform
from sync_platform.sync.report_file import look_at_report, read_report

ReferenceKind = Literal["users", "skus"]
_ID: Mapping[str, str] = {"users": "user_id", "skus": "sku_id"}
_LONGEST = {"id": 200, "name": 300}
_FLAGS = {"": True, "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def load_reference_file(platform: Platform, tenant: Tenant, kind: ReferenceKind, path: Path) -> tuple[int, int]:
    """Add or correct what a file lists: ``user_id`` or ``sku_id``, and if wanted ``name`` and ``active``.

    Returns how many it lists and how many were new or different; all or none. Raises InvalidRequest naming the line.
    """
    name = _ID[kind]
    file = look_at_report(path, (name, "name", "active"), (name,))
    found: dict[str, Reference] = {}
    for line in read_report(file):
        where = f"line {line.number} of {path.name}"
        if line.broken or len(line.values) != len(file.columns):
            raise InvalidRequest(f"{where}: {line.broken or 'it has more or fewer cells'}; nothing was loaded")
        one = _reference(dict(zip(file.columns, line.values, strict=True)), name, where)
        found[one.id] = one
    load: Callable[..., int] = load_users if kind == "users" else load_skus
    return len(found), load(platform.database, tenant.id, found.values())


def _reference(values: Mapping[str, str], id_name: str, where: str) -> Reference:
    identity, name = values[id_name].strip(), values.get("name", "").strip() or None
    if not 1 <= len(identity) <= _LONGEST["id"]:
        raise InvalidRequest(f"{where}: {id_name} has 1 to {_LONGEST['id']} characters; nothing was loaded")
    if name and len(name) > _LONGEST["name"]:
        raise InvalidRequest(f"{where}: name has at most {_LONGEST['name']} characters; nothing was loaded")
    active = _FLAGS.get(values.get("active", "").strip().lower())
    if active is None:
        raise InvalidRequest(f"{where}: active is true or false; nothing was loaded")
    return Reference(identity, name, active)
