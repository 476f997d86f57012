"""Accounts of MX Merchant: a merchant's id and its pair of keys, opened and checked (MX-01)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.credentials import SourceAccount, reveal
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.connecting import account_http
from sync_platform.sync.platform import Platform
from sync_platform.vendors.http import VendorHttp
from sync_platform.vendors.mx_merchant import MX_HOSTS, MxMerchantClient, MxOptions, mx_headers


@dataclass(frozen=True)
class OpenMerchant:
    """A client that may be used until the block ends."""

    account: SourceAccount
    client: MxMerchantClient
    http: VendorHttp

    @property
    def merchant_id(self) -> int:
        """What the vendor calls the account."""
        return int(self.account.account)


@contextmanager
def open_merchant(platform: Platform, account: SourceAccount, calls: CallCounter) -> Iterator[OpenMerchant]:
    """A client of one merchant."""
    secrets = reveal(platform.database, platform.keyring, account)
    with account_http(
        platform,
        account,
        calls,
        hosts=MX_HOSTS,
        headers=mx_headers(secrets["consumer_key"], secrets["consumer_secret"]),
        counted_by=secrets["consumer_key"],
    ) as http:
        client = MxMerchantClient(http, mx_options(platform), int(account.account))
        yield OpenMerchant(account, client, http)


def mx_options(platform: Platform) -> MxOptions:
    """The settings that the client needs."""
    mx = platform.settings.mx_merchant
    return MxOptions(
        page_size=mx.page_size,
        date_filter=mx.date_filter,
        start_parameter=mx.start_parameter,
        end_parameter=mx.end_parameter,
        date_margin_hours=mx.date_margin_hours,
        transaction_type=mx.transaction_type,
        invoice_date_type=mx.invoice_date_type,
    )


def check_merchant(platform: Platform, tenant: Tenant, account: SourceAccount) -> dict[str, Any]:
    """One real call: the merchant's name. Raises CredentialsRejected, VendorUnavailable or ContractBroken."""
    with open_merchant(platform, account, CallCounter()) as opened:
        merchant = opened.client.merchant()
        return {"shop": merchant.get("dba") or merchant.get("name"), "zone": tenant.zone_name}


def check_merchant_entities(platform: Platform, account: SourceAccount) -> list[str]:
    """Read the newest page of each list, as a key may lack a permission (CLI-06): names of what can be read."""
    now = platform.clock()
    with open_merchant(platform, account, CallCounter()) as opened:
        pages = {
            "payments": opened.client.payments(Window(now - timedelta(days=1), now), newest=1),
            "invoices": opened.client.invoices(),
        }
        for first_page in pages.values():
            next(iter(first_page), None)
    return list(pages)
