"""The asset check of derived values: a second implementation agrees, and finds a view that somebody has changed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sync_platform.db.connect import connect
from sync_platform.db.sql_files import sql_root
from sync_platform_tests.defs.cut_over.conftest import MakeStage, Stage, evaluations, shown

METRICS = "analytics/customer_metrics"


def trading(stage: Stage) -> None:
    """Customers with sales, a refund, and none at all, at each tenant."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    for sides in stage.sides.values():
        sides.production("customers", [{"member_id": f"m{n}"} for n in range(3)])
        sides.production(
            "transactions",
            [
                {
                    "transaction_id": f"t{n}",
                    "customer_id": f"m{n % 2}",
                    "trans_type": "Refund" if n == 5 else "Sale",
                    "blaze_status": "Completed",
                    "total_amount": Decimal("19.99"),
                    "date": noon - timedelta(days=n),
                    "origin": "blaze",
                }
                for n in range(8)
            ],
        )


def test_the_view_and_the_second_implementation_agree(make_stage: MakeStage) -> None:
    """DAG-20, BLZ-36: counted over all tenants of the run; one without customers has nothing to disagree about."""
    stage = make_stage("alder", "birch")
    trading(stage)
    make_stage("cedar")
    result = stage.run(METRICS)
    assert result.success
    found = evaluations(result)["derived_values"]
    assert found.passed
    assert shown(found) == {"customers": 6}


def test_a_view_that_was_changed_by_hand_is_found_and_the_remedy_named(make_stage: MakeStage) -> None:
    """DAG-20: the check tells tenant, customer and value names, and no values."""
    stage = make_stage("alder")
    trading(stage)
    right = (sql_root() / "views" / "01_customer_metrics.sql").read_text(encoding="utf-8")
    wrong = right.replace("r.status = 'completed'", "r.status <> 'completed'")
    assert wrong != right
    with connect(stage.url) as administrator, administrator.transaction():
        administrator.execute("set local role sp_owner")
        administrator.execute(wrong.encode())
    found = evaluations(stage.run(METRICS))["derived_values"]
    assert not found.passed
    assert "sync-platform db upgrade" in (found.description or "")
    records = found.metadata["differences"].value.records  # type: ignore[union-attr]
    assert {(record.data["tenant"], record.data["customer"]) for record in records} == {
        ("alder", "m0"),
        ("alder", "m1"),
    }
    assert "lifetime_value" in records[0].data["differs_in"]
    assert "19.99" not in str(found.metadata)
