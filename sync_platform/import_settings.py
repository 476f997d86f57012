"""Settings of file imports; ``sync_platform.settings`` reads them as ``imports``."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class ImportSettings(BaseModel):
    """Limits and habits of file imports (CSV-03, CSV-07, CSV-08, CSV-13, CSV-14, CSV-16 to CSV-20)."""

    model_config = ConfigDict(extra="forbid")

    max_upload_mib: int = Field(default=100, ge=1, le=1024)
    max_unpacked_mib: int = Field(default=300, ge=1, le=4096)
    max_lines: int = Field(default=50_000, ge=1, le=1_000_000)
    tenant_max_lines: dict[str, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(
        default={}, description="lines by slug of tenants that have a limit of their own, such as {'cedar': 1000000}"
    )
    max_columns: int = Field(default=200, ge=11, le=1000)
    max_cell_kib: int = Field(default=64, ge=1, le=128)  # a cell above 128 Ki characters ends csv's own patience
    max_open_batches: int = Field(default=10, ge=1, le=1000)
    listed_errors: int = Field(default=1000, ge=1, le=10_000)
    function_lines: int = Field(default=5_000, ge=0, le=50_000)
    lease_seconds: int = Field(default=60, ge=5, le=900)
    deadline_minutes: float = Field(default=10, gt=0, le=60)
    tenant_parallel: int = Field(default=1, ge=1, le=64)
    parallel: int = Field(default=4, ge=1, le=64)
    stable_seconds: float = Field(default=10, ge=0, le=3600)
    drop_url: str = Field(default="", description="folder of the file drop as an fsspec URL; empty: data_dir/drop")
    keep_failed_hours: float = Field(default=24, ge=0, le=24 * 31)
    keep_days: float = Field(default=30, gt=0, le=3650)
    outbox_url: str = Field(default="", description="where messages are sent; empty: files in data_dir/outbox")
    outbox_secret: SecretStr | None = Field(
        default=None, description="messages are signed with it, as Standard Webhooks says: whsec_ and base64"
    )
    tolerance: Decimal = Field(default=Decimal("0.01"), ge=0, le=1)
