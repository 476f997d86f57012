"""The stand-in for the CRM: the server with projects behind it."""

import time
from collections.abc import Callable, Sequence

from sync_platform.sandbox.crm_endpoints import CrmEndpoints, CrmRules
from sync_platform.sandbox.crm_project import CrmProject
from sync_platform.sandbox.crm_vendor import CRM_PREFIX, CrmVendor
from sync_platform.sandbox.gate import CallLimit
from sync_platform.sandbox.vendor_server import VendorServer


class CrmSandbox(VendorServer[CrmProject]):
    """Serves ``projects`` by their keys. ``port`` 0 takes a free one; ``prefix`` is blank for a bare PostgREST."""

    def __init__(
        self,
        projects: Sequence[CrmProject],
        *,
        port: int = 0,
        seed: int = 0,
        rules: CrmRules | None = None,
        limit: CallLimit | None = None,
        prefix: str = CRM_PREFIX,
        clock: Callable[[], float] = time.time,
    ) -> None:
        vendor, endpoints = CrmVendor(projects, seed, prefix), CrmEndpoints(rules or CrmRules())
        super().__init__(vendor, endpoints, port=port, seed=seed, limit=limit, clock=clock)

    def project(self, name: str) -> CrmProject:
        """A project by its name. ``KeyError`` if there is none."""
        return self.vendor.parties[name]
