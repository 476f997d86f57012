"""Each fault switch produces on the wire what it says (SBX-02)."""

import gzip
import json
from typing import Any

import httpx
import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform_tests.sandbox.conftest import Get

TEN = {"skip": 10, "limit": 10}


def ids(answer: httpx.Response) -> list[str]:
    return [row["id"] for row in answer.json()["values"]]


@pytest.mark.parametrize(
    "pause", ["7", "0", "-1", "Sat, 21 Nov 2026 06:00:00 GMT", "soon", None], ids=lambda pause: f"{pause}"
)
def test_throttling_sends_any_retry_after(faulty: Get, pause: str | None) -> None:
    """SBX-02: seconds, zero, negative, dated, text, missing."""
    answer = faulty(kind="throttle", retry_after=pause)
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == pause


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 521, 522, 523, 524])
def test_server_errors_come_as_json_or_as_a_page(faulty: Get, status: int) -> None:
    """SBX-02."""
    answer = faulty(kind="status", status=status)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    page = faulty(kind="status", status=status, html=True)
    assert page.status_code == status
    assert page.text.startswith("<!DOCTYPE html>")


def test_refusals_and_redirects(faulty: Get) -> None:
    """SBX-02: expired key, lost permission, another host."""
    assert faulty(kind="unauthorized").status_code == 401
    assert faulty(kind="forbidden").status_code == 403
    away = faulty(kind="redirect", location="http://elsewhere.example.org/x")
    assert (away.status_code, away.headers["Location"]) == (302, "http://elsewhere.example.org/x")


def test_pages_are_repeated_and_shifted(client: httpx.Client, faulty: Get) -> None:
    """SBX-02: duplicate page, shifted page."""
    first = ids(client.get("/members", params={"limit": 30}))
    assert ids(client.get("/members", params=TEN)) == first[10:20]
    assert ids(faulty(kind="duplicate_page", params=TEN)) == first[:10]
    assert ids(faulty(kind="shifted_page", rows=3, params=TEN)) == first[13:23]
    assert ids(faulty(kind="shifted_page", rows=-3, params=TEN)) == first[7:17]


def test_rows_are_lost_added_and_changed(client: httpx.Client, faulty: Get) -> None:
    """SBX-02: missing row, changed row, short page, page longer than asked."""
    usual = client.get("/members", params=TEN).json()["values"]
    following = ids(client.get("/members", params={"skip": 20, "limit": 2}))
    keys = [row["id"] for row in usual]
    assert ids(faulty(kind="missing_row", rows=4, params=TEN)) == keys[:4] + keys[5:]
    assert ids(faulty(kind="short_page", rows=6, params=TEN)) == keys[:6]
    assert ids(faulty(kind="long_page", rows=2, params=TEN)) == keys + following
    changed = faulty(kind="changed_row", rows=4, params=TEN).json()["values"]
    differing = [number for number in range(10) if changed[number] != usual[number]]
    assert differing == [4]
    assert changed[4]["modified"] == usual[4]["modified"]


@pytest.mark.parametrize("path", ["/transactions", "/products", "/store/inventory/brands"])
def test_a_changed_row_differs_for_every_entity(client: httpx.Client, faulty: Get, path: str) -> None:
    """SBX-02."""
    usual = client.get(path).json()["values"]
    changed = faulty(path, kind="changed_row", rows=2).json()["values"]
    assert [one == other for one, other in zip(usual, changed, strict=True)].count(False) == 1


def test_totals_are_zero_huge_or_shrinking(faulty: Get) -> None:
    """SBX-02."""
    assert faulty(kind="wrong_total", total=0).json()["total"] == 0
    assert faulty(kind="wrong_total", total=10**12).json()["total"] == 10**12
    shrinking = [
        faulty(kind="wrong_total", total=None, params={"skip": skip, "limit": 10}).json()["total"]
        for skip in (0, 10, 20)
    ]
    assert shrinking == [130, 129, 128]


def test_bodies_are_damaged(client: httpx.Client, faulty: Get) -> None:
    """SBX-02: HTML on 200, empty, truncated, wrong type, BOM, duplicate keys, NaN, nesting."""
    usual = client.get("/members", params=TEN).content
    assert faulty(kind="html", params=TEN).content.startswith(b"<!DOCTYPE html>")
    assert faulty(kind="empty", params=TEN).content == b""
    cut = faulty(kind="truncated", params=TEN).content
    assert usual.startswith(cut)
    assert 0 < len(cut) < len(usual)
    typed = faulty(kind="wrong_content_type", content_type="text/csv", params=TEN)
    assert (typed.headers["Content-Type"], typed.content) == ("text/csv", usual)
    assert faulty(kind="bom", params=TEN).content == b"\xef\xbb\xbf" + usual
    pairs = json.loads(faulty(kind="duplicate_keys", params=TEN).content, object_pairs_hook=list)
    assert [name for name, _ in pairs].count("values") == 2
    assert b'"share":NaN' in faulty(kind="nan", params=TEN).content
    deep = faulty(kind="deep", size=10_000).content
    assert deep.count(b"[") == deep.count(b"]") == 10_000


def test_a_wrong_charset_is_declared_and_used(faulty: Get) -> None:
    """SBX-02."""
    answer = faulty(kind="wrong_charset", charset="iso-8859-1")
    assert answer.headers["Content-Type"] == "application/json; charset=iso-8859-1"
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode("utf-8")
    assert json.loads(answer.content.decode("iso-8859-1"))["greeting"] == "Grüße"


