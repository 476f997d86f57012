"""Does the audit log hold what was written? Each chain against its hashes, its head and its anchors (SEC-30, F-68)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import PLATFORM_CHAIN
from sync_platform.db.queries import query
from sync_platform.db.tenants import ALL_STATES, directory
from sync_platform.sync.audit_anchors import Anchor, AnchorFile
from sync_platform.sync.platform import Platform

#: How the platform's own chain is called where others have a tenant's slug. No slug has a blank.
PLATFORM_NAME = "the platform"

FindingKind = Literal["missing", "inserted", "changed", "rewritten", "anchor", "head", "unreadable"]


@dataclass(frozen=True)
class AuditFinding:
    """The first thing that is wrong with a chain. ``entry`` is its place; None: about a file, not about an entry."""

    chain: str
    entry: int | None
    kind: FindingKind
    message: str


@dataclass(frozen=True)
class Verified:
    """``chains`` that were looked at, with their ``entries`` and the ``anchors`` they were compared with."""

    chains: int
    entries: int
    anchors: int
    findings: tuple[AuditFinding, ...]


@dataclass(frozen=True)
class Verdict:
    """What the database says about one chain; ``kind`` None where it holds."""

    entries: int
    anchors: int
    place: int | None
    kind: FindingKind | None
    up_to: int | None
    day: date | None


def verify_audit(platform: Platform, tenants: Sequence[Tenant] | None = None) -> Verified:
    """All chains, or those of some tenants; per chain the first place that does not hold.

    Without ``tenants`` also the platform's own chain, and those that only the file of anchors still knows.
    """
    lines = AnchorFile(platform.settings.data_dir).read()
    chains = _chains(platform, tenants)
    if tenants is None:
        chains |= {one.tenant_id: str(one.tenant_id) for one in lines.anchors if one.tenant_id not in chains}
    findings = [
        AuditFinding(PLATFORM_NAME, None, "unreadable", f"line {number} of the file of anchors is none")
        for number in lines.unreadable
    ]
    entries = anchors = 0
    for chain, name in chains.items():
        with platform.database.transaction(chain, "sp_audit") as conn:
            verdict = check_chain(conn, chain, lines.of(chain))
        entries, anchors = entries + verdict.entries, anchors + verdict.anchors
        if verdict.kind is not None:
            findings.append(AuditFinding(name, verdict.place, verdict.kind, _message(verdict)))
    return Verified(len(chains), entries, anchors, tuple(findings))


def anchor_audit(platform: Platform) -> tuple[list[tuple[str, Anchor]], tuple[AuditFinding, ...]]:
    """Verify all chains and note where those that hold end, once a day (UTC), in the table and in the file.

    Returns the anchors of today with the names of their chains, and what does not hold: that gets no anchor.
    """
    found = verify_audit(platform)
    broken = {finding.chain for finding in found.findings if finding.kind != "unreadable"}
    file, today = AnchorFile(platform.settings.data_dir), platform.clock().astimezone(UTC).date()
    made = []
    for chain, name in _chains(platform, None).items():
        if name in broken:
            continue
        values = {"tenant": chain, "day": today}
        with platform.database.transaction(chain, "sp_audit") as conn:
            conn.execute(query("audit", "anchor"), values)
            rows = conn.cursor(row_factory=class_row(Anchor))
            anchor = rows.execute(query("audit", "anchors"), values).fetchone()
        if anchor is not None:
            file.add(anchor)
            made.append((name, anchor))
    return made, found.findings


def check_chain(conn: Connection[Any], chain: UUID, filed: Sequence[Anchor]) -> Verdict:
    """One statement over a whole chain, with the anchors that the file has of it."""
    values = {"tenant": chain, "filed": Jsonb([anchor.plain() for anchor in filed])}
    verdict = conn.cursor(row_factory=class_row(Verdict)).execute(query("audit", "verify"), values).fetchone()
    assert verdict is not None
    return verdict


def _chains(platform: Platform, tenants: Sequence[Tenant] | None) -> dict[UUID, str]:
    if tenants is not None:
        return {tenant.id: tenant.slug for tenant in tenants}
    every = {tenant.id: tenant.slug for tenant in directory(platform.database, states=ALL_STATES)}
    return {PLATFORM_CHAIN: PLATFORM_NAME} | every


def _message(verdict: Verdict) -> str:
    texts: dict[FindingKind | None, str] = {
        "missing": f"entry {verdict.place} is missing",
        "inserted": f"entry {verdict.place} was put in past the chain",
        "changed": f"entry {verdict.place} was changed or moved",
        "rewritten": f"entries {verdict.place} to {verdict.up_to} are not those of the anchor of {verdict.day}",
        "anchor": f"the anchor of {verdict.day} in the table is not the one in the file",
        "head": f"where the chain ends is not known any more; its newest entry is {verdict.place}",
    }
    return texts[verdict.kind]
