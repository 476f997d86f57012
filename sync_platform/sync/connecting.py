"""Opens an account at a source: keys, hosts, call budget, circuit breaker and counting come together here."""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from sync_platform.core.errors import ConfigurationError, CredentialsRejected
from sync_platform.core.tenant import Tenant
from sync_platform.db.breaker import PostgresBreaker
from sync_platform.db.credentials import SourceAccount, accounts, clear_rejected, mark_rejected
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.platform import Platform
from sync_platform.vendors.http import HttpLimits, VendorHttp


def usable_accounts(platform: Platform, tenant: Tenant, source: str, *, scheduled: bool) -> list[SourceAccount]:
    """The tenant's accounts. Raises ConfigurationError where there is none.

    CredentialsRejected where the source refused a key: schedules wait for a new one instead of asking again (HTTP-04);
    whoever asks by hand may try.
    """
    found = accounts(platform.database, tenant.id, source)
    if not found:
        raise ConfigurationError(
            f"{tenant.slug} has no active account at {source}; add one with"
            f" `sync-platform credential set --tenant {tenant.slug} --source {source}`"
        )
    for account in found:
        if scheduled and account.rejected_at is not None:
            raise CredentialsRejected(
                f"{tenant.slug}/{account.account}: the keys were refused; set new ones with"
                f" `sync-platform credential rotate --tenant {tenant.slug} --source {source}`"
            )
    return found


@contextmanager
def account_http(
    platform: Platform,
    account: SourceAccount,
    calls: CallCounter,
    *,
    hosts: Mapping[str, str],
    headers: Mapping[str, str],
    counted_by: str,
) -> Iterator[VendorHttp]:
    """Calls with the keys of one account until the block ends; a refusal marks them (HTTP-04).

    ``hosts`` are the vendor's own by environment; ``counted_by`` is the key under which calls are counted (HTTP-10).
    """
    settings = platform.settings
    base_url = _base_url(account, hosts)
    http = VendorHttp(
        base_url=base_url,
        headers=headers,
        allowed_hosts=_allowed_hosts(base_url, hosts, settings.http.extra_hosts),
        limits=http_limits(platform),
        budget=platform.budgets[account.source].for_credential(counted_by, account.tenant_id),
        breaker=PostgresBreaker(
            platform.database,
            account.tenant_id,
            account.source,
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
        with _rejected_keys_are_marked(platform, account):
            yield http
    finally:
        http.close()


@contextmanager
def _rejected_keys_are_marked(platform: Platform, account: SourceAccount) -> Iterator[None]:
    """A refusal raises the alarm "credentials" of this account at once (HTTP-04); success takes it back."""
    try:
        yield
    except CredentialsRejected as error:
        mark_rejected(platform.database, account, str(error))
        raise
    if account.rejected_at is not None:
        clear_rejected(platform.database, account)


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


def _base_url(account: SourceAccount, hosts: Mapping[str, str]) -> str:
    configured = account.settings.get("base_url")
    if isinstance(configured, str) and configured:
        return configured
    if not hosts:
        raise ConfigurationError(f"{account.label} needs a base_url: every account has a host of its own")
    try:
        return hosts[account.environment]
    except KeyError:
        raise ConfigurationError(
            f"environment {account.environment!r} of account {account.account} is not known;"
            f" use {' or '.join(sorted(hosts))}, or give the account a base_url"
        ) from None


def _allowed_hosts(base_url: str, hosts: Mapping[str, str], extra: tuple[str, ...]) -> frozenset[str]:
    own = {urlsplit(url).hostname or "" for url in (*hosts.values(), base_url)}
    return frozenset(own | set(extra))
