"""A CRM project behind a stand-in over real HTTP, and clients of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec

from sync_platform.sandbox.crm_endpoints import CrmRules
from sync_platform.sandbox.crm_project import CrmProject, build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.crm_spec import CrmSpec
from sync_platform.vendors.crm import CrmClient, CrmOptions, crm_headers
from sync_platform.vendors.http import HttpLimits, VendorHttp
from sync_platform_tests.vendors.vendor_rig import Handler, make_rig


class Served:
    """A served project, and clients of it."""

    def __init__(self, server: CrmSandbox, project: CrmProject) -> None:
        self.server, self.project = server, project
        self._open: list[VendorHttp] = []

    def client(self, *, key: str | None = None, **options: Any) -> CrmClient:
        rig = make_rig(
            lambda request: httpx.Response(500),
            base_url=self.server.url,
            headers=crm_headers(key or self.project.spec.api_key),
            allowed_hosts=frozenset({"127.0.0.1"}),
            limits=HttpLimits(backoff_base=0.01),
            transport=None,
        )
        self._open.append(rig.http)
        return CrmClient(rig.http, CrmOptions(**options))

    def close(self) -> None:
        for http in self._open:
            http.close()

    @property
    def calls(self) -> int:
        return self.server.journal.count()


@contextmanager
def served(*, rules: CrmRules | None = None, prefix: str = "/rest/v1", **spec: Any) -> Iterator[Served]:
    project = build_crm(CrmSpec(**({"name": "club", "seed": 5} | spec)))
    with CrmSandbox([project], rules=rules, prefix=prefix) as server:
        crm = Served(server, project)
        try:
            yield crm
        finally:
            crm.close()


def read(records: list[msgspec.Raw]) -> list[dict[str, Any]]:
    return sorted((json.loads(bytes(record)) for record in records), key=lambda record: record["id"])


def customers(client: CrmClient) -> list[dict[str, Any]]:
    return read([record for page in client.customers() for record in page.records])


def mocked(handler: Handler, **options: Any) -> CrmClient:
    return CrmClient(make_rig(handler, headers=crm_headers("canary")).http, CrmOptions(**options))
