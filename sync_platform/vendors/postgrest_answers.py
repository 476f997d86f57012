"""What PostgREST and the platform before it mean by an answer: status first, code second, never the text (CRM-01)."""

import re
from typing import Any

import msgspec

from sync_platform.core.errors import (
    ConfigurationError,
    ContractBroken,
    CredentialsRejected,
    SyncError,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from sync_platform.vendors.retry import Fault

_ERROR_BYTES = 64 * 1024
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
_CONTENT_RANGE = re.compile(r"(?:\*|(\d{1,18})-(\d{1,18}))/(?:\*|(\d{1,18}))")


class PermissionMissing(ConfigurationError):
    """The key is good, its role may not read this. A grant mends it; the key is not rejected."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text}; in the CRM's database, grant select (or execute) on it to the role of the key")


class AnonymousKey(CredentialsRejected):
    """The key is one for everybody, and everybody may not read this: another key is needed (CRM-03)."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text}; this is a key of the anonymous role: set one of a server-side role")


class ObjectMissing(ConfigurationError):
    """No such table, function or schema, or the source has not noticed it yet."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text}; check the names of tables, function and schema in the settings")


class ColumnMissing(ConfigurationError):
    """No such column."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text}; check the names of columns in the settings")


class ProjectRestricted(VendorUnavailable):
    """402: the project is over its quota or unpaid. It answers again when its owner has seen to that."""


class BeyondTheEnd(VendorRejected):
    """416: rows were asked for behind the last one."""


_CONFIGURATION: dict[tuple[int, str], type[SyncError]] = {
    (401, "42501"): AnonymousKey,
    (403, "42501"): PermissionMissing,
    (404, "PGRST205"): ObjectMissing,
    (404, "42P01"): ObjectMissing,
    (404, "PGRST202"): ObjectMissing,
    (406, "PGRST106"): ObjectMissing,
    (400, "42703"): ColumnMissing,
    (400, "PGRST204"): ColumnMissing,
}
_BY_STATUS: dict[int, type[SyncError]] = {402: ProjectRestricted, 416: BeyondTheEnd}
_WAITS = {
    # the clock that dated the token is ahead of the one that judges it: once more, and no more
    (401, "PGRST303"): Fault(CredentialsRejected, "", retry=True, most=2),
    (500, "40001"): Fault(VendorUnavailable, "", retry=True),
    (500, "40P01"): Fault(VendorUnavailable, "", retry=True),
    # the database answers, but not to so large a question
    (500, "57014"): Fault(VendorTimeout, "", retry=True),
}
# an error of the database is about what was asked: the source is up, and asking often brings the same
_DATABASE_ERROR = Fault(VendorUnavailable, "", retry=True, most=3)


def of_postgrest(status: int, body: bytes) -> type[SyncError] | Fault | None:
    """None where the status says it all."""
    if status < 400:
        return None
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    code = _code(body)
    said = _WAITS.get((status, code)) or _CONFIGURATION.get((status, code))
    return said or (_DATABASE_ERROR if status == 500 and _SQLSTATE.fullmatch(code) else None)


def counted_rows(content_range: str, rows: int) -> int | None:
    """The total of ``Content-Range``, None where it was not counted or nothing was sent.

    Raises ContractBroken where the range is not of so many rows: some got lost on the way.
    """
    if not content_range.strip():
        return None
    found = _CONTENT_RANGE.fullmatch(content_range.strip())
    if found is None:
        raise ContractBroken("Content-Range cannot be read")
    first, last, total = found.groups()
    said = 0 if first is None else int(last) - int(first) + 1
    if said != rows:
        raise ContractBroken(f"Content-Range is of {said} rows, the body of {rows}")
    return None if total is None else int(total)


def _code(body: bytes) -> str:
    """Code of an error body; blank for a page of HTML, for the gateway's bodies without one, and for any other."""
    if len(body) > _ERROR_BYTES:
        return ""
    try:
        error: Any = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return ""
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""
