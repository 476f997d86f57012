"""Tries an account of any source: who answers, and what may be read (CLI-06)."""

from collections.abc import Callable, Mapping
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import SourceAccount
from sync_platform.sync.accounts import check_account, check_entities
from sync_platform.sync.crm_accounts import check_crm, check_crm_entities
from sync_platform.sync.mx_accounts import check_merchant, check_merchant_entities
from sync_platform.sync.platform import Platform

_CALLS: Mapping[str, Callable[[Platform, Tenant, SourceAccount], dict[str, Any]]] = {
    "blaze": check_account,
    "mx_merchant": check_merchant,
    "crm": check_crm,
}
_PAGES: Mapping[str, Callable[[Platform, Tenant, SourceAccount], list[str]]] = {
    "blaze": check_entities,
    "mx_merchant": lambda platform, _tenant, account: check_merchant_entities(platform, account),
    "crm": lambda platform, _tenant, account: check_crm_entities(platform, account),
}


def try_account(platform: Platform, tenant: Tenant, account: SourceAccount) -> dict[str, Any]:
    """One real call: ``shop`` and ``zone`` of who answers; ``warning`` and ``remedy`` where something is to be mended.

    Raises CredentialsRejected, VendorUnavailable, VendorRejected, ConfigurationError or ContractBroken.
    """
    return _CALLS[account.source](platform, tenant, account)


def readable_entities(platform: Platform, tenant: Tenant, account: SourceAccount) -> list[str]:
    """Read the newest page of each entity: names of what can be read. Raises like ``try_account``."""
    return _PAGES[account.source](platform, tenant, account)
