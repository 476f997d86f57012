"""Settings of the sources: what their documents leave open, and how hard we work them. ``settings`` holds the rest."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_PARAMETER = r"^[A-Za-z0-9_-]{1,40}$"
_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"


class BlazeSettings(BaseModel):
    """Blaze POS (BLZ-01 to BLZ-08); every UNVERIFIED fact of the vendor's API is a setting."""

    model_config = ConfigDict(extra="forbid")

    page_size: int = Field(default=100, ge=1, le=1000)
    max_window_days: int = Field(default=7, ge=1, le=7)
    partner_key_header: str = Field(default="partner_key", pattern=r"^[A-Za-z0-9_-]{1,40}$")
    end_date_inclusive: bool = True
    overlap_minutes: int = Field(default=5, ge=0, le=1440)
    overlap_days: int = Field(default=1, ge=0, le=7)
    trailing_days: int = Field(default=30, ge=1, le=365)
    calls_per_period: int = Field(default=10_000, ge=1)
    period_seconds: int = Field(default=300, ge=1, le=86_400)
    usage_ceiling: float = Field(default=0.8, gt=0, le=1)
    strict_json_kib: int = Field(default=64, ge=0, le=51_200)


class MxMerchantSettings(BaseModel):
    """MX Merchant (MX-03 to MX-13, MX-24); every UNVERIFIED fact of the vendor's API is a setting."""

    model_config = ConfigDict(extra="forbid")

    page_size: int = Field(default=100, ge=1, le=1000)
    date_filter: bool = True
    start_parameter: str = Field(default="startDate", pattern=_PARAMETER)
    end_parameter: str = Field(default="endDate", pattern=_PARAMETER)
    date_margin_hours: int = Field(default=0, ge=0, le=72)
    transaction_type: str = Field(default="Any", pattern=r"^[A-Za-z]{0,40}$")
    invoice_date_type: str = Field(default="", pattern=r"^[A-Za-z]{0,40}$")
    calls_per_second: float = Field(default=5, gt=0, le=1000)
    overlap_hours: float = Field(default=72, ge=0, le=24 * 31)
    trailing_days: int = Field(default=30, ge=1, le=365)
    batch_payments: int = Field(default=1000, ge=1, le=20_000)
    detail_workers: int = Field(default=8, ge=1, le=8)
    details_per_transaction: int = Field(default=500, ge=1, le=20_000)
    strategy: Literal["auto", "by_number", "by_ids"] = "auto"
    link_retries: int = Field(default=5, ge=0, le=100)
    retry_days: float = Field(default=7, gt=0, le=365)
    event_tries: int = Field(default=8, ge=1, le=50)
    events_per_run: int = Field(default=500, ge=1, le=10_000)


class CrmSettings(BaseModel):
    """A CRM behind PostgREST (CRM-01 to CRM-21). An account's own ``country`` comes before the one here."""

    model_config = ConfigDict(extra="forbid")

    base_path: str = Field(default="/rest/v1", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    db_schema: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]{0,62})?$")
    page_size: int = Field(default=1000, ge=1, le=10_000)
    in_list_size: int = Field(default=100, ge=1, le=1000)
    max_url: int = Field(default=7000, ge=1000, le=16_000)
    count_rows: bool = True
    packages_source: Literal["table", "function"] = "table"
    packages_table: str = Field(default="packages", pattern=_NAME)
    packages_function: str = Field(default="get_packages_by_hash_id", pattern=_NAME)
    customers_table: str = Field(default="customers", pattern=_NAME)
    customer_columns: tuple[Annotated[str, Field(pattern=_NAME)], ...] = Field(
        default=("id", "customer_name", "contact_number", "email", "stable_hash_id"), min_length=1, max_length=50
    )
    country: str = Field(default="", pattern=r"^([A-Z]{2})?$")
    customers_max_age_minutes: float = Field(default=15, ge=0, le=1440)
    calls_per_second: float = Field(default=5, gt=0, le=1000)
    batch_profiles: int = Field(default=20, ge=1, le=200)
    batch_pause_seconds: float = Field(default=0.5, ge=0, le=60)
    profiles_at_once: int = Field(default=4, ge=1, le=20)
    refresh_pause_seconds: float = Field(default=60, ge=0, le=3600)
    retry_backoff_minutes: tuple[Annotated[float, Field(gt=0, le=60 * 24 * 30)], ...] = Field(
        default=(15, 60, 360, 1440), min_length=1, max_length=20
    )
    retry_tries: int = Field(default=10, ge=1, le=100)
    events_per_run: int = Field(default=500, ge=1, le=10_000)
    event_tries: int = Field(default=8, ge=1, le=50)
    review_from: float = Field(default=0.3, gt=0, le=1)
    link_from: float = Field(default=0.6, gt=0, le=1)
    link_lead: float = Field(default=0.15, ge=0, le=1)
    lead_before_cap: bool = True
    cron: str = "0 2 * * *"
    min_mapping_rate: float = Field(default=0.8, ge=0, le=1)
    max_open_reviews: int = Field(default=200, ge=0)
    max_review_days: float = Field(default=14, gt=0, le=3650)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if "id" not in self.customer_columns:
            raise ValueError("customer_columns has to name id: customers are read in its order")
        if self.review_from > self.link_from:
            raise ValueError("review_from cannot be above link_from")
        return self
