"""The CRM behind the stand-in server: the gateway's key, the database's role, changes of projects."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from sync_platform.sandbox.crm_changes import CrmChanges
from sync_platform.sandbox.crm_project import CRM_ENTITIES, Anonymous, CrmEntity, CrmProject, Poison
from sync_platform.sandbox.crm_refusals import GatewayRefusal, write_refusal
from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import Request

CRM_PREFIX = "/rest/v1"


class CrmChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What ``POST change`` takes. ``id`` is a customer's or a package's; ``shop`` is the project's name.

    ``rename`` takes ``fields`` ``name`` and ``phone``; ``hours`` takes ``remaining`` and ``used``; ``modify`` and
    ``erase`` take ``entity``; ``package`` and the poisons take ``hash``; ``seeded`` makes ``count`` changes.
    """

    shop: str
    action: Literal[
        "seeded", "customer", "rename", "rebuild", "package", "hours", "modify", "erase", "poison", "cure", "anonymous"
    ]
    entity: CrmEntity = "customers"
    id: int | str = 0
    hash: str = ""
    count: int = 1
    poison: Poison = "record"
    anonymous: Anonymous = "denied"
    fields: dict[str, Any] = {}


class CrmVendor:
    """The projects, by name and by key. ``prefix`` is blank for a PostgREST without a gateway's path."""

    empty_page = (b"[", b"]")

    def __init__(self, projects: Sequence[CrmProject], seed: int, prefix: str = CRM_PREFIX) -> None:
        self.prefix = prefix
        self.parties = {project.name: project for project in projects}
        self._keys = {key: one for one in projects for key in (one.spec.api_key, one.spec.public_key)}
        self._changes = {project.name: CrmChanges(project, seed) for project in projects}

    def party(self, headers: Mapping[str, str]) -> CrmProject | None:
        """The project of the key in ``apikey``."""
        return self._keys.get(headers.get("apikey", ""))

    def key(self, headers: Mapping[str, str]) -> str | None:
        """The key in ``apikey``."""
        return headers.get("apikey") or None

    def admit(self, request: Request) -> CrmProject:
        """The project; the role is the endpoints' affair."""
        if not request.headers.get("apikey"):
            hint = "No `apikey` request header or url param was found."
            raise GatewayRefusal(401, "No API key found in request", hint)
        project = self.party(request.headers)
        if project is None:
            raise GatewayRefusal(401, "Invalid API key", "Double check your API key.")
        return project

    def limited_by(self, party: CrmProject) -> str:
        """All keys of a project together."""
        return party.name

    def refuse(self, refusal: Refusal) -> Outgoing:
        """An error as PostgREST or the gateway writes it."""
        return write_refusal(refusal)

    def mutate(self, party: CrmProject, count: int, only: str) -> None:
        """So many seeded changes of anything, or of the entity ``only``."""
        entity = next((entity for entity in CRM_ENTITIES if entity == only), None)
        self._changes[party.name].apply(count, entity=entity)

    def outline(self, party: CrmProject) -> dict[str, object]:
        """A project without its keys."""
        return {"name": party.name} | {entity: len(party.collection(entity)) for entity in CRM_ENTITIES}

    def control(self, path: str, query: Mapping[str, str]) -> object:
        """``profiles``: profiles of ``count`` customers of the project ``shop`` by ``seed``, with the true hash."""
        if path != "profiles":
            raise KeyError(path)
        return self.parties[query["shop"]].profiles(int(query.get("count", 10)), int(query.get("seed", 0)))

    def change(self, body: bytes) -> list[str]:
        """One ``CrmChange``; the ids of what changed."""
        change = msgspec.json.decode(body, type=CrmChange)
        project = self.parties[change.shop]
        if change.action == "seeded":
            return self._changes[project.name].apply(change.count, entity=None)
        return _changed(project, change)


def _changed(project: CrmProject, change: CrmChange) -> list[str]:
    match change.action:
        case "customer":
            return [str(project.add_customer(**change.fields)["id"]) for _ in range(change.count)]
        case "rename":
            return [str(project.rename(int(change.id), **change.fields)["id"])]
        case "rebuild":
            return [str(new) for new in project.rebuild_ids().values()]
        case "package":
            return [str(project.add_package(change.hash, **change.fields)["id"]) for _ in range(change.count)]
        case "hours":
            return [str(project.change_hours(change.id, **change.fields)["id"])]
        case "modify":
            return [str(project.modify(change.entity, change.id, **change.fields)["id"])]
        case "erase" if change.entity == "packages":
            project.remove_package(change.id)
        case "erase":
            project.remove_customer(int(change.id))
        case "poison":
            project.poison(change.hash, change.poison)
        case "cure":
            project.cure(change.hash)
        case _:
            project.anonymous = change.anonymous
    return [str(change.id or change.hash)]
