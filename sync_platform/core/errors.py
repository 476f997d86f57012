"""Errors, named by what has to be done about them. Each message says what to do."""


class SyncError(Exception):
    """Anything the platform reports by itself. ``code`` is stable and goes to the ledger as ``error_class``."""

    @property
    def code(self) -> str:
        """Stable name for ledgers, metrics and ``--json``."""
        return type(self).__name__


# --- wait: the same call may succeed later -------------------------------------------------------------


class VendorUnavailable(SyncError):
    """The source is down, slow or throttling after all retries (HTTP-04, HTTP-05). Wait."""


class VendorTimeout(VendorUnavailable):
    """No first byte or no whole answer in time (HTTP-02). Ask for less: halve the window."""


class CircuitOpen(VendorUnavailable):
    """Too many failures in a row for this tenant and source (HTTP-07). No call was made."""


class DatabaseUnavailable(SyncError):
    """PostgreSQL does not answer. Wait; nothing was half-written."""


class ItemsMissing(SyncError):
    """Single items could not be fetched; all others are written. The next run begins with them (MX-12)."""


# --- fix: somebody has to change something --------------------------------------------------------------


class VendorRejected(SyncError):
    """The source refused the request (400, 404, 422). Fix the request; it is not retried."""


class NotFound(VendorRejected):
    """404: the source has no such record (any more)."""


class CredentialsRejected(VendorRejected):
    """401 or 403 (HTTP-04). Set a new key; only this tenant's source stops."""


class ContractBroken(SyncError):
    """The answer is not what the vendor documents: HTML, wrong envelope, too large, another host."""


class TooManyRejects(SyncError):
    """More than the allowed share of records did not validate (SYS-08). See the quarantine."""


class TooManyDeletes(SyncError):
    """A complete pass misses more live rows than may vanish at once (SYS-15). Nothing was deleted; look first."""


class LedgerUnbalanced(SyncError):
    """The accounting identity does not hold (SYS-11). A bug: the run is failed and nothing may build on it."""


class AuditBroken(SyncError):
    """The audit log is not what was written (SEC-30). Somebody changed it as the database's owner: find out who."""


class ConfigurationError(SyncError):
    """A setting, credential or role is missing or wrong."""


# --- ask: the request itself cannot be served -----------------------------------------------------------


class UnknownTenant(SyncError):
    """No such tenant. ``sync-platform tenant list`` shows them."""


class InvalidRequest(SyncError):
    """The arguments do not make a request that can be served."""


class NotAuthenticated(SyncError):
    """Nobody that is known asks. The message is the same whatever was wrong (SEC-23)."""

    def __init__(self) -> None:
        super().__init__("a valid bearer token is needed")


class Refused(SyncError):
    """Not now or not like this; nothing was done (exit code 4)."""


class AlreadyRunning(Refused):
    """One writer per tenant, source and entity (SYS-19)."""

    def __init__(self, run_id: int, what: str) -> None:
        super().__init__(f"{what} is being written by run {run_id}; wait for it or cancel it")
        self.run_id = run_id


class Cancelled(SyncError):
    """Stopped on request at a page boundary; the next run resumes (F-04)."""
