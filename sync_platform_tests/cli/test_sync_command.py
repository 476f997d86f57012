"""``sync-platform sync blaze`` and ``quarantine replay`` as a person uses them: real database, real HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sync_platform.db.pool import Database
from sync_platform.db.tenants import find_tenant
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sandbox.spec import ShopSpec
from sync_platform_tests.cli.shell import Shell

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def shop() -> Shop:
    first = NOW.date() - timedelta(days=4)
    spec = ShopSpec(
        name="cedar", shop_key="cedar-shop-key", zone="America/Denver", seed=3, first_day=first, days=5,
        members=30, products=20, sales_per_day=20, now=NOW,
    )  # fmt: skip
    return build_shop(spec)


@pytest.fixture
def sandbox(shop: Shop) -> Iterator[BlazeSandbox]:
    with BlazeSandbox([shop]) as server:
        yield server


@pytest.fixture
def connected(shell: Shell, cedar: str, sandbox: BlazeSandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """The tenant with keys, read from the environment as a deployment does."""
    monkeypatch.setenv("PARTNER", "demo-partner-key")
    monkeypatch.setenv("SHOP", "cedar-shop-key")
    done = shell(
        "credential", "set", "--tenant", cedar, "--source", "blaze", "--environment", "stage", "--account", "cedar",
        "--setting", f"base_url={sandbox.url}",
        "--from-env", "partner_key=PARTNER", "--from-env", "shop_key=SHOP",
    )  # fmt: skip
    assert done.code == 0, done.err
    return cedar


def test_a_sync_reports_every_record_and_a_second_one_writes_nothing(shell: Shell, connected: str, shop: Shop) -> None:
    """CLI-02, SYS-05: JSON on standard output, the accounting identity in it."""
    first = shell("sync", "blaze", "--tenant", connected, "--days", "7", "--json")
    assert first.code == 0, first.err
    runs = {run["entity"]: run for result in first.data for run in result["runs"]}
    assert set(runs) == {"products", "customers", "transactions", "transaction_items"}
    assert runs["transactions"]["counters"]["inserted"] == len(shop.truth("transactions"))
    assert runs["transactions"]["api_calls"] > 0
    again = shell("sync", "blaze", "--tenant", connected, "--days", "7", "--json")
    counters = [run["counters"] for result in again.data for run in result["runs"]]
    assert all(c["inserted"] == c["updated"] == c["deleted"] == 0 for c in counters)
    assert all(c["fetched"] == c["unchanged"] + c["duplicate_in_batch"] for c in counters)


def test_a_dry_run_says_what_would_happen_and_does_nothing(shell: Shell, connected: str) -> None:
    """SYS-20."""
    dry = shell("sync", "blaze", "--tenant", connected, "--entity", "products", "--dry-run", "--json")
    assert dry.code == 0, dry.err
    [run] = dry.data[0]["runs"]
    assert run["counters"]["inserted"] == 20
    assert len(run["report"]["sample"]) == 20
    real = shell("sync", "blaze", "--tenant", connected, "--entity", "products", "--json")
    assert real.data[0]["runs"][0]["counters"]["inserted"] == 20


def test_people_see_a_table_with_all_fates(shell: Shell, connected: str) -> None:
    """CLI-01."""
    shown = shell("sync", "blaze", "--tenant", connected, "--entity", "transaction_items", "--days", "3")
    assert shown.code == 0, shown.err
    for word in ("fetched", "inserted", "unchanged", "stale", "duplicates", "quarantined", "succeeded"):
        assert word in shown.out


def test_wrong_keys_fail_with_the_remedy_and_without_the_keys(
    shell: Shell, connected: str, sandbox: BlazeSandbox
) -> None:
    """HTTP-04, CLI-01: exit code 1, what to do, no secret."""
    sandbox.faults.add(Fault(kind="unauthorized"))
    failed = shell("sync", "blaze", "--tenant", connected, "--entity", "customers", "--json")
    assert failed.code == 1
    assert failed.data[0]["error"]["code"] == "CredentialsRejected"
    assert "cedar-shop-key" not in failed.everything
    assert "demo-partner-key" not in failed.everything


def test_a_rejected_record_is_listed_and_replayed_after_the_fix(
    shell: Shell, connected: str, shop: Shop, database_url: str
) -> None:
    """SYS-08."""
    product = shop.truth("products")[0]
    shop.modify("products", product["id"], unitPrice={"amount": 5})
    shell("sync", "blaze", "--tenant", connected, "--entity", "products", "--json")
    listed = shell("quarantine", "list", "--tenant", connected, "--json").data
    assert [(item["source_id"], item["field_path"]) for item in listed] == [(product["id"], "unitPrice")]
    still = shell("quarantine", "replay", "--tenant", connected, "--json")
    assert (still.code, still.data["loaded"]) == (3, [])
    shop.modify("products", product["id"], unitPrice=12.5)
    fixed = shell("quarantine", "replay", "--tenant", connected, "--reason", listed[0]["reason"], "--json")
    assert (fixed.code, fixed.data["loaded"]) == (0, [listed[0]["id"]])
    with Database(database_url, pool_size=1) as database:
        owner = find_tenant(database, connected)
        with database.transaction(owner.id) as conn:
            found = conn.execute(
                "select retail_price::text from blaze.products where product_id = %s", (product["id"],)
            ).fetchone()
    assert found == ("12.5000",)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--entity", "payments"], "payments"),
        (["--days", "3", "--from", "2026-01-01"], "--days"),
        (["--to", "2026-01-01"], "--from"),
        (["--from", "2026-02-01", "--to", "2026-01-01"], "--from"),
        (["--tenant", "nobody"], "nobody"),
    ],
)
def test_arguments_that_make_no_request_are_refused_by_name(
    shell: Shell, connected: str, options: list[str], names: str
) -> None:
    """CLI-01: exit code 2."""
    refused = shell("sync", "blaze", "--tenant", connected, *options)
    assert refused.code == 2
    assert names in refused.err


def test_days_are_bounded(shell: Shell, connected: str) -> None:
    """BLZ-05: 1 to 365."""
    assert shell("sync", "blaze", "--tenant", connected, "--days", "366").code == 2
    assert shell("sync", "blaze", "--tenant", connected, "--days", "0").code == 2
