"""The field maps: what is compared how (CMP-01, CMP-18), and of the cut-over also what is promoted in which order."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from sync_platform.core.errors import InvalidRequest

Comparator = Literal["text", "folded", "phone", "email", "number", "time", "date", "set", "flag"]
PromotionPolicy = Literal["keep", "always", "fill"]

#: Promoted like a field: rows that only staging has are inserted into production (CMP-05, CMP-13).
ROWS = "rows"
SCHEMA = "public"
STAGING = "blaze"


class MappedField(BaseModel):
    """One field of production; the meaning of each entry is explained at the top of ``field_map.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    comparator: Comparator
    type: str = ""
    policy: PromotionPolicy = "keep"
    added: bool = False
    group: int | None = None
    old: bool = False
    personal: bool = False
    staging: str = ""
    depends: tuple[str, ...] = ()
    tolerance: float = 0.005
    tolerance_seconds: float = 1

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, values: dict[str, object]) -> dict[str, object]:
        kind = "numeric(14, 4)" if values.get("comparator") == "number" else "text"
        return {"type": kind, "staging": f"s.{values['name']}", **values}

    @property
    def derived(self) -> bool:
        """Whether the value is worked out from other rows: it changes although its own record in staging does not."""
        return self.staging.startswith("m.")

    @property
    def numeric(self) -> bool:
        """Whether differences can be added up."""
        return self.comparator == "number"


class RowTime(BaseModel):
    """When a row happened, on each side."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    production: str
    staging: str


class MappedEntity(BaseModel):
    """One table of production and its counterpart in staging.

    ``production`` and ``staging`` name relations that are not called like the entity. ``dropped`` is a condition on
    rows of staging that production left out by its own rule: they count for no rate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    key: tuple[str, ...]
    fields: tuple[MappedField, ...]
    join: str = ""
    production_join: str = ""
    production: str = ""
    staging: str = ""
    dropped: str = ""
    shop: str = "null::text"
    day: str = "null::date"
    time: RowTime | None = None

    @model_validator(mode="after")
    def _known_dependencies(self) -> Self:
        names = {field.name for field in self.fields}
        for field in self.fields:
            if unknown := set(field.depends) - names:
                raise ValueError(f"{self.name}.{field.name} depends on unknown fields {sorted(unknown)}")
        return self

    @property
    def table(self) -> str:
        """``public.customers``."""
        return self.production or f"{SCHEMA}.{self.name}"

    @property
    def staging_table(self) -> str:
        """``blaze.customers``."""
        return self.staging or f"{STAGING}.{self.name}"

    @property
    def names(self) -> list[str]:
        """Fields in the order of ``comparison_rows.classes``."""
        return [field.name for field in self.fields]

    def field(self, name: str) -> MappedField:
        """Raises InvalidRequest naming the fields there are."""
        for found in self.fields:
            if found.name == name:
                return found
        raise InvalidRequest(f"{self.name} has no field {name[:60]!r}; it has {ROWS}, {', '.join(self.names)}")

    def requires(self, name: str) -> tuple[str, ...]:
        """Fields that have to be promoted before: declared ones, and all of earlier groups (CMP-10)."""
        if name == ROWS:
            return ()
        field = self.field(name)
        earlier = [
            other.name for other in self.fields if field.group and other.group is not None and other.group < field.group
        ]
        return tuple(dict.fromkeys([*earlier, *field.depends]))


@cache
def field_map() -> dict[str, MappedEntity]:
    """The tables of the cut-over by name, in the order of the file."""
    return _entities("field_map.toml")


@cache
def package_map() -> MappedEntity:
    """Packages: the replaced job's rows and ours. Compared like a table of the cut-over, and never promoted."""
    return _entities("package_map.toml")["packages"]


def _entities(file: str) -> dict[str, MappedEntity]:
    text = files("sync_platform.db").joinpath(file).read_text(encoding="utf-8")
    entities = {}
    for name, entry in tomllib.loads(text).items():
        fields = tuple(MappedField(name=field, **values) for field, values in entry.pop("fields").items())
        entities[name] = MappedEntity(name=name, fields=fields, **entry)
    return entities


def split_field(text: str) -> tuple[str, str]:
    """``customers.phone`` as table and field. Raises InvalidRequest."""
    table, dot, name = text.partition(".")
    if not dot or not name:
        raise InvalidRequest(f"{text[:60]!r} is no field; write table.field, such as customers.phone")
    return table, name


def mapped_entity(name: str) -> MappedEntity:
    """Raises InvalidRequest naming the entities there are."""
    if name not in field_map():
        raise InvalidRequest(f"there is no table {name[:60]!r} to compare; use one of {', '.join(field_map())}")
    return field_map()[name]


def compared_entity(name: str) -> MappedEntity:
    """Whatever is compared, promoted or not. Raises InvalidRequest naming what there is."""
    return package_map() if name == package_map().name else mapped_entity(name)
