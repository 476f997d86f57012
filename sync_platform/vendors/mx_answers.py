"""What MX Merchant means by an answer where its status misleads (vendor page, section 8)."""

from typing import Any

import msgspec

from sync_platform.core.errors import CredentialsRejected, NotFound, SyncError, VendorRejected

_ERROR_BYTES = 64 * 1024


class _ErrorBody(msgspec.Struct, rename="camel"):
    error_code: str = ""
    message: str = ""
    details: Any = None


class AlreadyRegistered(VendorRejected):
    """The source has this notification already. Nothing is to be done."""


def of_a_list(status: int, body: bytes) -> type[SyncError] | None:
    """``InvalidCredentials`` is about the key, whatever status it comes with."""
    return CredentialsRejected if _error(status, body).error_code == "InvalidCredentials" else None


def of_a_record(status: int, body: bytes) -> type[SyncError] | None:
    """One record that is not there, or is another merchant's.

    The vendor answers ``Unauthorized`` for a record of another merchant, the same word as for a wrong key. To take that
    for rejected credentials would stop a whole account, and raise an alarm, over one foreign id in a notification. A
    key that is really rejected shows in the list that every run reads first, and there the word means what it says. An
    id that nobody knows may be answered with a plain text.
    """
    if body.strip(b' \t\r\n".').lower() == b"not found":
        return NotFound
    error = _error(status, body)
    if error.error_code == "Unauthorized" and "not found or no access" in _said(error):
        return NotFound
    return of_a_list(status, body)


def of_a_registration(status: int, body: bytes) -> type[SyncError] | None:
    """A notification that is registered already (MX-20)."""
    error = _error(status, body)
    if error.error_code == "ValidationError" and "duplicate" in _said(error):
        return AlreadyRegistered
    return of_a_list(status, body)


def _said(error: _ErrorBody) -> str:
    details = error.details if isinstance(error.details, list) else []
    return " ".join([error.message, *(detail for detail in details if isinstance(detail, str))]).lower()


def _error(status: int, body: bytes) -> _ErrorBody:
    """An error body, an empty one where the body is anything else. An answer with a good status is no error."""
    if status < 400 or len(body) > _ERROR_BYTES:
        return _ErrorBody()
    try:
        return msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _ErrorBody()
