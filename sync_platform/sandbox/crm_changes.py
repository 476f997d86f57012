"""Seeded changes to a CRM project while it is being read."""

from collections.abc import Sequence
from random import Random
from typing import Literal, get_args

from sync_platform.sandbox.crm_names import invented_name
from sync_platform.sandbox.crm_project import CrmEntity, CrmProject

CrmChangeKind = Literal["customer", "rename", "leave", "package", "hours", "return"]
CRM_KINDS: tuple[CrmChangeKind, ...] = get_args(CrmChangeKind)
OF_CUSTOMERS = ("customer", "rename", "leave")


class CrmChanges:
    """Changes one project. The same seed and the same project give the same changes."""

    def __init__(self, project: CrmProject, seed: int) -> None:
        self._project = project
        self._rng = Random(f"{seed}/changes/{project.name}")

    def apply(
        self, count: int, *, entity: CrmEntity | None = None, kinds: Sequence[CrmChangeKind] = CRM_KINDS
    ) -> list[str]:
        """Make ``count`` changes and say which, as ``kind id``. ``entity`` limits them to those that concern it."""
        if entity is not None:
            kinds = [kind for kind in kinds if (kind in OF_CUSTOMERS) == (entity == "customers")] or ("package",)
        with self._project.lock:
            return [self._one(self._rng.choice(kinds)) for _ in range(count)]

    def _one(self, kind: CrmChangeKind) -> str:
        """The change to any row; a new customer where there is no row to change."""
        project, rng = self._project, self._rng
        ids = (project.customers if kind in OF_CUSTOMERS else project.packages).keys()
        if kind == "customer" or not len(project.customers) or (not ids and kind != "package"):
            return f"customer {project.add_customer()['id']}"
        if kind == "package":
            owners = list(project.hashes()) or ["0" * 32]
            return f"package {project.add_package(rng.choice(owners))['id']}"
        key = rng.choice(ids)
        if kind == "rename":
            project.rename(key, name=" ".join(invented_name(rng)))
        elif kind == "leave":
            project.remove_customer(key)
        elif kind == "hours":
            project.change_hours(key, rng.randrange(40) / 2, rng.randrange(40) / 2)
        else:
            project.remove_package(key)
        return f"{kind} {key}"
