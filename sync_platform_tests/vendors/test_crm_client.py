"""The CRM's client against a stand-in that answers as PostgREST does: customers, counts, keys and names."""

import json
from typing import Any

import pytest

from sync_platform.core.errors import (
    ConfigurationError,
    CredentialsRejected,
    InvalidRequest,
)
from sync_platform.sandbox.crm_endpoints import CrmRules
from sync_platform.sandbox.faults import Fault
from sync_platform.vendors.crm import CrmOptions, crm_headers
from sync_platform.vendors.postgrest import PostgrestOptions
from sync_platform_tests.vendors.served_crm import customers, read, served


@pytest.mark.parametrize(
    ("cap", "page_size", "calls"), [(1000, 1000, 2), (1000, 10_000, 2), (100, 1000, 13), (None, 10_000, 1)]
)
@pytest.mark.parametrize("count_rows", [True, False])
def test_no_customer_is_lost_behind_the_silent_cap(
    cap: int | None, page_size: int, calls: int, count_rows: bool
) -> None:
    """CRM-01: the replaced job read with one call, and matched the first 1,000 only."""
    with served(customers=1234, packages_each=0, rules=CrmRules(max_rows=cap)) as crm:
        client = crm.client(page_size=page_size, postgrest=PostgrestOptions(count_rows=count_rows))
        pages = list(client.customers())
        columns = ("id", "customer_name", "contact_number", "email", "stable_hash_id")
        truth = [{name: one[name] for name in columns} for one in crm.project.truth("customers")]
        assert read([record for page in pages for record in page.records]) == truth
        assert crm.calls == calls + (not count_rows)
        assert pages[-1].complete == count_rows


def test_reading_customers_goes_on_where_it_was_stopped() -> None:
    """SYS-09."""
    with served(customers=250) as crm:
        client = crm.client(page_size=100)
        first = next(iter(client.customers()))
        rest = list(client.customers(json.loads(json.dumps(first.position))))
        assert len(first.records) + sum(len(page.records) for page in rest) == 250
        assert rest[-1].complete
        assert crm.calls == 3


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "short_page", "rows": 3, "every": 2},
        {"kind": "missing_row", "rows": 2, "times": 1, "after": 1},
        {"kind": "wrong_total", "total": 0, "times": 1},
        {"kind": "wrong_total", "total": 10**9, "times": 1},
        {"kind": "duplicate_page", "times": 1, "after": 1},
        {"kind": "shifted_page", "rows": 5, "times": 1, "after": 1},
        {"kind": "long_page", "rows": 4, "every": 2},
        {"kind": "truncated", "times": 2},
        {"kind": "html", "times": 2},
        {"kind": "status", "status": 520, "html": True, "times": 2},
    ],
)
def test_pages_that_are_not_what_they_should_be_lose_nothing(fault: dict[str, Any]) -> None:
    """F-25, F-26: neither customers nor packages."""
    with served(customers=60, packages_each=2) as crm:
        hashes = [*crm.project.hashes()]
        for path in ("customers", "packages"):
            crm.server.faults.add(Fault(**fault, path=f"*{path}"))
        client = crm.client(page_size=10, in_list_size=200)
        assert [one["id"] for one in customers(client)] == [one["id"] for one in crm.project.truth("customers")]
        found = [one["id"] for one in read(client.packages(hashes))]
        assert found == [one["id"] for one in crm.project.truth("packages")]


def test_customers_that_change_while_they_are_read_are_not_lost() -> None:
    """F-27: additions, corrections and deletions behind each page."""
    with served(customers=120) as crm:
        before = {one["id"] for one in crm.project.truth("customers")}
        crm.server.faults.add(Fault(kind="mutate", path="*customers", rows=5))
        found = {one["id"] for one in customers(crm.client(page_size=10))}
        after = {one["id"] for one in crm.project.truth("customers")}
        assert before & after <= found


def test_the_crm_counts_customers_and_packages() -> None:
    """CRM-01: over the cap, too."""
    with served(customers=1100, packages_each=1) as crm:
        client = crm.client()
        assert client.count_customers() == 1100
        assert client.count_packages() == len(crm.project.truth("packages"))
        assert crm.calls == 2
        with pytest.raises(ConfigurationError):
            crm.client(packages_source="function").count_packages()


def test_a_bare_postgrest_has_no_prefix() -> None:
    """The gateway's path is a setting."""
    with served(customers=12, prefix="") as crm:
        assert len(customers(crm.client(postgrest=PostgrestOptions(base_path="")))) == 12


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"customers_table": "clients"}, "names of tables"),
        ({"postgrest": PostgrestOptions(db_schema="sales")}, "names of tables"),
        ({"customer_columns": ("id", "nickname")}, "names of columns"),
    ],
)
def test_a_name_that_the_crm_does_not_know_says_which_setting_to_look_at(options: dict[str, Any], said: str) -> None:
    with served(customers=1) as crm, pytest.raises(ConfigurationError, match=said):
        list(crm.client(**options).customers())


@pytest.mark.parametrize(("anonymous", "visible"), [("denied", None), ("hidden", False), ("visible", True)])
def test_what_the_public_key_may_see_is_one_call(anonymous: Any, visible: bool | None) -> None:
    """CRM-03: an error, nothing, or what nobody should see."""
    with served(customers=4) as crm:
        crm.project.anonymous = anonymous
        client = crm.client(key=crm.project.spec.public_key)
        if visible is None:
            with pytest.raises(CredentialsRejected):
                client.probe()
        else:
            assert client.probe() == {"customers_visible": visible}
        assert crm.calls == 1
        assert crm.client().probe() == {"customers_visible": True}


@pytest.mark.parametrize("options", [{"page_size": 0}, {"in_list_size": 0}, {"customer_columns": ("email",)}])
def test_options_that_cannot_be_read_with_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        CrmOptions(**options)


def test_a_key_is_needed_and_not_looked_into() -> None:
    """CRM-03."""
    assert crm_headers("sb_secret_canary") == {"apikey": "sb_secret_canary", "Authorization": "Bearer sb_secret_canary"}
    with pytest.raises(ConfigurationError):
        crm_headers("")
