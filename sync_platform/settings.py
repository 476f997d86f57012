"""All settings in one typed model (CFG-01). Nothing else in the package reads the environment."""

import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sync_platform.api_settings import ApiSettings
from sync_platform.core.errors import ConfigurationError
from sync_platform.core.redact import MASK, redact_text, secret_name
from sync_platform.import_settings import ImportSettings
from sync_platform.request_settings import RequestSettings
from sync_platform.source_settings import BlazeSettings, CrmSettings, MxMerchantSettings

__all__ = [
    "PREFIX",
    "ApiSettings",
    "BlazeSettings",
    "CrmSettings",
    "CutOverSettings",
    "DagsterSettings",
    "HttpSettings",
    "ImportSettings",
    "MxMerchantSettings",
    "RequestSettings",
    "ScheduleSettings",
    "Settings",
    "SyncSettings",
    "load_settings",
]

PREFIX = "SYNC_PLATFORM_"


class HttpSettings(BaseModel):
    """Limits of calls to sources (HTTP-02, HTTP-05, HTTP-07, HTTP-14). Seconds, unless the name says otherwise."""

    model_config = ConfigDict(extra="forbid")

    connect_timeout: float = Field(default=5, gt=0, le=60)
    first_byte_timeout: float = Field(default=30, gt=0, le=300)
    answer_timeout: float = Field(default=120, gt=0, le=900)
    max_answer_mib: int = Field(default=50, ge=1, le=500)
    tries: int = Field(default=6, ge=1, le=20)
    retry_for: float = Field(default=600, gt=0, le=3600)
    backoff_base: float = Field(default=1, gt=0, le=60)
    backoff_cap: float = Field(default=60, gt=0, le=600)
    retry_after_cap: float = Field(default=300, gt=0, le=3600)
    default_wait_429: float = Field(default=30, gt=0, le=600)
    breaker_failures: int = Field(default=5, ge=1, le=100)
    breaker_open_for: float = Field(default=60, gt=0, le=3600)
    max_clock_skew: float = Field(default=60, gt=0, le=3600)
    extra_hosts: tuple[str, ...] = Field(
        default=(), description="hosts allowed beside the vendors' own, for a proxy or the sandbox"
    )


class SyncSettings(BaseModel):
    """How data is loaded and judged (SYS-08, SYS-09, SYS-15, SYS-19)."""

    model_config = ConfigDict(extra="forbid")

    batch_records: int = Field(default=20_000, ge=1, le=200_000)
    batch_seconds: float = Field(default=30, gt=0, le=600)
    max_reject_share: float = Field(default=0.05, ge=0, le=1)
    max_delete_share: float = Field(default=0.05, ge=0, le=1)
    lease_seconds: int = Field(default=90, ge=5, le=900)
    tenant_workers: int = Field(default=8, ge=1, le=64)
    tenants_per_run: int = Field(default=500, ge=1, le=1000)
    drift_sample_per_page: int = Field(default=2, ge=0, le=100)
    lookup_hours: float = Field(default=24, ge=0, le=24 * 31)
    decode_processes: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="processes that decode pages of long readings; by default one less than the cores, 0 for none",
    )
    decode_after_records: int = Field(
        default=2_000, ge=0, description="decoded records of one reading that make it a long one"
    )


class CutOverSettings(BaseModel):
    """When a field may replace production, and how carefully it does (CMP-05, CMP-11, CMP-12, CMP-14)."""

    model_config = ConfigDict(extra="forbid")

    threshold_percent: Decimal = Field(default=Decimal(5), gt=0, le=100)
    thresholds: dict[str, Decimal] = Field(
        default={}, description="percent by field, such as {'customers.phone': 2}; a tenant's own come first"
    )
    min_rows: int = Field(default=30, ge=1)
    max_age_hours: float = Field(default=24, gt=0, le=24 * 7)
    soak_days: float = Field(default=7, ge=0, le=365)
    rounding: Decimal = Field(default=Decimal(1), ge=0, description="what the tills round a receipt by, at most")
    batch_rows: int = Field(default=5000, ge=1, le=50_000)
    lock_slice: float = Field(default=2, gt=0, le=2, description="seconds that one try waits for a lock")
    lock_wait: float = Field(default=60, ge=0, le=3600, description="seconds until a promotion is deferred")
    lease_seconds: int = Field(default=10, ge=1, le=900)


