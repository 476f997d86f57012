"""What the tenant's own application tells of its people, taken at once and handled later (CRM-11).

Taking an event makes no call: a login or a booking never waits for the CRM, and never fails because of it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from sync_platform.core.errors import Cancelled, DatabaseUnavailable, InvalidRequest, SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.profiles import ProfileFacts, save_facts
from sync_platform.db.webhooks import DueEvent, due_events, mark_failed, mark_handled, phones_of, store_event
from sync_platform.sync.crm import crm_account
from sync_platform.sync.crm_accounts import open_crm
from sync_platform.sync.crm_entities import LEDGER_ENTITIES, SOURCE
from sync_platform.sync.crm_profiles import ProfileSync
from sync_platform.sync.events_handled import EventsHandled, run_of_events
from sync_platform.sync.platform import Platform
from sync_platform.sync.profiles import LONGEST, checked
from sync_platform.sync.request import OnProgress, SyncRequest, no_progress
from sync_platform.sync.running import Run

Kind = Literal["profile.login", "booking.created", "packages.refresh"]
KINDS: tuple[str, ...] = get_args(Kind)
MAX_EVENT_ID = 200
#: What the HTTP service works as: it reads no secrets and writes no data.
ROLE: Literal["sp_web"] = "sp_web"


@dataclass(frozen=True)
class Accepted:
    """``event_id`` is the platform's own number; None where the same event was told before."""

    event_id: int | None

    @property
    def repeated(self) -> bool:
        """Whether there was nothing left to do."""
        return self.event_id is None


@dataclass
class _Tally:
    handled: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)


def accept_event(
    platform: Platform,
    tenant: Tenant,
    kind: str,
    event_id: str,
    profile: ProfileFacts,
    phone: str | None = None,
) -> Accepted:
    """Save what the application says of the profile, and the event once, however often it is told (F-40).

    ``phone`` is the one given with a booking. Raises InvalidRequest for what cannot be stored, DatabaseUnavailable.
    """
    facts, phone = checked(profile), (phone or "").strip()
    event_id = event_id.strip()
    if kind not in KINDS:
        raise InvalidRequest(f"there is no event {kind[:60]!r}; it is one of {', '.join(KINDS)}")
    if not 1 <= len(event_id) <= MAX_EVENT_ID or not event_id.isprintable():
        raise InvalidRequest(f"event_id has 1 to {MAX_EVENT_ID} printable characters")
    if len(phone) > LONGEST["phone"] or not phone.isprintable():
        raise InvalidRequest(f"phone has at most {LONGEST['phone']} printable characters")
    values = {
        "tenant": tenant.id,
        "source": SOURCE,
        "kind": kind,
        "content_hash": UUID(bytes=hashlib.blake2b(f"{kind}\n{event_id}".encode(), digest_size=16).digest()),
        "body": Jsonb({"event_id": event_id, **({"phone": phone} if phone else {})}),
        "account": "",
        "subject": facts.profile_id,
        "state": "new",
        "problem": None,
        "now": platform.clock(),
    }

    def store(conn: Connection[Any]) -> Accepted:
        save_facts(conn, tenant.id, [facts])
        return Accepted(store_event(conn, values))

    return platform.database.run(store, tenant.id, ROLE)


def handle_crm_events(
    platform: Platform,
    tenant: Tenant,
    actor: str,
    *,
    dagster_run_id: str | None = None,
    on_progress: OnProgress = no_progress,
) -> EventsHandled:
    """Bring the packages of the profiles up to date that events name, each once however many events name it.

    An event is handled in the transaction of its profile's packages, so a crash before leaves it waiting, and none
    after repeats it (F-46). A profile that nobody knows at the CRM is handled as well: there is nothing to read. Never
    raises for a source: the result and the ledger tell; an event that failed waits longer each time.
    """
    crm, now = platform.settings.crm, platform.clock()

    def waiting(conn: Connection[Any]) -> tuple[list[DueEvent], dict[str, str]]:
        found = due_events(conn, tenant.id, SOURCE, now, crm.events_per_run)
        return found, phones_of(conn, tenant.id, [event.id for event in found]) if found else {}

    due, phones = platform.database.run(waiting, tenant.id)
    if not due:
        return EventsHandled()
    profiles = tuple(dict.fromkeys(event.subject for event in due))
    request = SyncRequest(tenant, "packages", (), "event", actor, dagster_run_id, source=SOURCE, profiles=profiles)
    tally = _Tally()

    def handle(run: Run) -> None:
        _handle(platform, request, run, due, phones, tally, on_progress)

    result = run_of_events(platform, request, LEDGER_ENTITIES, handle, on_progress)
    return EventsHandled(result, len(tally.handled), len(tally.failed))


def _handle(
    platform: Platform,
    request: SyncRequest,
    run: Run,
    due: Sequence[DueEvent],
    phones: Mapping[str, str],
    tally: _Tally,
    on_progress: OnProgress,
) -> None:
    tenant, events = request.tenant, _by_profile(due)

    def settled(conn: Connection[Any], profiles: Sequence[str]) -> None:
        ids = [event for profile in profiles for event in events.get(profile, ())]
        if ids:
            mark_handled(conn, tenant.id, ids, run.id, platform.clock())
        tally.handled.update(ids)

    def failing(problems: Mapping[str, str]) -> None:
        reasons = {event: why for profile, why in problems.items() for event in events.get(profile, ())}
        now, tries = platform.clock(), platform.settings.crm.event_tries
        if reasons:
            platform.database.run(lambda conn: mark_failed(conn, tenant.id, reasons, run.id, now, tries), tenant.id)
        tally.failed.update(reasons)

    sync: ProfileSync | None = None
    try:
        account = crm_account(platform, tenant, scheduled=True)
        with open_crm(platform, account, run.calls) as opened:
            sync = ProfileSync(platform, request, run, opened, on_progress, phones=phones, also=settled)
            sync.bring_up_to_date()
            run.tell_skew(opened.http)
    except (Cancelled, DatabaseUnavailable):
        raise  # what is left waits as it is
    except SyncError as error:
        left = [profile for profile, ids in events.items() if not tally.handled.issuperset(ids)]
        failing(dict.fromkeys(left, f"{error.code}: {error}"))
        raise
    platform.database.run(lambda conn: settled(conn, list(sync.left_out)), tenant.id)
    failing(sync.tally.failed)
    sync.judge()


def _by_profile(due: Sequence[DueEvent]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for event in due:
        found.setdefault(event.subject, []).append(event.id)
    return found
