"""How the peers are started: child processes with their task on standard input."""

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.children import ROOT, Measured, measure
from sync_platform.sandbox.spec import ShopSpec

PEERS_PYTHON = ROOT / "benchmarks" / ".venv" / "bin" / "python"
NAIVE_SCHEMA, DLT_SCHEMA = "naive", "peer"
DLT_TABLES = ("customers", "transactions", "transactions__items", "products")


def run_naive(folder: Path, url: str, base_url: str, spec: ShopSpec, now: datetime, *, pipelined: bool) -> Measured:
    """The script people have today, into the schema ``naive``."""
    task = _task(url, base_url, spec, now) | {"pipelined": pipelined}
    return measure([sys.executable, "-m", "benchmarks.naive"], os.environ, folder, json.dumps(task))


def run_dlt(folder: Path, url: str, base_url: str, spec: ShopSpec, now: datetime, **options: str) -> Measured:
    """dlt into the schema ``peer``. What it remembers between runs lies in ``folder``."""
    task = _task(url, base_url, spec, now) | {"pipelines_dir": str(folder)} | options
    return measure([str(PEERS_PYTHON), "-m", "benchmarks.dlt_peer"], os.environ, folder, json.dumps(task))


def _task(url: str, base_url: str, spec: ShopSpec, now: datetime) -> dict[str, Any]:
    return {
        "url": base_url,
        "database_url": url,
        "partner_key": spec.partner_key,
        "shop_key": spec.shop_key,
        "zone": spec.zone,
        "first_day": spec.first_day.isoformat(),
        "last_day": now.astimezone(spec.tz).date().isoformat(),
    }
