"""``compare``, ``promote``, ``rollback``, ``finalize`` as a person uses them."""

import pytest

from sync_platform.db.pool import Database
from sync_platform.db.tenants import find_tenant
from sync_platform_tests.cli.shell import Shell
from sync_platform_tests.sync.cut_over.sides import Sides


@pytest.fixture
def shop(shell: Shell, cedar: str, database: Database, database_url: str) -> Sides:
    """A hundred customers on both sides, four phones and thirty cities of them different, compared."""
    sides = Sides(database, find_tenant(database, cedar), database_url)
    rows = [{"member_id": f"m{n:03}", "phone": f"+1555{n:07}", "city": "Canaryville"} for n in range(100)]
    sides.staging("customers", rows)
    sides.production(
        "customers",
        [row | ({"phone": "1"} if n < 4 else {}) | ({"city": "Davis"} if n < 30 else {}) for n, row in enumerate(rows)],
    )
    assert shell("compare", "run", "--tenant", cedar, "--table", "customers").code == 0
    return sides


def test_a_comparison_is_run_shown_and_looked_into(shell: Shell, cedar: str, shop: Sides):
    """CMP-06, CLI-03: from the table of fields to pairs, rows and one row; personal values masked everywhere."""
    (found,) = shell("compare", "show", "customers", "--tenant", cedar, "--json").data
    fields = {field["field"]: field for field in found["fields"]}
    assert (found["matched"], found["percent"]) == (100, "0")
    assert (fields["phone"]["different"], fields["phone"]["percent"]) == (4, "4")
    assert fields["city"]["percent"] == "30"
    assert "30" in shell("compare", "show", "customers", "--tenant", cedar).out
    (pair,) = shell("compare", "pairs", "customers.city", "--tenant", cedar, "--json").data
    assert pair == {"existing": "D***(5)", "blaze": "C***(11)", "rows": 30}
    rows = shell("compare", "rows", "customers.phone", "--tenant", cedar, "--limit", "2", "--json").data
    assert [row["key"] for row in rows] == ["m000", "m001"]
    one = shell("compare", "row", "customers", "m000", "--tenant", cedar)
    assert "Canaryville" not in one.everything
    assert "different" in one.out
    assert shell("compare", "history", "customers.city", "--tenant", cedar, "--json").data[0]["percent"] == "30"
    assert shell("compare", "days", "customers", "--tenant", cedar, "--all", "--json").data[0]["matched"] == 100


def test_a_field_goes_through_the_gate_and_back(shell: Shell, cedar: str, shop: Sides):
    """CLI-03, SYS-20: plan, dry run, promotion, rollback, each saying what it did."""
    before = shop.checksum()
    plan = {one["field"]: one for one in shell("promote", "plan", "--tenant", cedar, "--json").data}
    assert (plan["customers.phone"]["state"], plan["customers.city"]["state"]) == ("open", "closed")
    dry = shell("promote", "field", "customers.phone", "--tenant", cedar, "--dry-run", "--json")
    assert (dry.code, dry.data["changed"], len(dry.data["sample"])) == (0, 4, 4)
    assert shop.checksum() == before
    done = shell("promote", "field", "customers.phone", "--tenant", cedar, "--yes", "--json")
    assert (done.code, done.data["state"], done.data["written"]) == (0, "active", 4)
    look = shell("rollback", "customers.phone", "--tenant", cedar, "--dry-run", "--json")
    assert (look.code, look.data["changed"]) == (0, 4)
    back = shell("rollback", "customers.phone", "--tenant", cedar, "--yes")
    assert back.code == 0
    assert "rollback 2 of customers.phone: 4 rows written" in back.out
    assert shop.checksum() == before
    states = [row["state"] for row in shell("promote", "list", "--tenant", cedar, "--json").data]
    assert states == ["done", "rolled_back"]


def test_a_closed_gate_is_exit_code_4_with_the_reason(shell: Shell, cedar: str, shop: Sides):
    """CLI-01, CMP-11: also for the dry run; an override has to say why."""
    for options in (["--dry-run"], ["--yes"]):
        refused = shell("promote", "field", "customers.city", "--tenant", cedar, *options)
        assert refused.code == 4
        assert "30 of 100 differ (30 %), which is not under 5 %" in refused.err
    done = shell(
        "promote", "field", "customers.city", "--tenant", cedar, "--yes", "--override", "the shop moved", "--json"
    )
    assert (done.code, done.data["override_reason"], done.data["written"]) == (0, "the shop moved", 30)


def test_production_is_not_changed_without_a_yes(shell: Shell, cedar: str, shop: Sides):
    """A script has to say so; a person types the field's name."""
    before = shop.checksum()
    refused = shell("promote", "field", "customers.phone", "--tenant", cedar)
    assert refused.code == 4
    assert "--yes" in refused.err
    assert shell("rollback", "customers.phone", "--tenant", cedar).code == 4
    assert shop.checksum() == before


def test_a_difference_is_accepted_listed_and_revoked(shell: Shell, cedar: str, shop: Sides):
    """CMP-07."""
    done = shell(
        "compare", "accept", "customers.city", "--tenant", cedar, "--reason", "renamed town", "--production", "Davis",
        "--blaze", "Canaryville", "--json",
    )  # fmt: skip
    assert done.code == 0
    (found,) = shell("compare", "run", "--tenant", cedar, "--table", "customers", "--json").data
    city = next(field for field in found["fields"] if field["field"] == "city")
    assert (city["different"], city["accepted"], city["percent"]) == (0, 30, "0")
    assert shell("compare", "accepted", "--tenant", cedar, "--json").data[0]["reason"] == "renamed town"
    assert shell("compare", "revoke", str(done.data["id"]), "--tenant", cedar).code == 0
    assert shell("compare", "revoke", str(done.data["id"]), "--tenant", cedar).code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "run", "--table", "people"],
        ["compare", "run", "--from", "2026-01-01"],
        ["compare", "show", "products"],
        ["compare", "rows", "customers"],
        ["promote", "field", "phone", "--dry-run"],
        ["promote", "field", "customers.fax", "--dry-run"],
        ["rollback", "customers.phone", "--changed", "guess", "--yes"],
    ],
)
def test_a_wrong_argument_is_exit_code_2_or_4_with_a_remedy(
    shell: Shell, cedar: str, shop: Sides, arguments: list[str]
):
    """CLI-01."""
    refused = shell(*arguments, "--tenant", cedar)
    assert refused.code in (2, 4)
    assert refused.err.startswith("error: ")


def test_the_end_names_what_stands_against_it(shell: Shell, cedar: str, shop: Sides):
    """CMP-17."""
    look = shell("finalize", "--tenant", cedar, "--dry-run", "--json")
    assert (look.code, look.data["used_by"]) == (4, [])
    assert "customers.name is not promoted" in look.data["open"]
    assert shell("finalize", "--tenant", cedar, "--yes").code == 4
