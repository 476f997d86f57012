"""Opens the vendor's client of one account: keys, call budget, circuit breaker and counting come together here."""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sync_platform.core.errors import ConfigurationError, CredentialsRejected
from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.breaker import PostgresBreaker
from sync_platform.db.credentials import SourceAccount, accounts, clear_rejected, mark_rejected, reveal, update_settings
from sync_platform.sync.blaze_entities import SOURCE
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.platform import Platform
from sync_platform.vendors.blaze import BLAZE_HOSTS, BlazeClient, BlazeOptions, blaze_headers
from sync_platform.vendors.http import HttpLimits, VendorHttp


@dataclass(frozen=True)
class OpenAccount:
    """A client that may be used until the block ends, and the zone of the shop behind it."""

    account: SourceAccount
    client: BlazeClient
    http: VendorHttp
    zone: ZoneInfo


def blaze_accounts(platform: Platform, tenant: Tenant, *, scheduled: bool) -> list[SourceAccount]:
    """The tenant's shops. Raises ConfigurationError where there is none.

    CredentialsRejected where the source refused a key: schedules wait for a new one instead of asking again (HTTP-04);
    whoever asks by hand may try.
    """
    found = accounts(platform.database, tenant.id, SOURCE)
    if not found:
        raise ConfigurationError(
            f"{tenant.slug} has no active Blaze account; add one with"
            f" `sync-platform credential set --tenant {tenant.slug} --source blaze`"
        )
    for account in found:
        if scheduled and account.rejected_at is not None:
            raise CredentialsRejected(
                f"{tenant.slug}/{account.account}: the keys were refused; set new ones with"
                f" `sync-platform credential rotate --tenant {tenant.slug} --source blaze`"
            )
    return found


@contextmanager
def open_account(
    platform: Platform, tenant: Tenant, account: SourceAccount, calls: CallCounter
) -> Iterator[OpenAccount]:
    """A client of one shop. Its zone is asked for once and remembered: windows are the shop's days (BLZ-05)."""
    settings = platform.settings
    options = blaze_options(platform)
    secrets = reveal(platform.database, platform.keyring, account)
    base_url = _base_url(account)
    http = VendorHttp(
        base_url=base_url,
        headers=blaze_headers(secrets["partner_key"], secrets["shop_key"], options),
        allowed_hosts=_allowed_hosts(account, base_url, settings.http.extra_hosts),
        limits=http_limits(platform),
        budget=platform.budgets.for_credential(secrets["partner_key"], tenant.id),
        breaker=PostgresBreaker(
            platform.database,
            tenant.id,
            SOURCE,
            failures=settings.http.breaker_failures,
            open_for=settings.http.breaker_open_for,
        ),
        observe=calls,
        clock=time.monotonic,
        sleep=platform.sleep,
        wall_clock=platform.clock,
        rng=random.Random(),  # noqa: S311  jitter, not a secret
    )
    try:
        with rejected_keys_are_marked(platform, account):
            known = _with_shop(platform, tenant, account, http, options)
            zone = ZoneInfo(known.settings["zone"])
            yield OpenAccount(known, BlazeClient(http, options, zone), http, zone)
    finally:
        http.close()


@contextmanager
def rejected_keys_are_marked(platform: Platform, account: SourceAccount) -> Iterator[None]:
    """A refusal raises the alarm "credentials" of this account at once (HTTP-04); success takes it back."""
    try:
        yield
    except CredentialsRejected as error:
        mark_rejected(platform.database, account, str(error))
        raise
    if account.rejected_at is not None:
        clear_rejected(platform.database, account)


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


def http_limits(platform: Platform) -> HttpLimits:
    """The settings that every client needs."""
    http = platform.settings.http
    return HttpLimits(
        connect_timeout=http.connect_timeout,
        first_byte_timeout=http.first_byte_timeout,
        answer_timeout=http.answer_timeout,
        max_bytes=http.max_answer_mib * 1024 * 1024,
        tries=http.tries,
        retry_for=http.retry_for,
        backoff_base=http.backoff_base,
        backoff_cap=http.backoff_cap,
        retry_after_cap=http.retry_after_cap,
        default_wait_429=http.default_wait_429,
        max_clock_skew=http.max_clock_skew,
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


def _base_url(account: SourceAccount) -> str:
    configured = account.settings.get("base_url")
    if isinstance(configured, str) and configured:
        return configured
    try:
        return BLAZE_HOSTS[account.environment]
    except KeyError:
        raise ConfigurationError(
            f"environment {account.environment!r} of account {account.account} is not known;"
            f" use {' or '.join(sorted(BLAZE_HOSTS))}, or give the account a base_url"
        ) from None


def _allowed_hosts(account: SourceAccount, base_url: str, extra: tuple[str, ...]) -> frozenset[str]:
    hosts = {urlsplit(url).hostname or "" for url in (*BLAZE_HOSTS.values(), base_url)}
    return frozenset(hosts | set(extra))
