"""The stand-in for MX Merchant: the server with the vendor's merchants behind it."""

import time
from collections.abc import Callable, Sequence

from sync_platform.sandbox.gate import CallLimit
from sync_platform.sandbox.mx_endpoints import MxEndpoints, MxRules
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_vendor import MxVendor
from sync_platform.sandbox.vendor_server import VendorServer


class MxSandbox(VendorServer[Merchant]):
    """Serves ``merchants`` by their keys. ``port`` 0 takes a free one; ``limit`` switches a call limit on."""

    def __init__(
        self,
        merchants: Sequence[Merchant],
        *,
        port: int = 0,
        seed: int = 0,
        rules: MxRules | None = None,
        limit: CallLimit | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        vendor, endpoints = MxVendor(merchants, seed), MxEndpoints(rules or MxRules(), merchants)
        super().__init__(vendor, endpoints, port=port, seed=seed, limit=limit, clock=clock)

    def merchant(self, name: str) -> Merchant:
        """A merchant by its name. ``KeyError`` if there is none."""
        return self.vendor.parties[name]
