"""What one purchase file may look like: limits, and what its sender says about it."""

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from sync_platform.import_settings import ImportSettings

MIB, KIB = 1024 * 1024, 1024
Encoding = Literal["auto", "utf-8", "utf-16-le", "utf-16-be", "cp1252"]
Separator = Literal["auto", ",", ";", "\t", "|"]
Decimals = Literal["auto", "point", "comma"]
Dates = Literal["iso", "day_first", "month_first"]


@dataclass(frozen=True)
class FileRules:
    """``zone`` is the tenant's, for times that name none. Sizes in bytes, of cells in characters."""

    zone: ZoneInfo
    allow_returns: bool = False
    encoding: Encoding = "auto"
    separator: Separator = "auto"
    decimals: Decimals = "auto"
    dates: Dates = "iso"
    max_bytes: int = 100 * MIB
    max_unpacked_bytes: int = 300 * MIB
    max_lines: int = 50_000
    max_columns: int = 200
    max_cell: int = 64 * KIB
    listed_errors: int = 1000

    @classmethod
    def within(cls, limits: ImportSettings, zone: ZoneInfo, max_lines: int | None = None) -> "FileRules":
        """The limits of the settings; ``max_lines`` is a tenant's own (CSV-14)."""
        return cls(
            zone,
            max_bytes=limits.max_upload_mib * MIB,
            max_unpacked_bytes=limits.max_unpacked_mib * MIB,
            max_lines=max_lines or limits.max_lines,
            max_columns=limits.max_columns,
            max_cell=limits.max_cell_kib * KIB,
            listed_errors=limits.listed_errors,
        )

    @property
    def max_record(self) -> int:
        """Characters of one record with all of its lines: bounds the memory of a quote that is never closed."""
        return 32 * self.max_cell
