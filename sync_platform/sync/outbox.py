"""Delivers what the outbox holds: at least once, in order per subject, soon after the commit (CSV-19, F-47)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.outbox import OutboxMessage, delivered, due, failed, waiting
from sync_platform.db.tenants import directory
from sync_platform.sync.outbox_target import Outgoing, Target, open_target
from sync_platform.sync.platform import Platform

#: Seconds for which a message is this dispatcher's; after half of them it begins no more calls.
LEASE = 60.0
#: Seconds until a message that failed is tried again; twice as many after each further try, up to an hour.
PAUSE = 5.0
AFTER_COMMIT = 60.0  # seconds at most for messages after an import; whoever delivers all the time sends the rest
EVERY = 1.0  # seconds between two passes of ``follow``
MAX_BODY = 64 * 1024


@dataclass(frozen=True)
class Sent:
    """Messages that arrived, that failed, and that were not tried because the target does not answer."""

    delivered: int = 0
    failed: int = 0
    left: int = 0

    def __add__(self, other: "Sent") -> "Sent":
        return Sent(self.delivered + other.delivered, self.failed + other.failed, self.left + other.left)


@dataclass(frozen=True)
class Waiting:
    """Messages of a tenant that are not delivered, and since when the oldest of them waits."""

    tenant: str
    messages: int
    oldest: datetime | None


def deliver_all(platform: Platform, tenants: Sequence[Tenant] | None = None, *, seconds: float = float("inf")) -> Sent:
    """Deliver what is due, of all active tenants in turn, for about so many seconds.

    Raises ConfigurationError where the target of the settings cannot be used; then nothing was taken.
    """
    total, until = Sent(), time.monotonic() + seconds
    owed = list(directory(platform.database) if tenants is None else tenants)
    owed = [tenant for tenant in owed if waiting(platform.database, tenant.id)[0]]
    if not owed:
        return total
    with open_target(platform) as target:
        while owed and time.monotonic() < until and not platform.stopping.is_set():
            more = []
            for tenant in owed:
                sent = deliver_some(platform, tenant, target, until)
                total += sent
                if sent.delivered:  # one after the other: nobody waits behind a tenant with many
                    more.append(tenant)
            owed = more
    return total


def deliver_after(platform: Platform, tenant: Tenant) -> str | None:
    """Let a tenant's messages leave right after a commit; why some of them wait, which undoes nothing (CSV-19)."""
    try:
        sent = deliver_all(platform, [tenant], seconds=AFTER_COMMIT)
    except SyncError as error:
        return f"messages wait: {error}"
    behind = sent.failed + sent.left
    return f"{behind} messages could not be delivered; they are tried again when they are due" if behind else None


def deliver_some(platform: Platform, tenant: Tenant, target: Target, until: float = float("inf")) -> Sent:
    """One batch of a tenant's messages that are due."""
    now = platform.clock()
    messages = due(platform.database, tenant.id, now=now, limit=target.at_once, seconds=LEASE)
    if not messages:
        return Sent()
    found = target.deliver(
        [Outgoing(one.id, f"{one.topic}/{one.subject}", body_of(tenant, one)) for one in messages],
        min(until, time.monotonic() + LEASE / 2),
    )
    arrived = [message_id for message_id, problem in found.items() if problem is None]
    if arrived:
        delivered(platform.database, tenant.id, arrived, platform.clock())
    problems = {message_id: problem for message_id, problem in found.items() if problem is not None}
    for message_id, problem in sorted(problems.items()):
        failed(platform.database, tenant.id, message_id, problem, now=platform.clock(), pause=PAUSE)
    return Sent(len(arrived), len(problems), len(messages) - len(found))


def follow(platform: Platform, on_pass: Callable[[Sent], None]) -> None:
    """Deliver until the process is asked to stop."""
    while not platform.stopping.is_set():
        on_pass(deliver_all(platform))
        platform.stopping.wait(EVERY)


def still_waiting(platform: Platform) -> list[Waiting]:
    """Of each active tenant."""
    return [Waiting(tenant.slug, *waiting(platform.database, tenant.id)) for tenant in directory(platform.database)]


def body_of(tenant: Tenant, message: OutboxMessage) -> bytes:
    """Type, time and data as Standard Webhooks has them; the data of a message that is too large is left out."""
    about = {"id": message.id, "tenant": tenant.slug, "subject": message.subject}

    def encoded(data: dict[str, object]) -> bytes:
        return msgspec.json.encode({"type": message.topic, "timestamp": message.created_at, "data": data})

    body = encoded({**message.payload, **about})
    return body if len(body) <= MAX_BODY else encoded({**about, "too_large": True})
