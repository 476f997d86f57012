"""Every operation of the document, as everybody, at the own and a foreign tenant, for own and foreign things (F-60)."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import iter_route_contexts

from sync_platform_tests.api.conftest import MakePerson, MakeService, Person, Service, Token, signed
from sync_platform_tests.api.role_matrix import CASES, PEOPLE_ONLY, PUBLIC, ROLES, SIGNED_IN, Case
from sync_platform_tests.api.role_things import Things

GENEROUS = {"writes_per_minute": 1_000_000, "reads_per_minute": 1_000_000}
TENANT_SCOPES = frozenset().union(*(case.permissions for case in CASES)) - PEOPLE_ONLY


@dataclass
class World:
    """Two tenants with one thing of each kind, and the operations of the document."""

    service: Service
    own: Things
    foreign: Things
    operations: dict[str, tuple[str, str]]

    def call(self, case: Case, at: Things, thing: Things, headers: dict[str, str]) -> int:
        """The status of the answer."""
        method, template = self.operations[case.operation]
        names = case.path | ({case.thing: thing.named(case.thing)} if case.thing else {})
        sent: dict[str, Any] = dict(case.sent)
        if "json" in sent:
            body = {k: v.format(tenant=at.tenant.slug) if v == "{tenant}" else v for k, v in sent["json"].items()}
            sent["json"] = body
        sent["headers"] = sent.get("headers", {}) | headers
        return self.service.client.request(method, template.format(**names), **sent).status_code


def operations_of(service: Service) -> dict[str, tuple[str, str]]:
    document = service.app.openapi()
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@pytest.fixture
def world(make_service: MakeService, database_url: str, grant: Callable[..., None], token: Token) -> World:
    service = make_service(api=GENEROUS, requests={"max_open": 10_000})
    own, foreign = (
        Things(service, tenant, database_url, grant, token("imports.create", tenant=tenant))
        for tenant in (service.tenant, service.other_tenant)
    )
    return World(service, own, foreign, operations_of(service))


def label(case: Case, who: str, where: str) -> str:
    return f"{case.operation} {case.sent.get('json', case.sent.get('params', ''))} as {who} {where}"


def test_the_table_has_every_operation_of_the_document_and_no_other(make_service: MakeService) -> None:
    """F-60: a route that is added has to be judged here; what is not in the document is named here as well."""
    service = make_service()
    assert {case.operation for case in CASES} == set(operations_of(service))
    described = {path for _, path in operations_of(service).values()}
    hidden = {
        str(getattr(context.original_route, "path", context.original_route))
        for context in iter_route_contexts(service.app.routes)
    } - described
    assert hidden == {"/metrics", "/openapi.json"}


def people(person: MakePerson, world: World) -> dict[str, Person | None]:
    """Somebody of each role at the own tenant, somebody without any, and nobody."""
    found = {role: person(role, **({"tenants": (world.own.tenant,)} if role == "investor" else {})) for role in ROLES}
    for somebody in found.values():
        world.own.add_profile(somebody.id)
        world.foreign.add_profile(somebody.id)
    stranger = uuid4()
    return {**found, "stranger": Person(stranger, signed(stranger)), "nobody": None}


def of_people(case: Case, who: str, where: str) -> tuple[int, ...]:
    """What TEN-22 says, and TEN-28: a super administrator has all tenants."""
    if case.needs == PUBLIC:
        return case.admitted
    if who == "nobody":
        return (401,)
    if case.needs == SIGNED_IN:
        return case.admitted
    if where == "foreign tenant" and who != "super_admin":
        return (404,)
    if who == "stranger":
        return (403,)
    return case.expected(case.given_to(who), case.lets_in(who), foreign_thing=where == "foreign thing")


def test_people_do_what_their_role_may_and_nothing_else(world: World, person: MakePerson) -> None:
    """F-60, TEN-20, TEN-22, TEN-28: 0 deviations, and 0 answers that are a fault of the service."""
    deviations = []
    for (who, somebody), case in product(people(person, world).items(), CASES):
        for where in ("own", "foreign tenant", *(["foreign thing"] if case.thing else [])):
            at = world.foreign if where == "foreign tenant" else world.own
            thing = world.own if where == "own" else world.foreign
            headers = dict(somebody.headers) if somebody else {}
            if who == "super_admin" or where == "foreign tenant":
                headers |= {"X-Tenant": at.tenant.slug, "X-Reason": "asked by the owner"}
            status = world.call(case, at, thing, headers)
            wanted = of_people(case, who, where)
            if status not in wanted:
                deviations.append(f"{label(case, who, where)}: {status} and not {wanted}")
    assert not deviations, "\n".join(deviations)


def test_service_tokens_do_what_their_scopes_are_and_nothing_else(world: World, token: Token) -> None:
    """F-60, SEC-20: one with the very scopes, one with all others, one that lacks one, and one of another tenant."""
    made: dict[frozenset[str], dict[str, str]] = {}
    deviations = []
    for case in (case for case in CASES if case.needs not in (PUBLIC, SIGNED_IN)):
        exact = case.permissions - PEOPLE_ONLY
        lacking = [exact - {one} for one in case.permissions if len(exact - {one}) > 0]
        for scopes in {exact, TENANT_SCOPES - exact, *lacking} - {frozenset()}:
            made.setdefault(scopes, token(*scopes) if scopes not in made else {})
            granted, lets_in = scopes >= case.permissions, bool(scopes & set(case.own.split()))
            for where in ("own", "foreign tenant", *(["foreign thing"] if case.thing else [])):
                headers = made[scopes] | ({"X-Tenant": world.foreign.tenant.slug} if where == "foreign tenant" else {})
                status = world.call(case, world.own, world.own if where == "own" else world.foreign, headers)
                wanted: tuple[int, ...] = (404,)
                if where != "foreign tenant":
                    wanted = case.expected(granted, lets_in, foreign_thing=where == "foreign thing")
                if where == "foreign thing" and scopes < case.permissions:
                    wanted = (
                        403,
                        404,
                    )  # let in by one of them, and told that there is nothing before that it lacks one
                if status not in wanted:
                    deviations.append(f"{label(case, str(sorted(scopes)), where)}: {status} and not {wanted}")
    assert not deviations, "\n".join(deviations)