class ScheduleSettings(BaseModel):
    """When schedules tick (DAG-10), as cron texts in ``zone``. Vendors ask for no more than these cadences."""

    model_config = ConfigDict(extra="forbid")

    running: bool = Field(default=False, description="whether schedules run from the start, without a click in the UI")
    zone: str = "UTC"
    blaze_sales: str = "7 * * * *"
    blaze_products: str = "*/5 * * * *"
    blaze_trailing: str = "41 3 * * 0"
    blaze_compare: str = "37 * * * *"
    mx_payments: str = "*/15 * * * *"
    mx_trailing: str = "11 4 * * *"
    prune: str = "23 2 * * *"
    import_purge: str = "17 * * * *"


class DagsterSettings(BaseModel):
    """What Dagster's event log keeps; the ages of ticks are in dagster.yaml."""

    model_config = ConfigDict(extra="forbid")

    keep_logs_days: int = Field(default=30, ge=1, le=3650)
    keep_superseded_days: int = Field(default=30, ge=1, le=3650)


class Settings(BaseSettings):
    """Read from the environment (``SYNC_PLATFORM_...``, nested with ``__``), a ``.env`` file and a secret directory."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=".env",
        secrets_dir=os.environ.get(f"{PREFIX}SECRETS_DIR"),
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = Field(default=Path(".sync_platform"), description="embedded PostgreSQL, keys, Dagster's files")
    database_url: SecretStr | None = Field(default=None, description="the tenants' PostgreSQL; unset: embedded")
    dagster_database_url: SecretStr | None = Field(default=None, description="Dagster's own database")
    loader_database_url: SecretStr | None = Field(
        default=None, description="login that holds only sp_loader; unset: database_url with SET ROLE"
    )
    master_keys: tuple[SecretStr, ...] = Field(
        default=(), description="key ring for credentials, newest first (Fernet keys)"
    )
    first_day: date = Field(default=date(2026, 1, 1), description="first partition day")
    pool_size: int = Field(default=10, ge=1, le=100)
    statement_timeout: float = Field(default=300, gt=0, description="seconds, for the loader")
    lock_timeout: float = Field(default=10, gt=0, description="seconds, for the loader")
    database_wait: float = Field(
        default=120, ge=0, le=3600, description="seconds that a sync waits for a database that does not answer"
    )
    secrets_dir: Path | None = None
    http: HttpSettings = HttpSettings()
    blaze: BlazeSettings = BlazeSettings()
    mx_merchant: MxMerchantSettings = MxMerchantSettings()
    crm: CrmSettings = CrmSettings()
    sync: SyncSettings = SyncSettings()
    cut_over: CutOverSettings = CutOverSettings()
    imports: ImportSettings = ImportSettings()
    api: ApiSettings = ApiSettings()
    requests: RequestSettings = RequestSettings()
    schedules: ScheduleSettings = ScheduleSettings()
    dagster: DagsterSettings = DagsterSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit values first, then environment, ``.env``, secret files."""
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    @model_validator(mode="after")
    def _known_names_only(self) -> Self:
        """A misspelt setting is an error, not silence (CFG-01). pydantic ignores unknown environment names."""
        unknown = sorted(set(_names(os.environ)) - set(type(self).model_fields))
        if unknown:
            raise ValueError(
                f"unknown setting {', '.join(PREFIX + name.upper() for name in unknown)}; see .env.example"
            )
        return self

    def shown(self) -> dict[str, Any]:
        """The effective values as they may be shown: secrets masked, passwords cut out of URLs (SEC-24)."""
        return {name: _shown(name, value) for name, value in self.model_dump().items()}


def _names(environment: Mapping[str, str]) -> list[str]:
    return [name.removeprefix(PREFIX).lower().split("__", 1)[0] for name in environment if name.startswith(PREFIX)]


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shown(key, item) for key, item in value.items()}
    if isinstance(value, SecretStr) or (secret_name(name) and isinstance(value, str)):
        return MASK
    if isinstance(value, tuple | list):
        return [_shown(name, item) for item in value]
    if isinstance(value, Path | date):
        return str(value)
    return redact_text(value) if isinstance(value, str) else value


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process. Raises ConfigurationError that names each wrong setting, never its value."""
    try:
        return Settings(**overrides)
    except ValueError as error:
        raise ConfigurationError(_explain(error)) from None


def _explain(error: ValueError) -> str:
    problems = getattr(error, "errors", None)
    if problems is None:
        return redact_text(str(error))
    return "; ".join(
        f"{PREFIX}{'__'.join(str(part) for part in p['loc']).upper()}: {p['msg']}" if p["loc"] else p["msg"]
        for p in problems(include_input=False, include_url=False)
    )
