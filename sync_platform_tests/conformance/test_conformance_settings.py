"""What a release accepted as settings, its next one accepts too (section 16: the spec is backward compatible)."""

import json
from pathlib import Path
from typing import Any

from sync_platform.db.account_rules import REQUIRED_SECRETS
from sync_platform_tests.conformance.source import SourceUnderTest

RELEASED = Path(__file__).parent / "released"


def released(source: SourceUnderTest) -> dict[str, Any]:
    """The schema of the source's settings as the last release had it.

    Only a release replaces the file, with ``model_json_schema()`` of its settings and the names of the secrets.
    """
    found: dict[str, Any] = json.loads((RELEASED / f"{source.name}_settings.json").read_text())
    return found


def accepted_values(schema: dict[str, Any]) -> list[Any]:
    """Values at the edges of what a property allowed."""
    if "enum" in schema:
        return list(schema["enum"])
    if schema["type"] == "boolean":
        return [True, False]
    values = [schema["default"]] if "default" in schema else []
    values += [schema[edge] for edge in ("minimum", "maximum") if edge in schema]
    if "exclusiveMinimum" in schema:
        values.append(schema["exclusiveMinimum"] + 0.001)
    return values


def test_every_value_that_was_accepted_is_accepted(source: SourceUnderTest) -> None:
    """Section 16: names, types and ranges; the edges of each range are tried."""
    tried = 0
    for name, schema in released(source)["settings"]["properties"].items():
        for value in accepted_values(schema):
            loaded = source.settings.model_validate({name: value, **source.beside.get(name, {})})
            assert loaded.model_dump(mode="json")[name] == value, name
            tried += 1
    assert tried > 0


def test_nothing_that_was_optional_is_required(source: SourceUnderTest) -> None:
    """Section 16: settings that a deployment did not write have the meaning that they had."""
    before = released(source)["settings"]
    now = source.settings.model_json_schema()
    assert set(now.get("required", [])) <= set(before.get("required", []))
    for name, schema in before["properties"].items():
        assert now["properties"][name].get("default") == schema.get("default"), name


def test_the_secrets_that_are_stored_are_enough(source: SourceUnderTest) -> None:
    """Section 16: a release that asks for one more would stop every tenant."""
    assert set(REQUIRED_SECRETS[source.name]) <= set(released(source)["secrets"])
    assert source.secrets == set(REQUIRED_SECRETS[source.name])
