"""One small shop, its server and a client, for the tests of the stand-in."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform_tests.sandbox.corner_shop import shop_spec

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
