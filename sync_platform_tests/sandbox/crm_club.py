"""The CRM project that the tests of its stand-in look at: more customers than one answer holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from sync_platform.sandbox.crm_endpoints import CrmRules
from sync_platform.sandbox.crm_project import CrmProject, build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.crm_spec import CrmSpec

CUSTOMERS = 1_204
KEY, PUBLIC = "invented-crm-key", "invented-public-key"
HEADERS = {"apikey": KEY, "Authorization": f"Bearer {KEY}"}
COUNT = {"Prefer": "count=exact"}


def club_spec(**changes: Any) -> CrmSpec:
    """The club as it usually is, apart from ``changes``."""
    usual = {"name": "Club", "seed": 11, "customers": CUSTOMERS, "api_key": KEY, "public_key": PUBLIC}
    return CrmSpec(**usual | changes)


def build_club(**changes: Any) -> CrmProject:
    return build_crm(club_spec(**changes))


@contextmanager
def asking(project: CrmProject, rules: CrmRules | None = None) -> Iterator[httpx.Client]:
    """A client of a server of its own, with the key in its headers."""
    with (
        CrmSandbox([project], rules=rules) as box,
        httpx.Client(base_url=f"{box.url}/rest/v1", headers=HEADERS, timeout=10) as client,
    ):
        yield client
