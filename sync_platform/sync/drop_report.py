"""What is written about a dropped file that is done with, and what it is called then (CSV-18)."""

import re
from datetime import UTC
from typing import Any

import msgspec

from sync_platform.db.json_text import storable
from sync_platform.sync.drop_claims import Claim
from sync_platform.sync.import_options import ImportResult
from sync_platform.transforms.purchase_problems import PurchaseFileRefused

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")
_SHOWN_NAME = 80


def stem(claim: Claim) -> str:
    """The name of a file that is done with: when, a part of its claim, and what is harmless of its own name."""
    plain = _NOT_PLAIN.sub("_", claim.file_name)[-_SHOWN_NAME:]
    return f"{claim.taken_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{claim.id[:8]}-{plain}"


def report_of(claim: Claim, result: ImportResult) -> bytes:
    """Of an import that has ended."""
    batch = result.batch
    return _json(
        _about(claim)
        | {"state": batch.state, "batch": batch.id, "imported_before": not claim.new, "rows": batch.rows}
        | {"purchases": batch.purchases, "items": batch.items, "updated": batch.updated, "unchanged": batch.unchanged}
        | {"skipped": batch.skipped, "errors": batch.errors, "errors_by_code": batch.error_summary}
        | {"warnings": batch.warnings, "problem": batch.problem}
        | {
            "listed_errors": [
                {"line": one.line, "column": one.column, "code": one.code, "message": one.message}
                for one in result.errors
            ]
        }
    )


def refusal_of(claim: Claim, error: Exception) -> bytes:
    """Of a file that never became an import."""
    code = error.error.code if isinstance(error, PurchaseFileRefused) else "not_read"
    return _json(_about(claim) | {"state": "refused", "batch": None, "code": code, "problem": str(error)})


def _about(claim: Claim) -> dict[str, Any]:
    return {"file": storable(claim.file_name), "bytes": claim.size, "taken_at": claim.taken_at}


def _json(report: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report, enc_hook=str), indent=2)
