"""One small shop and one small clinic, their servers and clients, for the tests of the stand-ins."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.mx_merchant import Merchant, build_merchant
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform_tests.sandbox.corner_shop import shop_spec
from sync_platform_tests.sandbox.mx_clinic import clinic_spec, other_spec

Get = Callable[..., httpx.Response]


@pytest.fixture
def shop() -> Shop:
    return build_shop(shop_spec())


@pytest.fixture
def box(shop: Shop) -> Iterator[BlazeSandbox]:
    other = build_shop(shop_spec(name="Other", shop_key="other-key", seed=8, transactions=40))
    with BlazeSandbox([shop, other], clock=lambda: shop.spec.now_ms / 1000) as running:
        yield running


@pytest.fixture
def client(box: BlazeSandbox) -> Iterator[httpx.Client]:
    headers = {"partner_key": "demo-partner-key", "Authorization": "corner-key"}
    with httpx.Client(base_url=f"{box.url}/api/v1/partner", headers=headers, timeout=10) as client:
        yield client


@pytest.fixture
def faulty(box: BlazeSandbox, client: httpx.Client) -> Get:
    """Ask once with one fault switched on."""

    def get(path: str = "/members", /, *, kind: str, params: Any = None, **fault: Any) -> httpx.Response:
        box.faults.clear()
        box.faults.add(Fault(kind=kind, **fault))
        return client.get(path, params=params)

    return get


@pytest.fixture
def merchant() -> Merchant:
    return build_merchant(clinic_spec())


@pytest.fixture
def mx_box(merchant: Merchant) -> Iterator[MxSandbox]:
    other = build_merchant(other_spec())
    with MxSandbox([merchant, other], clock=lambda: merchant.spec.now_ms / 1000) as running:
        yield running


@pytest.fixture
def mx_client(mx_box: MxSandbox, merchant: Merchant) -> Iterator[httpx.Client]:
    """Asks with the clinic's keys; ``merchantId`` is in the address of every request."""
    auth = (merchant.spec.consumer_key, merchant.spec.consumer_secret)
    params = {"merchantId": merchant.spec.merchant_id}
    with httpx.Client(base_url=f"{mx_box.url}/checkout/v3", auth=auth, params=params, timeout=10) as client:
        yield client