def test_oversize_and_bomb_are_streamed(box: BlazeSandbox, client: httpx.Client, faulty: Get) -> None:
    """SBX-02: an answer of a declared size; a small one that unpacks to a large one."""
    assert len(faulty(kind="oversize", size=5_000_000).content) == 5_000_000
    box.faults.clear()
    box.faults.add(Fault(kind="gzip_bomb", size=20_000_000))
    with client.stream("GET", "/members") as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < 50_000
    unpacked = gzip.decompress(packed)
    assert len(unpacked) == 20_000_000
    assert json.loads(unpacked)["values"] == []


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset_before", httpx.ReadError),
        ("reset_during", (httpx.ReadError, httpx.RemoteProtocolError)),
        ("stall", (httpx.RemoteProtocolError, httpx.ReadError)),
    ],
)
def test_connections_break(faulty: Get, client: httpx.Client, kind: str, error: Any) -> None:
    """SBX-02: reset before and during the answer, stalled body; the next request is served."""
    with pytest.raises(error):
        faulty(kind=kind, times=1, seconds=0.01)
    assert client.get("/members").status_code == 200


def test_a_connection_reset_after_the_answer_breaks_only_the_next_use(faulty: Get) -> None:
    """SBX-02."""
    assert faulty("/store", kind="reset_after", times=1).status_code == 200


@pytest.mark.parametrize("kind", ["slow_first_byte", "latency", "stall"])
def test_slow_answers_outlast_an_impatient_client(box: BlazeSandbox, client: httpx.Client, kind: str) -> None:
    """SBX-02: the server waits for an hour, and stops at once when told to."""
    box.faults.add(Fault(kind=kind, seconds=3_600))  # type: ignore[arg-type]
    with pytest.raises(httpx.ReadTimeout):
        client.get("/members", timeout=0.2)
    assert box.journal.count(endpoint="/members") == 1


def test_a_dripping_body_arrives_whole(faulty: Get, client: httpx.Client) -> None:
    """SBX-02."""
    usual = client.get("/store").content
    assert faulty("/store", kind="drip", size=100, seconds=0.001).content == usual


def test_the_vendor_clock_can_be_wrong(faulty: Get, client: httpx.Client) -> None:
    """SBX-02: the Date header is off by as much as asked."""
    usual = client.get("/store").headers["Date"]
    assert usual == "Thu, 05 Nov 2026 08:00:00 GMT"
    assert faulty("/store", kind="clock_skew", seconds=-600).headers["Date"] == "Thu, 05 Nov 2026 07:50:00 GMT"


def test_records_drift_in_a_fixed_share(faulty: Get, shop: Shop) -> None:
    """SBX-02: new fields, new enum values, numbers as text, missing fields."""
    truth = {row["id"]: row for row in shop.truth("members")}

    def drifted(**fault: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = faulty(share=0.2, **fault).json()["values"]
        assert rows == faulty(share=0.2, **fault).json()["values"]
        changed = [row for row in rows if row != truth[row["id"]]]
        assert 5 <= len(changed) <= 40
        return changed

    assert all(len(row) == len(truth[row["id"]]) + 50 for row in drifted(kind="extra_fields", rows=50))
    assert all(row["status"] == "FutureValue" for row in drifted(kind="new_enum"))
    assert all(isinstance(row["loyaltyPoints"], str) for row in drifted(kind="number_as_text"))
    assert all("modified" not in row for row in drifted(kind="missing_field"))
    assert all("id" not in row for row in faulty(kind="missing_field", field="id", share=1).json()["values"])
    carts = faulty("/transactions", kind="number_as_text", field="cart.total", share=1).json()["values"]
    assert all(isinstance(row["cart"]["total"], str) for row in carts if row["cart"])


def test_the_shop_changes_between_pages(faulty: Get, shop: Shop) -> None:
    """SBX-02: the page shows the shop as it was, the next request as it is."""
    before = {entity: shop.truth(entity) for entity in ("members", "products", "transactions")}
    answer = faulty("/products", kind="mutate", rows=40)
    assert answer.json()["values"] == before["products"][:100]
    after = {entity: shop.truth(entity) for entity in before}
    assert all(after[entity] != before[entity] for entity in before)
    faulty("/products", kind="mutate", rows=40, field="members")
    assert shop.truth("members") != after["members"]
    assert shop.truth("products") == after["products"]


def test_a_script_says_which_requests_are_hit(box: BlazeSandbox, client: httpx.Client) -> None:
    """SBX-02: the next n, every k-th, after some, by path and shop."""

    def statuses(count: int, **script: Any) -> list[int]:
        box.faults.clear()
        box.faults.add(Fault(kind="status", **script))
        return [client.get("/store").status_code for _ in range(count)]

    assert statuses(4, times=2) == [503, 503, 200, 200]
    assert statuses(6, every=3) == [503, 200, 200, 503, 200, 200]
    assert statuses(6, after=2, times=1, every=2) == [200, 200, 503, 200, 200, 200]
    assert statuses(2, path="/members*") == [200, 200]
    assert statuses(2, path="/st*") == [503, 503]
    assert statuses(2, shop="Other") == [200, 200]
    assert statuses(2, shop="Corner") == [503, 503]


def test_a_probability_follows_the_seed(box: BlazeSandbox, client: httpx.Client) -> None:
    """SBX-02: the same seed hits the same requests."""

    def run() -> list[int]:
        box.faults.clear()
        box.faults.add(Fault(kind="status", probability=0.5))
        return [client.get("/store").status_code for _ in range(60)]

    first = run()
    assert run() == first
    assert 15 <= first.count(503) <= 45
