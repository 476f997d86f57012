"""``quarantine list/show/dismiss`` (SYS-08)."""

import uuid

import pytest

from sync_platform.core.reject import Reject
from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.db.quarantine import QuarantineItem, items, store_rejects
from sync_platform.db.tenants import find_tenant
from sync_platform.sync.masked_record import masked_record
from sync_platform_tests.cli.shell import Shell

MEMBER = {
    "id": "m1",
    "modified": "yesterday",
    "firstName": "Canarina",
    "dob": 318211200000,
    "banPatient": False,
    "email": None,
    "address": {"city": "Canaryville", "latitude": 41.5},
    "addresses": [{"zipCode": "canary-90210"}],
    "newField": ["canary"],
}


@pytest.fixture
def kept(database: Database, cedar: str) -> QuarantineItem:
    of: Tenant = find_tenant(database, cedar)
    reject = Reject("m1", "bad_type", "$.modified", "a number of milliseconds is expected", MEMBER, uuid.uuid4())
    with database.transaction(of.id) as conn:
        store_rejects(conn, of.id, "blaze", "customers", 1, [reject])
    (item,) = items(database, of.id, limit=10)
    return item


def test_an_item_is_listed_without_its_record(shell: Shell, cedar: str, kept: QuarantineItem):
    """SYS-08."""
    (listed,) = shell("quarantine", "list", "--tenant", cedar, "--json").data
    assert (listed["id"], listed["reason"], listed["field_path"]) == (kept.id, "bad_type", "$.modified")
    assert "raw" not in listed
    assert "bad_type" in shell("quarantine", "list", "--tenant", cedar).out


def test_an_item_is_shown_with_personal_fields_masked(shell: Shell, cedar: str, kept: QuarantineItem):
    """SYS-08: what was wrong can be seen, whose record it was cannot."""
    outcomes = [shell("quarantine", "show", str(kept.id), "--tenant", cedar, *more) for more in ((), ("--json",))]
    raw = outcomes[1].data["raw"]
    assert (raw["id"], raw["modified"], raw["banPatient"], raw["email"]) == ("m1", "yesterday", False, None)
    assert raw["firstName"] == "C***(8)"
    assert raw["dob"] == "***"
    for outcome in outcomes:
        assert outcome.code == 0
        assert "canar" not in outcome.everything.lower()
        assert "318211200000" not in outcome.everything


def test_what_is_deeper_than_any_record_is_masked_whole():
    nested: object = "canary"
    for _ in range(50):
        nested = {"id": nested}
    assert "canary" not in str(masked_record(nested))


def test_an_item_is_dismissed_once(shell: Shell, cedar: str, kept: QuarantineItem):
    """SYS-08, CLI-01: exit code 4."""
    assert shell("quarantine", "dismiss", str(kept.id), "--tenant", cedar).code == 0
    assert shell("quarantine", "list", "--tenant", cedar, "--json").data == []
    assert len(shell("quarantine", "list", "--tenant", cedar, "--state", "all", "--json").data) == 1
    again = shell("quarantine", "dismiss", str(kept.id), "--tenant", cedar)
    assert again.code == 4
    assert "canar" not in again.everything.lower()


@pytest.mark.parametrize("arguments", [("show", "999"), ("dismiss", "999"), ("list", "--state", "lost")])
def test_what_is_not_there_is_a_usage_error(shell: Shell, cedar: str, arguments: tuple[str, ...]):
    """CLI-01: exit code 2."""
    assert shell("quarantine", *arguments, "--tenant", cedar).code == 2
