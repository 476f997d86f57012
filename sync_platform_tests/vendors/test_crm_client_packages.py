"""The CRM's client against a stand-in: packages of one customer and of many."""

from typing import Any

import httpx
import pytest

from sync_platform.core.errors import (
    ConfigurationError,
    ContractBroken,
    SyncError,
    VendorTimeout,
    VendorUnavailable,
)
from sync_platform.sandbox.crm_endpoints import CrmRules
from sync_platform.sandbox.faults import Fault
from sync_platform_tests.vendors.served_crm import mocked, read, served

TEXTS = {"package_ids": "text"}


@pytest.mark.parametrize("source", ["table", "function"])
@pytest.mark.parametrize("ids", [{}, TEXTS])
def test_packages_are_all_there_is_of_the_customers_and_of_nobody_else(source: Any, ids: dict[str, Any]) -> None:
    """CRM-01: ids that are numbers and ids that are texts; each record says whose it is."""
    with served(customers=60, packages_each=3, rules=CrmRules(max_rows=7), **ids) as crm:
        hashes = [*crm.project.hashes()][::2]
        client = crm.client(packages_source=source)
        found = read(client.packages([*hashes, hashes[0]]))
        truth = [one["id"] for one in crm.project.truth("packages") if one["stable_hash_id"] in hashes]
        assert [one["id"] for one in found] == sorted(truth)
        assert {one["stable_hash_id"] for one in found} <= set(hashes)
        assert client.count_packages(hashes) == len(truth)
        assert client.packages([]) == []


def test_many_customers_are_one_call_and_long_lists_are_parted() -> None:
    """CRM-13: as few calls as the number and the length of the address allow."""
    with served(customers=500) as crm:
        hashes = [*crm.project.hashes()]
        crm.client().packages(hashes[:100])
        assert crm.calls == 1
        crm.client(max_url=1500).packages(hashes[:100])
        queries = [len(f"/rest/v1/packages?{entry.query}") for entry in crm.server.journal.entries()[1:]]
        assert len(queries) == 3
        assert max(queries) <= 1500
        crm.server.journal.clear()
        found = crm.client().packages(hashes)
        assert crm.calls == -(-len(hashes) // 100)
        assert len(found) == crm.client().count_packages()


def test_one_customer_is_one_call_and_no_packages_are_asked_twice() -> None:
    """An empty answer is no proof of absence; one with packages is proven by its count."""
    with served(customers=3, packages_each=0) as crm:
        one, none, _ = crm.project.hashes()
        crm.project.add_package(one)
        assert len(crm.client().packages([one])) == 1
        assert crm.calls == 1
        assert crm.client().packages([none]) == []
        assert crm.calls == 3


@pytest.mark.parametrize("source", ["table", "function"])
def test_a_statement_that_takes_too_long_is_asked_in_smaller_parts(source: Any) -> None:
    """HTTP-05: a list is halved; for a single customer the page is."""
    with served(customers=20, packages_each=3) as crm:
        hashes = [*crm.project.hashes()][:8]
        crm.server.faults.add(Fault(kind="status", status=500, field="57014", times=5))
        found = read(crm.client(packages_source=source).packages(hashes))
        truth = [one["id"] for one in crm.project.truth("packages") if one["stable_hash_id"] in hashes]
        assert [one["id"] for one in found] == sorted(truth)
        crm.server.faults.clear()
        crm.server.faults.add(Fault(kind="status", status=500, field="57014"))
        with pytest.raises(VendorTimeout):
            crm.client(packages_source=source).packages(hashes[:1])


def test_a_customer_about_whom_nothing_can_be_answered_is_not_named_in_the_error() -> None:
    """HTTP-08: the hash stands for a person."""
    with served(customers=5) as crm:
        poisoned = next(iter(crm.project.hashes()))
        crm.project.poison(poisoned, "error")
        with pytest.raises(VendorUnavailable) as raised:
            crm.client().packages([poisoned])
        assert poisoned not in str(raised.value)
        assert crm.calls == 3


@pytest.mark.parametrize("source", ["table", "function"])
def test_what_packages_are_read_by_is_proven_in_one_call(source: Any) -> None:
    """CLI-06."""
    with served(customers=4) as crm:
        name = crm.client(packages_source=source).packages_readable()
        assert name == {"table": "packages", "function": "get_packages_by_hash_id"}[source]
        assert crm.calls == 1
        with pytest.raises(ConfigurationError):
            crm.client(packages_source=source, packages_table="sold", packages_function="sold").packages_readable()


@pytest.mark.parametrize("source", ["table", "function"])
def test_a_package_of_somebody_else_spoils_the_answer(source: Any) -> None:
    """A filter that is ignored must not show one customer's packages to another."""
    body = [{"id": 1, "stable_hash_id": "mine"}, {"id": 2, "stable_hash_id": "canary-other"}]
    client = mocked(
        lambda request: httpx.Response(200, json=body, headers={"Content-Range": "0-1/2"}), packages_source=source
    )
    with pytest.raises(ContractBroken) as raised:
        client.packages(["mine"])
    assert "canary" not in str(raised.value)


def test_a_function_that_does_not_say_whose_packages_it_lists_is_completed() -> None:
    """Numbers keep their digits (SYS-01)."""
    body = b'[{"id":1,"calculated_remaining_hours":6.50},{"id":2,"stable_hash_id":"mine"}]'
    headers = {"Content-Type": "application/json", "Content-Range": "0-1/2"}
    client = mocked(lambda request: httpx.Response(200, content=body, headers=headers), packages_source="function")
    first, second = client.packages(["mine"])
    assert bytes(first) == b'{"stable_hash_id":"mine","id":1,"calculated_remaining_hours":6.50}'
    assert bytes(second) == b'{"id":2,"stable_hash_id":"mine"}'


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(400, json={"message": "in.(canary-hash)"})])
def test_no_hash_gets_into_a_message(answer: httpx.Response) -> None:
    """HTTP-08: nor does the key."""
    with pytest.raises(SyncError) as raised:
        mocked(lambda request: answer).packages(["canary-hash"])
    assert "canary" not in str(raised.value)
