"""What is left in Dagster's database and in the logs of its processes; of all the other tests, when it comes last."""

import json

import psycopg
import pytest
from psycopg import sql

from sync_platform.db.connect import libpq_url
from sync_platform.db.tenants import directory
from sync_platform_tests.slow.orchestration.shops import PARTNER_KEY, ZONES, shop_key
from sync_platform_tests.slow.orchestration.stage import Stage
from sync_platform_tests.slow.orchestration.web_server import wait_for

PERSONAL = ("name", "phone", "phone_e164", "email", "street_address", "zip_code")
SHORTEST = 6  # letters; shorter ones are found everywhere


def secrets(stage: Stage) -> set[str]:
    """All keys, right and wrong ones, and the master key."""
    keys = {PARTNER_KEY, "canary-wrong-key", *map(shop_key, ZONES)}
    return keys | {key.get_secret_value() for key in stage.platform.settings.master_keys}


def people(stage: Stage) -> set[str]:
    """Personal values of members that were synced."""
    found: set[str] = set()
    # those that are there: workers take tests in any order, and one tenant is added by a test
    for tenant in directory(stage.platform.database, states=("active", "suspended", "closing")):
        with stage.platform.database.transaction(tenant.id) as conn:
            columns = sql.SQL(", ").join(map(sql.Identifier, PERSONAL))
            for row in conn.execute(sql.SQL("select {} from blaze.customers").format(columns)):
                found |= {str(value) for value in row if value and len(str(value)) >= SHORTEST}
    return found


def everything(url: str) -> str:
    """Every row of every table of a database, as text."""
    with psycopg.connect(libpq_url(url)) as conn:
        tables = conn.execute(
            "select schemaname, tablename from pg_catalog.pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        texts = [
            row[0]
            for place in tables
            for row in conn.execute(sql.SQL("select t::text from {} t").format(sql.Identifier(*place)))
        ]
    return "\n".join(texts)


@pytest.mark.usefixtures("retried_backfill")
def test_a_failed_run_is_one_line_in_the_log_without_secrets(stage: Stage):
    """DAG-11, SEC-22: run, job and reason."""
    log = stage.folder / "daemon.log"

    def look() -> str | None:
        lines = [line for line in log.read_text(errors="replace").splitlines() if "run_failed" in line]
        return next((line for line in lines if "Steps failed" in line), None)

    line = wait_for("a line of the failure sensor", look, 60)
    failed = [run["runId"] for run in stage.web.runs(statuses=["FAILURE"])]
    assert any(run_id in line for run_id in failed)
    assert not [secret for secret in secrets(stage) if secret in line]


@pytest.mark.usefixtures("retried_backfill")
def test_no_key_and_nothing_personal_is_in_dagsters_database_or_in_any_log(stage: Stage):
    """DAG-06, SEC-22: after successes, failures, retries, kills and backfills."""
    kept = everything(stage.dagster_url)
    assert "partition_row_count" in kept
    texts = {"database": kept} | {
        path.name: path.read_text(errors="replace") for path in stage.folder.glob("*.log") if path.name != "sandbox.log"
    }
    values = people(stage)
    assert len(values) > 100
    for place, text in texts.items():
        assert not [secret for secret in secrets(stage) if secret in text], place
        escaped = {json.dumps(value)[1:-1] for value in values} | values
        assert not [value for value in escaped if value in text], place
