"""The tools of the fault suite themselves: a suite that sees nothing would pass."""

import pytest

from sync_platform_tests.faults.invariants import assert_invariants, assert_nothing_shown
from sync_platform_tests.faults.stage import Stage, small_shop


def test_an_undisturbed_sync_through_both_proxies_keeps_all_invariants(stage: Stage) -> None:
    """I1 to I9 hold where nothing is broken; the proxies see requests and statements."""
    shop = small_shop("alder", stage.seed)
    sandbox = stage.serve(shop)
    source, url = stage.proxy_before(sandbox)
    database = stage.proxy_before_database()
    tenant = stage.connect(shop, url)
    stage.finish(tenant)
    assert source.sent == sandbox.journal.count() > 0
    assert database.sent > 20
    assert_invariants(stage, tenant, [shop], sandbox.journal)


def test_a_person_in_an_output_is_found(stage: Stage) -> None:
    """I8: the search itself."""
    shop = small_shop("birch", stage.seed)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    stage.finish(tenant)
    assert_nothing_shown(stage)
    stage.start("runs", "list", "--tenant", shop.truth("members")[0]["email"]).wait()
    with pytest.raises(AssertionError, match="shown"):
        assert_nothing_shown(stage)


@pytest.mark.parametrize("what", ["a row too many", "a value", "a call", "a bystander's row"])
def test_what_is_not_as_it_should_be_is_found(stage: Stage, what: str) -> None:
    """I2, I3, I5, I6: the comparisons themselves."""
    shop = small_shop("cedar", stage.seed)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    stage.finish(tenant)
    if what == "a call":
        sandbox.journal.add(sandbox.journal.entries()[0])
    elif what == "a bystander's row":
        stage.execute("delete from blaze.products where tenant_id <> %s", tenant.id)
    elif what == "a value":
        stage.execute("update blaze.customers set city = null where tenant_id = %s", tenant.id)
    else:
        shop.erase("members", shop.members.ids()[0])
    with pytest.raises(AssertionError):
        assert_invariants(stage, tenant, [shop], sandbox.journal)
