"""Fetches the next pages in the background while the last one is being loaded."""

import contextvars
import queue
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_GRACE = 1.0


@dataclass(frozen=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


def prefetched(pages: Iterator[T], ahead: int = 2) -> Generator[T, None, None]:
    """The same pages in the same order, at most ``ahead`` of them waiting; an error comes after the pages before it.

    ``pages`` runs in one other thread. Closing early stops that thread at its next page: it is waited for a second at
    most, since a call under way cannot be interrupted, and then ends by itself without delivering anything.
    """
    if ahead < 1:
        yield from pages
        return
    ready: queue.Queue[_Item[T] | _End] = queue.Queue(maxsize=ahead)
    stop = threading.Event()
    context = contextvars.copy_context()
    worker = threading.Thread(target=context.run, args=(_work, pages, ready, stop), name="prefetch", daemon=True)
    worker.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item.value
    finally:
        stop.set()
        _drain(ready)
        worker.join(_GRACE)


def _work(pages: Iterator[T], ready: "queue.Queue[_Item[T] | _End]", stop: threading.Event) -> None:
    end = _End()
    try:
        for page in pages:
            ready.put(_Item(page))
            if stop.is_set():
                break
    except BaseException as error:  # handed to the consumer, whatever it is
        end = _End(error)
    finally:
        close = getattr(pages, "close", None)
        if close is not None:
            close()
    if not stop.is_set():
        ready.put(end)


def _drain(ready: "queue.Queue[_Item[T] | _End]") -> None:
    # makes room for a thread that waits to put its page; it looks at the stop sign right after
    while True:
        try:
            ready.get_nowait()
        except queue.Empty:
            return
