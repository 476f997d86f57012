"""The server of the bench answers what the sandbox answers, from memory, and forgets when something changes."""

import json
from datetime import timedelta

import httpx
import pytest

from benchmarks.changes import an_hour_of_business, one_percent
from benchmarks.page_server import PageServer
from benchmarks.source import PREFIX, Source
from sync_platform.sandbox.server import BlazeSandbox

WEEK_MS = 7 * 86_400_000


def questions(shop) -> list[str]:
    """Pages of all collections, lookups, single records, and requests that are refused."""
    start = shop.spec.start_ms + 40 * 86_400_000
    window = f"startDate={start}&endDate={start + WEEK_MS}"
    sale = shop.transactions.ids()[5]
    return [
        "/products?skip=0&limit=20",
        "/products?skip=20&limit=500",
        f"/members?{window}&skip=0&limit=100",
        f"/members?startDate={start}&endDate={start + 8 * WEEK_MS}&skip=0&limit=100",
        f"/products/modified?{window}&skip=0&limit=100",
        f"/transactions?startDate={shop.spec.first_day:%m/%d/%Y}&endDate={shop.spec.first_day:%m/%d/%Y}&skip=0&limit=9",
        "/store",
        "/vendors?skip=0&limit=100",
        "/store/inventory/terminals",
        f"/transactions/{sale}",
        "/transactions/none",
        "/nothing",
    ]


def asked(url: str, shop, question: str) -> tuple[int, str, bytes]:
    headers = {"partner_key": shop.spec.partner_key, "Authorization": shop.spec.shop_key}
    answer = httpx.get(f"{url}{PREFIX}{question}", headers=headers)
    return answer.status_code, answer.headers["content-type"], answer.content


def test_it_answers_byte_by_byte_what_the_sandbox_answers(shop, pages):
    """SBX-03, PERF-02: the first answer is computed and the second is kept; both are the sandbox's."""
    with BlazeSandbox([shop]) as sandbox:
        for question in questions(shop):
            expected = asked(sandbox.url, shop, question)
            assert asked(pages.url, shop, question) == expected, question
            assert asked(pages.url, shop, question) == expected, question
    assert pages.journal.count() == 2 * len(questions(shop))


def test_a_page_is_not_given_to_another_key(shop, pages):
    """BLZ-02: kept answers belong to the keys that asked."""
    question = "/products?skip=0&limit=20"
    assert asked(pages.url, shop, question)[0] == 200
    wrong = {"partner_key": shop.spec.partner_key, "Authorization": "invented-shop-key"}
    assert httpx.get(f"{pages.url}{PREFIX}{question}", headers=wrong).status_code == 401


def test_a_change_is_seen_by_the_next_request(shop, pages):
    """PERF-03: nothing stale is measured."""
    sale = shop.transactions.ids()[0]
    before = asked(pages.url, shop, f"/transactions/{sale}")
    change = {"shop": shop.name, "action": "modify", "entity": "transactions", "id": sale, "fields": {"note": "x"}}
    httpx.post(f"{pages.url}/_sandbox/change", json=change).raise_for_status()
    assert asked(pages.url, shop, f"/transactions/{sale}") != before


@pytest.mark.parametrize("path", ["/products", "/members", "/transactions"])
def test_ten_times_the_data_are_ten_times_as_many_records(shop, path):
    """PERF-02: distinct identifiers, every page whole, totals to match, and each copy can be read by its id."""
    day = shop.spec.first_day
    windows = {
        "/products": "",
        "/members": f"startDate={shop.spec.now_ms - WEEK_MS}&endDate={shop.spec.now_ms}&",
        "/transactions": f"startDate={day:%m/%d/%Y}&endDate={day + timedelta(days=6):%m/%d/%Y}&",
    }
    with PageServer([shop]) as once, PageServer([shop], copies=10) as ten:
        seen = {}
        for server in (once, ten):
            ids: list[str] = []
            while True:
                question = f"{path}?{windows[path]}skip={len(ids)}&limit=37"
                page = json.loads(asked(server.url, shop, question)[2])
                if not page["values"]:
                    break
                assert len(page["values"]) <= 37
                ids += [record["id"] for record in page["values"]]
            seen[server] = ids, page["total"]
        assert len(set(seen[ten][0])) == len(seen[ten][0]) == 10 * len(seen[once][0]) > 0
        assert seen[ten][1] == 10 * seen[once][1]
        assert set(seen[once][0]) <= set(seen[ten][0])
        for identity in seen[ten][0][:20]:
            record = json.loads(asked(ten.url, shop, f"{path}/{identity}")[2])
            assert record["id"] == identity


def test_changes_are_as_many_as_they_say(shop, pages):
    """PERF-03: what has to be written is known before the run."""
    source = Source(pages.url)
    before = {entity: shop.truth(entity) for entity in ("members", "transactions", "products")}
    wanted = one_percent(source, shop.spec, seed=1)
    hour = an_hour_of_business(source, shop.spec, seed=2, records=20)
    assert hour == {"customers": 8, "products": 4, "transactions": 8}
    for table, entity in (("customers", "members"), ("transactions", "transactions"), ("products", "products")):
        old = {record["id"]: record for record in before[entity]}
        new = {record["id"] for record in shop.truth(entity) if old.get(record["id"]) != record}
        most = wanted[table] + hour[table]
        assert max(wanted[table], hour[table]) <= len(new) <= most
