"""Fetches single records by id, several at a time; one that fails does not stop the others (MX-12)."""

import contextvars
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from sync_platform.core.errors import ContractBroken, CredentialsRejected, VendorRejected, VendorUnavailable
from sync_platform.sync.running import Run


@dataclass
class Fetched:
    """Records by id, and why the others are missing."""

    records: dict[int, msgspec.Raw] = field(default_factory=dict)
    missing: dict[int, str] = field(default_factory=dict)


def fetch_details(run: Run, fetch: Callable[[int], msgspec.Raw], ids: Collection[int], workers: int) -> Fetched:
    """All of ``ids``, at most ``workers`` at a time; the budget makes them wait (HTTP-10).

    What the source does to one record concerns that record alone. Raises CredentialsRejected, DatabaseUnavailable and
    Cancelled: those concern all.
    """
    found = Fetched()
    stopped = threading.Event()

    def one(identity: int) -> msgspec.Raw | str:
        if stopped.is_set():
            return "not asked for"
        try:
            run.check()
            return fetch(identity)
        except (VendorUnavailable, VendorRejected, ContractBroken) as error:
            if isinstance(error, CredentialsRejected):
                stopped.set()  # no other thread tries these keys again (HTTP-04)
                raise
            return f"{error.code}: {error}"
        except BaseException:
            stopped.set()
            raise

    if not ids:
        return found
    with ThreadPoolExecutor(min(workers, len(ids)), thread_name_prefix="details") as pool:
        contexts = [contextvars.copy_context() for _ in ids]
        futures = [pool.submit(context.run, one, identity) for context, identity in zip(contexts, ids, strict=True)]
        try:
            for identity, future in zip(ids, futures, strict=True):
                outcome = future.result()
                if isinstance(outcome, str):
                    found.missing[identity] = outcome
                else:
                    found.records[identity] = outcome
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found
