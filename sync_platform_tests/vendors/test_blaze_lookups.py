"""Lookups of Blaze: each with its own paging parameter, secrets dropped on arrival."""

from typing import Any

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform_tests.vendors.test_blaze import asked, shop


@pytest.mark.parametrize(
    ("kind", "path", "offset"),
    [
        ("vendors", "/vendors", "skip"),
        ("employees", "/employees", "start"),
        ("brands", "/store/inventory/brands", "start"),
        ("categories", "/store/inventory/categories", None),
        ("terminals", "/store/inventory/terminals", None),
    ],
)
def test_lookups_use_their_own_paging_parameter(kind: str, path: str, offset: str | None) -> None:
    """BLZ-04: ``skip`` and ``start`` are not interchangeable."""
    rows = [{"id": f"l{number}"} for number in range(150)]

    def pages(path: str, params: dict[str, str]) -> list[dict[str, Any]]:
        skip = int(params[offset]) if offset else 0
        return rows[skip : skip + 100] if offset else rows

    client, rig = shop(pages)
    assert client.lookup(kind) == rows
    assert {request.url.path for request in rig.requests} == {"/api/v1/partner" + path}
    assert all(set(params) == ({offset, "limit"} if offset else set()) for params in asked(rig))


def test_pins_and_passwords_are_dropped_on_arrival() -> None:
    """SYS-13: at any depth."""
    person = {"id": "e1", "firstName": "Ann", "pin": "1234", "password": "x", "shops": [{"id": "s", "Password": "y"}]}
    client, _ = shop(lambda path, params: [person] if params["start"] == "0" else [])
    assert client.lookup("employees") == [{"id": "e1", "firstName": "Ann", "shops": [{"id": "s"}]}]


def test_a_lookup_nobody_knows_is_refused() -> None:
    """BLZ-04."""
    client, rig = shop(lambda path, params: [])
    with pytest.raises(InvalidRequest, match="brands, categories"):
        client.lookup("taxes")
    assert rig.requests == []
