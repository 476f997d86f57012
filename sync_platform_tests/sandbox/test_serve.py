"""The stand-in as a process of its own (CLI-07)."""

import json
import signal
import subprocess
import sys

import httpx
import pytest

PROGRAM = """
from datetime import date
from sync_platform.sandbox.serve import serve
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.shop import build_shop
from sync_platform.sandbox.spec import ShopSpec
shop = build_shop(ShopSpec(name="Corner", shop_key="k", zone="UTC", seed=1, first_day=date(2026, 1, 1),
                           days=2, members=3, products=3, transactions=4))
serve([shop], faults=[Fault(kind="status", path="/vendors")])
"""

THREE = """
from datetime import date
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.crm_world import crm_demo_projects
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.sandbox.mx_world import mx_demo_merchants
from sync_platform.sandbox.serve import serve
day = date(2026, 1, 1)
serve([], beside={"mx_merchant": MxSandbox(mx_demo_merchants(day)), "crm": CrmSandbox(crm_demo_projects(day))})
"""


def test_one_process_serves_several_vendors() -> None:
    """CLI-07: each has its own address; all of them end together."""
    with subprocess.Popen(
        [sys.executable, "-c", THREE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready = json.loads(process.stdout.readline())
        assert ready["shops"] == []
        clinics = ready["mx_merchant"]
        assert clinics["shops"] == ["Juniper Clinic", "Saguaro Wellness"]
        auth = ("demo-consumer-key-1", "demo-consumer-secret-1")
        url = f"{clinics['url']}/checkout/v3/payment?merchantId=1000000001"
        assert httpx.get(url, auth=auth).json()["recordCount"] > 300
        assert ready["crm"]["shops"] == ["Lakeside Golf", "Riverside Studio"]
        headers = {"apikey": "demo-crm-key-1", "Authorization": "Bearer demo-crm-key-1"}
        assert len(httpx.get(f"{ready['crm']['url']}/rest/v1/customers", headers=headers).json()) == 1000
        assert httpx.get(f"{ready['url']}/api/v1/partner/store").status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_leaves_when_asked(number: signal.Signals) -> None:
    """CLI-07: one JSON line when ready, an orderly end on SIGTERM and SIGINT."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready = json.loads(process.stdout.readline())
        assert ready["shops"] == ["Corner"]
        headers = {"partner_key": "demo-partner-key", "Authorization": "k"}
        with httpx.Client(base_url=f"{ready['url']}/api/v1/partner", headers=headers) as client:
            assert client.get("/products").json()["total"] == 3
            assert client.get("/vendors").status_code == 503
            process.send_signal(number)
            assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""
