"""Faults of the stand-in for the CRM: refusals, pages, records, bodies (SBX-02)."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sync_platform.sandbox.crm_project import CrmProject
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.faults import Fault
from sync_platform_tests.sandbox.crm_club import COUNT, HEADERS, build_club

Ask = Callable[..., httpx.Response]
ORDERED = "/customers?order=id&limit=10"


@pytest.fixture(scope="module")
def club() -> CrmProject:
    return build_club(customers=60)


@pytest.fixture(scope="module")
def box(club: CrmProject) -> Iterator[CrmSandbox]:
    with CrmSandbox([club]) as running:
        yield running


@pytest.fixture
def ask(box: CrmSandbox) -> Iterator[Ask]:
    """Ask once with one fault switched on."""
    with httpx.Client(base_url=f"{box.url}/rest/v1", headers=HEADERS, timeout=10) as client:

        def once(path: str = ORDERED, /, *, method: str = "GET", headers: Any = COUNT, **fault: Any) -> httpx.Response:
            box.faults.clear()
            box.faults.add(Fault(**fault))
            return client.request(method, path, headers=headers)

        yield once
    box.faults.clear()


@pytest.mark.parametrize(
    ("fault", "status", "keys"),
    [
        ({"kind": "throttle"}, 429, {"message"}),
        ({"kind": "unauthorized"}, 401, {"message"}),
        ({"kind": "status", "status": 402}, 402, {"message"}),
        ({"kind": "forbidden"}, 403, {"code", "message", "details", "hint"}),
        ({"kind": "status", "status": 503}, 503, {"code", "message", "details", "hint"}),
    ],
)
def test_each_layer_refuses_in_its_own_words(ask, fault, status, keys) -> None:
    """SBX-02: the gateway without a code, PostgREST with one."""
    answer = ask(**fault)
    assert (answer.status_code, answer.json().keys()) == (status, keys)


@pytest.mark.parametrize(("status", "code"), [(500, "40001"), (500, "57014"), (401, "PGRST303"), (504, "PGRST003")])
def test_an_error_can_have_any_code(ask, status, code) -> None:
    """SBX-02: the status alone does not say whether to try again."""
    answer = ask(kind="status", status=status, field=code)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("status", [502, 503, 504, 520, 522, 524])
def test_errors_of_the_platform_are_pages_for_people(ask, status) -> None:
    """SBX-02."""
    answer = ask(kind="status", status=status, html=True)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")


def test_pages_can_be_others_than_were_asked_for(ask, club) -> None:
    """SBX-02: status and range tell of what is sent."""
    keys = [row["id"] for row in club.truth("customers")]

    def seen(path: str = ORDERED, **fault: Any) -> tuple[list[int], str]:
        answer = ask(path, **fault)
        return [row["id"] for row in answer.json()], answer.headers["Content-Range"]

    assert seen(kind="short_page", rows=4) == (keys[:4], "0-3/60")
    assert seen(kind="long_page", rows=2) == (keys[:12], "0-11/60")
    assert seen(kind="shifted_page", rows=1) == (keys[1:11], "0-9/60")
    assert seen(kind="missing_row", rows=0) == (keys[1:10], "0-8/60")
    assert seen(f"{ORDERED}&offset=10", kind="duplicate_page") == (keys[:10], "10-19/60")
    assert seen(kind="wrong_total", total=10) == (keys[:10], "0-9/10")
    assert seen(f"{ORDERED}&offset=20", kind="wrong_total", total=None) == (keys[20:30], "20-29/58")


def test_records_can_be_written_differently(ask) -> None:
    """SBX-02: whether or not the id is among the columns."""
    for path in ("/packages?order=id&limit=5", "/packages?select=expiration_date&limit=5"):
        assert all("futureField0" in row for row in ask(path, kind="extra_fields", share=1.0).json())
    row = ask("/packages?order=id&limit=1", kind="number_as_text", share=1.0).json()[0]
    assert isinstance(row["calculated_remaining_hours"], str)
    row = ask("/packages?order=id&limit=1", kind="missing_field", share=1.0, field="id").json()[0]
    assert "id" not in row


@pytest.mark.parametrize("kind", ["html", "empty", "truncated", "wrong_content_type", "bom", "nan", "fuzzed"])
def test_bodies_can_be_damaged_whether_all_rows_came_or_a_part(ask, kind) -> None:
    """SBX-02: 206 is a success as well."""
    whole = ask(method="GET", kind="clock_skew", seconds=0.0)
    damaged = ask(kind=kind)
    assert whole.status_code == damaged.status_code == 206
    changed = (damaged.content, damaged.headers["Content-Type"]) != (whole.content, whole.headers["Content-Type"])
    assert changed


def test_a_list_can_be_deep_and_have_a_key_twice(ask) -> None:
    """SBX-02: both are well-formed, as lists are."""
    assert ask(kind="deep", size=3).json() == [[[]]]
    twice = ask(kind="duplicate_keys").text
    assert twice.count('"id":') == 11
    assert twice.startswith("[{")
    assert len(ask(kind="duplicate_keys").json()) == 10


@pytest.mark.parametrize("kind", ["html", "oversize", "gzip_bomb", "wrong_total"])
def test_an_answer_to_head_has_no_body_whatever_goes_wrong(ask, kind) -> None:
    """SBX-02: the next request on the same connection gets its own answer."""
    assert ask(method="HEAD", kind=kind, size=1 << 20).content == b""
    assert len(ask(kind="clock_skew", seconds=0.0).json()) == 10


def test_rows_change_behind_a_page(ask, club, box) -> None:
    """SBX-02."""
    before = club.truth("customers")
    ask(kind="mutate", rows=5, field="customers")
    assert club.truth("customers") != before


def test_a_customer_can_be_poisoned_in_both_ways(club, box, ask) -> None:
    """SBX-02, CRM-15: a record that cannot be read, and an error for each call that names the customer."""
    bad, good = [one for one in club.hashes() if club.packages_of(one)][:2]
    club.poison(bad, "record")
    rows = ask(f"/packages?stable_hash_id=eq.{bad}&order=expiration_date", kind="clock_skew", seconds=0.0).json()
    assert "2026-13-45" in [row["expiration_date"] for row in rows]
    club.poison(bad, "error")
    calm = {"kind": "clock_skew", "seconds": 0.0}
    for path in (
        f"/packages?stable_hash_id=in.({good},{bad})",
        f"/rpc/get_packages_by_hash_id?p_stable_hash_id={bad}",
    ):
        answer = ask(path, **calm)
        assert (answer.status_code, answer.json()["code"]) == (500, "XX000")
    for path in (f"/packages?stable_hash_id=in.({good})", f"/customers?stable_hash_id=eq.{bad}", "/packages?limit=3"):
        assert ask(path, **calm).status_code in (200, 206)
    club.cure(bad)
    assert ask(f"/packages?stable_hash_id=in.({good},{bad})", **calm).status_code == 200
    assert "2026-13-45" not in [row["expiration_date"] for row in club.packages_of(bad)]
