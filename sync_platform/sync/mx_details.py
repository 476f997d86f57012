"""Fetches what belongs to single ids, several at a time; one that fails does not stop the others (MX-12, CRM-15)."""

import contextvars
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sync_platform.core.errors import ContractBroken, CredentialsRejected, VendorRejected, VendorUnavailable
from sync_platform.sync.running import Run

K = TypeVar("K", int, str)
V = TypeVar("V")


@dataclass
class Fetched(Generic[K, V]):
    """What was read by id, and why the others are missing."""

    records: dict[K, V] = field(default_factory=dict)
    missing: dict[K, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Missing:
    why: str


def fetch_details(
    run: Run,
    fetch: Callable[[K], V],
    ids: Collection[K],
    workers: int,
    arrived: Callable[[V], None] = lambda _: None,
) -> Fetched[K, V]:
    """All of ``ids``, at most ``workers`` at a time; the budget makes them wait (HTTP-10).

    ``arrived`` is called with each record, in the order of ``ids`` and in this thread, while the next are on their way.

    What the source does to one record concerns that record alone. Raises CredentialsRejected, DatabaseUnavailable and
    Cancelled: those concern all.
    """
    found: Fetched[K, V] = Fetched()
    stopped = threading.Event()

    def one(identity: K) -> V | _Missing:
        if stopped.is_set():
            return _Missing("not asked for")
        try:
            run.check()
            return fetch(identity)
        except (VendorUnavailable, VendorRejected, ContractBroken) as error:
            if isinstance(error, CredentialsRejected):
                stopped.set()  # no other thread tries these keys again (HTTP-04)
                raise
            return _Missing(f"{error.code}: {error}")
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
                if isinstance(outcome, _Missing):
                    found.missing[identity] = outcome.why
                else:
                    found.records[identity] = outcome
                    arrived(outcome)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found
