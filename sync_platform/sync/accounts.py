"""Accounts of Blaze: opened, checked, and what is remembered of the shop behind them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.credentials import SourceAccount, reveal, update_settings
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.connecting import account_http
from sync_platform.sync.platform import Platform
from sync_platform.vendors.blaze import BLAZE_HOSTS, BlazeClient, BlazeOptions, blaze_headers
from sync_platform.vendors.http import VendorHttp


@dataclass(frozen=True)
class OpenAccount:
    """A client that may be used until the block ends, and the zone of the shop behind it."""

    account: SourceAccount
    client: BlazeClient
    http: VendorHttp
    zone: ZoneInfo


@contextmanager
def open_account(
    platform: Platform, tenant: Tenant, account: SourceAccount, calls: CallCounter
) -> Iterator[OpenAccount]:
    """A client of one shop. Its zone is asked for once and remembered: windows are the shop's days (BLZ-05)."""
    options = blaze_options(platform)
    secrets = reveal(platform.database, platform.keyring, account)
    with account_http(
        platform,
        account,
        calls,
        hosts=BLAZE_HOSTS,
        headers=blaze_headers(secrets["partner_key"], secrets["shop_key"], options),
        counted_by=secrets["partner_key"],
    ) as http:
        known = _with_shop(platform, tenant, account, http, options)
        zone = ZoneInfo(known.settings["zone"])
        yield OpenAccount(known, BlazeClient(http, options, zone), http, zone)


def check_account(platform: Platform, tenant: Tenant, account: SourceAccount) -> dict[str, Any]:
    """One real call: name and zone of the shop. Raises CredentialsRejected, VendorUnavailable or ContractBroken."""
    with open_account(platform, tenant, account, CallCounter()) as opened:
        shop = _shop(opened.client.store())
        update_settings(platform.database, account, _facts(shop, opened.zone.key))
        return {"shop": shop.get("name"), "zone": shop.get("timeZone")}


def check_entities(platform: Platform, tenant: Tenant, account: SourceAccount) -> list[str]:
    """Read the newest page of each entity, as a key may lack a permission (CLI-06): names of what can be read.

    Raises the same errors as ``check_account``; the message names the endpoint.
    """
    now = platform.clock()
    day = Window(now - timedelta(days=1), now)
    with open_account(platform, tenant, account, CallCounter()) as opened:
        pages = {
            "customers": opened.client.members(day),
            "transactions": opened.client.transactions(day),
            "products": opened.client.products_modified(day),
        }
        for first_page in pages.values():
            next(iter(first_page), None)
    return list(pages)


def remember_shop(platform: Platform, opened: OpenAccount, shop: Mapping[str, Any]) -> None:
    """A shop that corrects its zone has other days from the next run on (BLZ-05)."""
    facts = _facts(shop, opened.zone.key)
    if any(opened.account.settings.get(name) != value for name, value in facts.items()):
        update_settings(platform.database, opened.account, facts)


def blaze_options(platform: Platform) -> BlazeOptions:
    """The settings that the client needs."""
    blaze = platform.settings.blaze
    return BlazeOptions(
        page_size=blaze.page_size,
        max_window_days=blaze.max_window_days,
        partner_key_header=blaze.partner_key_header,
        end_date_inclusive=blaze.end_date_inclusive,
        strict_json_bytes=blaze.strict_json_kib * 1024,
    )


def _with_shop(
    platform: Platform, tenant: Tenant, account: SourceAccount, http: VendorHttp, options: BlazeOptions
) -> SourceAccount:
    """The account with zone and id of its shop, asked for where they are not known yet."""
    if isinstance(account.settings.get("zone"), str):
        return account
    facts = _facts(_shop(BlazeClient(http, options, tenant.zone).store()), tenant.zone_name)
    update_settings(platform.database, account, facts)
    return replace(account, settings={**account.settings, **facts})


def _shop(store: Mapping[str, Any]) -> Mapping[str, Any]:
    shop = store.get("shop")
    return shop if isinstance(shop, dict) else {}


def _facts(shop: Mapping[str, Any], default_zone: str) -> dict[str, str]:
    """Zone and id of the shop; the tenant's own zone where the shop's is missing or unknown."""
    zone = str(shop.get("timeZone") or default_zone)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = default_zone
    return {"zone": zone, "shop_id": str(shop.get("id") or "")}
