"""``sync-platform demo`` as a newcomer runs it: from an empty folder, in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

SHOPS = ("sunset-supply", "kiez-kontor", "harbour-goods")
CLINICS = ("juniper-clinic", "saguaro-wellness")
CLUBS = ("lakeside-golf", "riverside-studio")
OF_SHOPS = {"customers", "transactions", "transaction_items", "products"}
OF_CLINICS = {"payments", "invoices", "invoice_items"}
OF_CLUBS = {"customers", "packages"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not under pytest's own folder: that is closed to the user that PostgreSQL runs as."""
    with tempfile.TemporaryDirectory(prefix="sync_platform-demo-") as name:
        yield Path(name)


@pytest.mark.timeout(600)
def test_the_demonstration_proves_itself_from_an_empty_folder(folder: Path) -> None:
    """CLI-07: shops, clinics and clubs, a second run without a write, the source's count equal to ours."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SYNC_PLATFORM_", "DAGSTER_"))}
    done = subprocess.run(
        [sys.executable, "-m", "sync_platform.cli", "demo", "--json"],
        cwd=folder, env=environment, capture_output=True, check=False, timeout=580,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    report = json.loads(done.stdout)
    assert report["good"] is True
    first, second = report["runs"]
    assert {row["tenant"] for row in first} == {*SHOPS, *CLINICS, *CLUBS}
    for tenants, entities in ((SHOPS, OF_SHOPS), (CLINICS, OF_CLINICS), (CLUBS, OF_CLUBS)):
        assert {row["entity"] for row in second if row["tenant"] in tenants} == entities
    assert all(row["inserted"] > 0 for row in first)
    assert all(row["inserted"] == row["updated"] == 0 for row in second)
    assert all(row["source"] == row["stored"] > 0 for row in report["source_and_tables"])
    assert all(report["checks"].values())
    _clinics_are_right(report["clinics"], second)
    _purchases_are_right(report["purchases"])
    cut_over = report["cut_over"]
    assert cut_over["loaded"].keys() == {"customers", "transactions", "transaction_items", "products"}
    assert "is not under 5 %" in cut_over["refused"]
    assert cut_over["promoted"] == cut_over["restored"] > 0
    assert cut_over["same_bytes"] is True
    for text in (done.stdout, done.stderr, *_logs(folder)):
        assert b"demo-shop-key" not in text
        assert b"demo-partner-key" not in text
        assert b"demo-consumer-" not in text


def _clinics_are_right(clinics: dict[str, Any], second: list[dict[str, Any]]) -> None:
    """MX-05, MX-08, MX-11, MX-23: links as the source has them, no detail twice, an event handled, products sorted."""
    assert all(one["same"] for one in clinics["linked"])
    payments = [row for row in second if row["entity"] == "payments"]
    assert all(0 < row["api_calls"] <= row["planned_calls"] for row in payments)
    assert clinics["event"] == "handled"
    assert clinics["event_calls"] == {"/payment/{id}": 1, "/invoice/{id}": 1}
    assert clinics["moved"] > 0
    assert {"Drips", "Laboratory", "Plans", "Visits"} <= clinics["categories"].keys()


def _purchases_are_right(purchases: dict[str, Any]) -> None:
    """CSV-01, CSV-12, CSV-18, CSV-19: one file whole, of the other nothing but what to correct; a message each."""
    good, bad = purchases["batches"]
    assert (good["state"], good["items"], bad["state"], bad["items"]) == ("completed", good["rows"], "failed", 0)
    assert purchases["ledger"] == [good["purchases"], good["items"]]
    assert purchases["messages"] == good["purchases"] > 0
    assert len(purchases["errors"]) == bad["errors"] > 0
    assert all(one["line"] and one["column"] and one["message"] for one in purchases["errors"])
    assert [len(names) for names in purchases["put_away"].values()] == [2, 3]


def _logs(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*.log") if path.is_file()]
