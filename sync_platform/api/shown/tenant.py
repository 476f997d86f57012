"""A tenant's settings and accounts, as they are asked for and answered. No secret is ever answered (SEC-21)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints

from sync_platform.api.models import Answer, Body
from sync_platform.core.tenant import Tenant
from sync_platform.db.account_rules import MAX_SECRET
from sync_platform.db.credentials import SourceAccount
from sync_platform.db.thresholds import Thresholds
from sync_platform.sync.tenant_settings import MAX_GATE_THRESHOLDS, TenantSettings

Source = Literal["blaze", "mx_merchant", "crm"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
FieldLabel = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}\.[a-z][a-z0-9_]{0,59}$")]
Percent = Annotated[Decimal, Field(gt=0, le=100, max_digits=9, decimal_places=4)]


class CustomerThresholds(Body):
    """From when a customer is at risk, in days without a visit, and who is a VIP."""

    churn_medium_days: Annotated[int, Field(ge=1, le=36_500)]
    churn_high_days: Annotated[int, Field(ge=1, le=36_500)]
    vip_visits: Annotated[int, Field(ge=1, le=1_000_000)]
    vip_value: Annotated[Decimal, Field(gt=0, le=9_999_999_999, max_digits=14, decimal_places=4)]


class Settings(Body):
    """What a tenant sets for itself. All of it is replaced."""

    name: Name
    customers: CustomerThresholds
    gate_thresholds: Annotated[
        dict[FieldLabel, Percent],
        Field(max_length=MAX_GATE_THRESHOLDS, description="percent by field, such as customers.phone"),
    ]
    crm_cron: Annotated[
        str, Field(max_length=100, description="when packages are read, in the tenant's zone; blank: as all others")
    ]

    def wanted(self) -> TenantSettings:
        """For the use case."""
        return TenantSettings(
            self.name, Thresholds(**self.customers.model_dump()), dict(self.gate_thresholds), self.crm_cron
        )


class CustomersShown(Answer):
    """The same as it is stored: a command has wider bounds."""

    churn_medium_days: int
    churn_high_days: int
    vip_visits: int
    vip_value: Decimal


class SettingsShown(Answer):
    """What a change has to send back, changed."""

    name: str
    customers: CustomersShown
    gate_thresholds: dict[str, Decimal]
    crm_cron: str


class TenantShown(Answer):
    """The tenant, what it can set, and what it cannot: zone and country went into what is stored."""

    slug: str
    zone: str
    country: str
    state: Literal["active", "suspended", "closing"]
    settings: SettingsShown


class Keys(Body):
    """Keys of one account. They are stored encrypted and never shown again."""

    environment: Annotated[Name, Field(max_length=40)] = "production"
    account: Annotated[Name, Field(max_length=100, description="at mx_merchant the merchant id")] = "main"
    secrets: Annotated[
        dict[
            Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")],
            Annotated[SecretStr, Field(min_length=1, max_length=MAX_SECRET)],
        ],
        Field(min_length=1, max_length=5, description="all that the source needs, such as partner_key and shop_key"),
    ]
    base_url: Annotated[str | None, Field(max_length=500, description="of a CRM: its address, over https")] = None
    country: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$", description="of a CRM: of its phone numbers")] = None


class AccountShown(Answer):
    """An account without its keys. ``rejected_at``: the source refused them, and nothing calls it until they change."""

    source: str
    environment: str
    account: str
    settings: dict[str, Any]
    active: bool
    rotated_at: datetime | None
    rejected_at: datetime | None
    rejected_reason: str | None


class AccountList(Answer):
    """All accounts of a tenant."""

    items: list[AccountShown]


def tenant_shown(tenant: Tenant, settings: TenantSettings) -> TenantShown:
    """A tenant with its settings."""
    return TenantShown(
        slug=tenant.slug,
        zone=tenant.zone_name,
        country=tenant.country,
        state=tenant.state,
        settings=SettingsShown(
            name=settings.name,
            customers=CustomersShown.model_validate(settings.thresholds),
            gate_thresholds=dict(settings.gate_thresholds),
            crm_cron=settings.crm_cron,
        ),
    )


def account_shown(account: SourceAccount) -> AccountShown:
    """An account; it holds no secret to begin with."""
    return AccountShown.model_validate(account)
