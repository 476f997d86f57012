"""Accounts at a CRM: one project each, opened and checked (CRM-03)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sync_platform.core.errors import ConfigurationError, CredentialsRejected
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import SourceAccount, reveal
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.connecting import account_http
from sync_platform.sync.platform import Platform
from sync_platform.vendors.crm import CRM_HOSTS, CrmClient, CrmOptions, crm_headers
from sync_platform.vendors.http import VendorHttp
from sync_platform.vendors.postgrest import PostgrestOptions

#: Setting of an account with the key that the project gives to everybody, which is no secret.
PUBLIC_KEY = "public_key"
_EXPOSED = "everybody can read customers with the project's public key"
_EXPOSED_REMEDY = "in the CRM, enable row security on customers and packages, or revoke select from anon (CRM-03)"
_NOTHING = "no customer can be seen with this key"
_NOTHING_REMEDY = "grant the key's role select on customers, with a row security policy that shows them"


@dataclass(frozen=True)
class OpenCrm:
    """A client that may be used until the block ends. ``country`` is that of phones without a prefix, may be blank."""

    account: SourceAccount
    client: CrmClient
    http: VendorHttp
    country: str


@contextmanager
def open_crm(platform: Platform, account: SourceAccount, calls: CallCounter) -> Iterator[OpenCrm]:
    """A client of one CRM project. Raises ConfigurationError where the account names none."""
    api_key = reveal(platform.database, platform.keyring, account)["api_key"]
    with _http(platform, account, calls, api_key, counted_by=api_key) as http:
        country = str(account.settings.get("country") or platform.settings.crm.country)
        yield OpenCrm(account, CrmClient(http, crm_options(platform)), http, country)


def crm_options(platform: Platform) -> CrmOptions:
    """The settings that the client needs."""
    crm = platform.settings.crm
    return CrmOptions(
        postgrest=PostgrestOptions(base_path=crm.base_path, db_schema=crm.db_schema, count_rows=crm.count_rows),
        page_size=crm.page_size,
        in_list_size=crm.in_list_size,
        max_url=crm.max_url,
        packages_source=crm.packages_source,
        packages_table=crm.packages_table,
        packages_function=crm.packages_function,
        customers_table=crm.customers_table,
        customer_columns=crm.customer_columns,
    )


def check_crm(platform: Platform, tenant: Tenant, account: SourceAccount) -> dict[str, Any]:
    """One real call, and one with the public key where the account has it. ``warning`` and ``remedy`` say what to mend.

    Raises CredentialsRejected, VendorUnavailable, ConfigurationError or ContractBroken.
    """
    with open_crm(platform, account, CallCounter()) as opened:
        visible = opened.client.probe()["customers_visible"]
        found = {"shop": _project(account), "zone": tenant.zone_name}
        if _readable_by_everybody(platform, account):
            return {**found, "warning": _EXPOSED, "remedy": _EXPOSED_REMEDY}
        return found if visible else {**found, "warning": _NOTHING, "remedy": _NOTHING_REMEDY}


def check_crm_entities(platform: Platform, account: SourceAccount) -> list[str]:
    """Read a row of each, as a role may lack a grant (CLI-06): names of what can be read."""
    with open_crm(platform, account, CallCounter()) as opened:
        opened.client.probe()
        return ["customers", opened.client.packages_readable()]


def _readable_by_everybody(platform: Platform, account: SourceAccount) -> bool:
    """CRM-03. A refusal is what should come; it says nothing about the account's own key, so it marks nothing."""
    key = account.settings.get(PUBLIC_KEY)
    if not isinstance(key, str) or not key:
        return False
    with _http(platform, account, CallCounter(), key, counted_by=key) as http:
        try:
            return bool(CrmClient(http, crm_options(platform)).probe()["customers_visible"])
        except (CredentialsRejected, ConfigurationError):
            return False


@contextmanager
def _http(
    platform: Platform, account: SourceAccount, calls: CallCounter, key: str, *, counted_by: str
) -> Iterator[VendorHttp]:
    headers = crm_headers(key)
    with account_http(platform, account, calls, hosts=CRM_HOSTS, headers=headers, counted_by=counted_by) as http:
        yield http


def _project(account: SourceAccount) -> str:
    """What a hosted project is called: the first part of its host; all of an address in numbers."""
    host = urlsplit(str(account.settings.get("base_url", ""))).hostname or account.account
    return host if host[-1:].isdigit() else host.split(".")[0]
