"""The stand-in for Blaze: the server with the vendor's shops behind it."""

import time
from collections.abc import Callable, Sequence

from sync_platform.sandbox.blaze_vendor import BlazeVendor
from sync_platform.sandbox.endpoints import Endpoints, Rules
from sync_platform.sandbox.gate import CallLimit
from sync_platform.sandbox.shop import Shop
from sync_platform.sandbox.vendor_server import VendorServer


class BlazeSandbox(VendorServer[Shop]):
    """Serves ``shops`` by their keys. ``port`` 0 takes a free one; ``limit`` switches the call limit on."""

    def __init__(
        self,
        shops: Sequence[Shop],
        *,
        port: int = 0,
        seed: int = 0,
        rules: Rules | None = None,
        limit: CallLimit | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        vendor = BlazeVendor(shops, seed)
        super().__init__(vendor, Endpoints(rules or Rules()), port=port, seed=seed, limit=limit, clock=clock)
        self.shops = vendor.shops

    def shop(self, name: str) -> Shop:
        """A shop by its name, or by its key. ``KeyError`` if there is none."""
        return self.vendor.parties.get(name) or self.shops[name]
