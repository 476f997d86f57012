"""schemathesis over the whole document: valid, invalid and real requests, and no answer that it does not tell of."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sync_platform.api.app import ROUTERS
from sync_platform.sync.permissions import SCOPES
from sync_platform_tests.api.conftest import MakePerson, MakeService, Token
from sync_platform_tests.api.listening import listening
from sync_platform_tests.api.role_things import Things
from sync_platform_tests.properties.effort import effort

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
GENEROUS = {"writes_per_minute": 1_000_000, "reads_per_minute": 1_000_000, "failed_per_minute": 1000}
#: Examples of one operation in each of three ways: 6 in a usual run, 5,000 and more with the profile ``full``.
SHORT, FULL = 3, 1700
TAGS = sorted({str(tag) for router in ROUTERS for tag in router.tags if tag != "metrics"})


class Fuzzed:
    """The service on a port, who may call it, and what there is to be named in paths."""

    def __init__(self, url: str, things: Things, who: list[dict[str, str]], document: dict[str, Any]) -> None:
        self.url, self.things, self.who = url, things, who
        self.session = requests.Session()
        self.session.trust_env = False
        self._schema = schemathesis.openapi.from_dict(document)

    def operations(self, tag: str) -> list[APIOperation]:
        """Those of one subject."""
        found = [result.ok() for result in self._schema.get_all_operations() if isinstance(result, Ok)]
        assert len(found) == len(list(self._schema.get_all_operations()))
        return [operation for operation in found if tag in (operation.tags or [])]

    def ways(self, operation: APIOperation) -> Iterator[tuple[GenerationMode, dict[str, Any], dict[str, str]]]:
        """Valid, invalid, and valid about what there is; with headers that are sent whatever is generated."""
        let_in = {"X-Tenant": self.things.tenant.slug, "X-Reason": "asked by the owner"}
        yield GenerationMode.POSITIVE, {}, let_in
        if operation.definition.raw.get("parameters") or operation.body:
            yield GenerationMode.NEGATIVE, {}, {}
        names = {one.name for one in operation.path_parameters}
        if known := {name: self.things.named(name) for name in names if self.things.has(name)}:
            yield GenerationMode.POSITIVE, {"path_parameters": known}, let_in


@pytest.fixture
def fuzzed(
    make_service: MakeService, database_url: str, grant: Callable[..., None], token: Token, person: MakePerson
) -> Iterator[Fuzzed]:
    service = make_service(api=GENEROUS, requests={"max_open": 10_000})
    owner = person("tenant_owner")
    things = Things(service, service.tenant, database_url, grant, token("imports.create"))
    things.add_profile(owner.id)
    with listening(service.platform) as live:
        yield Fuzzed(live.url, things, [owner.headers, token(*SCOPES)], service.app.openapi())


def test_every_operation_is_tried(make_service: MakeService) -> None:
    """API-08: each has a tag that is among those of the next test."""
    for path, methods in make_service().app.openapi()["paths"].items():
        for operation in methods.values():
            assert set(operation["tags"]) & set(TAGS), path


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("tag", TAGS)
def test_no_answer_is_a_fault_or_another_one_than_the_document_says(fuzzed: Fuzzed, tag: str) -> None:
    """API-08, F-59: as the tenant's owner and as a token with all scopes."""
    for operation in fuzzed.operations(tag):
        for mode, known, sent in fuzzed.ways(operation):
            try_out(fuzzed, operation.as_strategy(generation_mode=mode, **known), sent)


def try_out(fuzzed: Fuzzed, cases: st.SearchStrategy[schemathesis.Case], sent: dict[str, str]) -> None:
    """Requests of one kind, as both."""

    @effort(SHORT, FULL)
    @given(case=cases, who=st.sampled_from(fuzzed.who))
    def tried(case: schemathesis.Case, who: dict[str, str]) -> None:
        answer = case.call(base_url=fuzzed.url, session=fuzzed.session, headers=who | sent)
        case.validate_response(answer, checks=CHECKS)

    tried()
