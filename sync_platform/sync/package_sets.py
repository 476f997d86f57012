"""A profile's packages as one answer of the CRM shows them, ready to replace the stored ones as a set (CRM-12)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from sync_platform.core.content_hash import content_hash
from sync_platform.core.drift import Drift
from sync_platform.core.errors import ContractBroken
from sync_platform.core.reject import Reject
from sync_platform.db.copy_text import array_text, copy_line
from sync_platform.sync.entities import SourceEntity
from sync_platform.transforms.crm_records import Whose
from sync_platform.transforms.drift import nul_removed, required_missing

#: Profile -> stable_hash_id of its live mapping.
Mapped = Mapping[str, str]

_WHOSE = msgspec.json.Decoder(Whose)


@dataclass
class PackageSet:
    """All packages of a profile's customer. ``rows`` are lines to copy by package; of one package that came twice the
    later counts. A set with a reject is not written: the stored one stays."""

    profile_id: str
    stable_hash_id: str
    records: int
    rows: dict[str, bytes] = field(default_factory=dict, repr=False)
    rejects: list[Reject] = field(default_factory=list, repr=False)

    @property
    def keys(self) -> set[tuple[str, str]]:
        """Profile and package of each row."""
        return {(self.profile_id, package) for package in self.rows}


def by_customer(records: Sequence[msgspec.Raw], asked: Sequence[str]) -> dict[str, list[msgspec.Raw]]:
    """Records by ``stable_hash_id``, an empty list where nothing came.

    Raises ContractBroken where one belongs to nobody who was asked for: then the answer is to another question, and
    nothing of it may be shown to anybody. Of a single customer, a record that does not say whose it is will be
    rejected by itself.
    """
    found: dict[str, list[msgspec.Raw]] = {stable_hash_id: [] for stable_hash_id in asked}
    for raw in records:
        owner = _owner(raw)
        if owner is None and len(found) == 1:
            owner = asked[0]
        if owner is None or owner not in found:
            raise ContractBroken(
                "the CRM answered with packages of a customer who was not asked for; nothing of that answer is stored."
                " Look at its function or table of packages"
            )
        found[owner].append(raw)
    return found


def package_set(
    profile_id: str, stable_hash_id: str, records: Sequence[msgspec.Raw], entity: SourceEntity
) -> PackageSet:
    """The set of a profile out of the records of its customer, and of nobody else."""
    loaded, rejects = entity.decoder.rows(records, [content_hash(raw) for raw in records])
    made = PackageSet(profile_id, stable_hash_id, len(records), rejects=rejects)
    for row in loaded:
        made.rows[row.key] = copy_line((profile_id, *row.row[:-1], array_text(row.row[-1])))
    return made


def drift_of(
    records: Sequence[msgspec.Raw], sets: Sequence[PackageSet], entity: SourceEntity, size: int
) -> list[Drift]:
    """What an answer shows that nobody documented (SYS-17)."""
    rejects = [reject for one in sets for reject in one.rejects]
    return [
        *entity.drift.sample(records, size),
        *nul_removed(records),
        *required_missing(rejects, len(records)),
    ]


def _owner(raw: msgspec.Raw) -> str | None:
    try:
        return _WHOSE.decode(raw).stable_hash_id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
