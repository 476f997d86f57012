"""What somebody asks of an import, how far it is, and what became of it (CSV-02, CSV-04)."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batch_row import BatchError, BatchRow, Stage
from sync_platform.db.purchases import ImportMode
from sync_platform.import_settings import ImportSettings
from sync_platform.transforms.purchase_rules import Dates, Decimals, Encoding, FileRules, Separator

OPEN = ("pending", "processing")


@dataclass(frozen=True)
class Reading:
    """What the sender says about the file. ``mapping`` leads from its column names to ours."""

    mapping: Mapping[str, str] | None = None
    dates: Dates = "iso"
    decimals: Decimals = "auto"
    encoding: Encoding = "auto"
    separator: Separator = "auto"

    def as_json(self) -> dict[str, Any]:
        """As a batch keeps it."""
        return {**asdict(self), "mapping": dict(self.mapping) if self.mapping else None}


@dataclass(frozen=True)
class ImportOptions:
    """``file_name`` is shown and never used as a path. ``force``: although the same file was imported before."""

    uploader: str
    file_name: str = ""
    name: str = ""
    mode: ImportMode = "reject"
    allow_returns: bool = False
    dry_run: bool = False
    force: bool = False
    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True)
class ImportProgress:
    """``done`` counts lines of this stage, ``rows`` those that were read; ``total`` once the whole file was."""

    batch_id: int
    stage: Stage
    done: int = 0
    rows: int = 0
    total: int | None = None


OnImportProgress = Callable[[ImportProgress], None]


def say_nothing(_: ImportProgress) -> None:
    """For callers that do not show progress."""


@dataclass(frozen=True)
class ImportResult:
    """A batch and its listed errors. ``new`` is false where the same file had this batch before."""

    batch: BatchRow
    new: bool = True
    errors: tuple[BatchError, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.batch.state not in OPEN


def rules_of(batch: BatchRow, tenant: Tenant, limits: ImportSettings) -> FileRules:
    """How the file of a batch is read."""
    said = Reading(**batch.options)
    return replace(
        limits_of(tenant, limits),
        allow_returns=batch.allow_returns,
        encoding=said.encoding,
        separator=said.separator,
        decimals=said.decimals,
        dates=said.dates,
    )


def limits_of(tenant: Tenant, limits: ImportSettings) -> FileRules:
    """The limits of a tenant's files (CSV-14)."""
    return FileRules.within(limits, tenant.zone, limits.tenant_max_lines.get(tenant.slug))
