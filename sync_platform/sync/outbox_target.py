"""Where messages of the outbox go: a webhook, or a file on this machine (CSV-19)."""

import fcntl
import os
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sync_platform.core.errors import SyncError, VendorUnavailable
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.connecting import http_limits
from sync_platform.sync.platform import Platform
from sync_platform.vendors.http import VendorHttp
from sync_platform.vendors.webhook import WebhookReceiver, key_of, origin_and_host

_CALLS = 8  # that are under way at a time
#: So many calls without an answer in a row, and the target is left alone until the next pass.
_OUTAGE = 3
_SECONDS = 5.0  # of one call: a sensor that delivers has 10 s (DAG-11)
_ANSWER = 1024 * 1024


@dataclass(frozen=True)
class Outgoing:
    """A message as it leaves; those of one ``subject`` leave one after the other."""

    id: int
    subject: str
    body: bytes

    @property
    def name(self) -> str:
        """The id by which a receiver tells what it has seen already."""
        return f"msg_{self.id}"


class Target(Protocol):
    """Takes messages, at most ``at_once`` together. What it does not mention was not tried."""

    at_once: int

    def deliver(self, messages: Sequence[Outgoing], until: float) -> Mapping[int, str | None]:
        """Problem by id, None where it arrived. Nothing is begun after ``until``, in seconds of ``time.monotonic``."""


class FileTarget:
    """Appends lines of JSON to a file per day (UTC), open to its owner only. On the disk when this returns."""

    at_once = 5000

    def __init__(self, platform: Platform) -> None:
        self._folder: Path = platform.settings.data_dir.expanduser() / "outbox"
        self._platform = platform

    def deliver(self, messages: Sequence[Outgoing], until: float) -> Mapping[int, str | None]:
        """All or none."""
        try:
            self._append(b"".join(message.body + b"\n" for message in messages))
        except OSError as error:
            return {message.id: f"the file cannot be written ({error.strerror})" for message in messages}
        return dict.fromkeys((message.id for message in messages), None)

    def _append(self, lines: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{self._platform.clock():%Y-%m-%d}.jsonl"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = os.fstat(file.fileno()).st_size
            try:
                written = 0
                while written < len(lines):
                    written += file.write(lines[written:]) or 0
                os.fsync(file.fileno())
            except BaseException:
                os.ftruncate(file.fileno(), before)  # no half lines
                raise


class WebhookTarget:
    """Posts each message by itself; a few subjects at a time."""

    at_once = 500

    def __init__(self, platform: Platform, receiver: WebhookReceiver) -> None:
        self._platform, self._receiver = platform, receiver

    def deliver(self, messages: Sequence[Outgoing], until: float) -> Mapping[int, str | None]:
        """After a failure nothing more of its subject is tried; after an outage nothing at all."""
        by_subject: dict[str, list[Outgoing]] = {}
        for message in messages:
            by_subject.setdefault(message.subject, []).append(message)
        found: dict[int, str | None] = {}
        outages, guard = 0, threading.Lock()

        def send(own: Sequence[Outgoing]) -> None:
            nonlocal outages
            for message in own:
                if outages >= _OUTAGE or time.monotonic() > until or self._platform.stopping.is_set():
                    return
                problem, away = self._send(message)
                with guard:
                    found[message.id] = problem
                    outages = outages + 1 if away else 0
                if problem is not None:
                    return

        with ThreadPoolExecutor(_CALLS, thread_name_prefix="outbox") as pool:
            for future in [pool.submit(send, own) for own in by_subject.values()]:
                future.result()
        return found

    def _send(self, message: Outgoing) -> tuple[str | None, bool]:
        """The problem, and whether the target did not answer at all or said that it cannot."""
        try:
            self._receiver.send(message.name, int(self._platform.clock().timestamp()), message.body)
        except SyncError as error:
            return str(error), isinstance(error, VendorUnavailable)
        return None, False


class _Free:
    """Neither budget nor breaker: the outbox has its own pauses."""

    def acquire(self) -> None:
        return

    def before_call(self) -> None:
        return

    def success(self) -> None:
        return

    def failure(self) -> None:
        return


@contextmanager
def open_target(platform: Platform) -> Iterator[Target]:
    """The one of the settings. Raises ConfigurationError for an address or a secret that cannot be used."""
    settings = platform.settings.imports
    if not settings.outbox_url:
        yield FileTarget(platform)
        return
    origin, host = origin_and_host(settings.outbox_url)
    secret = settings.outbox_secret
    key = key_of(secret.get_secret_value()) if secret is not None else None
    limits = http_limits(platform)
    free = _Free()
    http = VendorHttp(
        base_url=origin,
        headers={},
        allowed_hosts=frozenset({host}),
        limits=replace(
            limits,
            tries=1,  # the outbox itself repeats
            first_byte_timeout=min(_SECONDS, limits.first_byte_timeout),
            answer_timeout=min(_SECONDS, limits.answer_timeout),
            max_bytes=_ANSWER,
        ),
        budget=free,
        breaker=free,
        observe=CallCounter(),
        clock=time.monotonic,
        sleep=platform.sleep,
        wall_clock=platform.clock,
        rng=random.Random(),  # noqa: S311  jitter, not a secret
    )
    try:
        yield WebhookTarget(platform, WebhookReceiver(http, settings.outbox_url, key))
    finally:
        http.close()
