"""Accounts that are there, and whose keys open nothing."""

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import REQUIRED_SECRETS, set_credential
from sync_platform.sync.platform import Platform


def account_of(platform: Platform, tenant: Tenant, source: str) -> None:
    """The tenant is active at the source; nothing is asked with these keys."""
    set_credential(
        platform.database,
        platform.keyring,
        tenant.id,
        source=source,
        environment="production",
        account="1000000001",
        secrets=dict.fromkeys(REQUIRED_SECRETS[source], "invented-key"),
        settings={},
    )
