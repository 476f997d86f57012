"""The OpenAPI document says all that there is (API-08)."""

from fastapi.routing import APIRoute, iter_route_contexts

from sync_platform.api.caller import GuardedRoute, guard_of
from sync_platform.api.problems import MEDIA_TYPE
from sync_platform.sync.permissions import SCOPES

PUBLIC = {"/health", "/ready", "/webhooks/{source}/{token}"}
#: Answered alike by every endpoint: what cannot be read, is too large, comes too often, or is our own fault.
EVERYWHERE = {"400", "413", "422", "429", "500", "503"}
METHODS = {"get", "post", "put", "delete"}


def operations(service):
    document = service.client.get("/openapi.json").json()
    return {
        (method, path): operation
        for path, described in document["paths"].items()
        for method, operation in described.items()
        if method in METHODS
    }


def test_every_operation_is_named_described_and_has_its_errors(service):
    """API-08: also the statuses that the frame answers with."""
    found = operations(service)
    assert len({operation["operationId"] for operation in found.values()}) == len(found)
    for (method, path), operation in found.items():
        what = f"{method} {path}"
        assert operation["summary"], what
        assert operation["tags"], what
        assert set(operation["responses"]) >= EVERYWHERE, what
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert set(answer["content"]) == {MEDIA_TYPE}, f"{what} {status}"
        assert any(int(status) < 400 for status in operation["responses"]), what


def test_every_operation_but_the_public_ones_asks_who_it_is(service):
    """SEC-01: with a bearer token, and says what else it refuses."""
    for (method, path), operation in operations(service).items():
        if path in PUBLIC:
            assert "security" not in operation
            continue
        assert operation["security"] == [{"HTTPBearer": []}], path
        assert set(operation["responses"]) >= {"401", "403", "404"}, path
        headers = {given["name"] for given in operation["parameters"] if given["in"] == "header"}
        if method == "post":
            assert "Idempotency-Key" in headers, path
            assert "409" in operation["responses"], path


def test_every_guarded_route_lets_in_before_it_reads(service):
    """SEC-01: a body of somebody unknown is not looked at."""
    routes = [context.original_route for context in iter_route_contexts(service.app.routes)]
    guarded = [route for route in routes if isinstance(route, APIRoute) and guard_of(route.dependant)]
    assert len(guarded) > 20
    for route in guarded:
        assert isinstance(route, GuardedRoute), route.path


def test_every_parameter_and_body_has_bounds(service):
    """API-06: no text, number or list without an end."""
    document = service.client.get("/openapi.json").json()
    loose = []
    for path, described in document["paths"].items():
        for method, operation in described.items():
            for given in operation.get("parameters", []):
                where = f"{method} {path} {given['name']}"
                loose += [where for part in parts(document, given["schema"]) if unbounded(part)]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                for part in parts(document, content["schema"]):
                    if unbounded(part):
                        loose.append(f"{method} {path} {part.get('title')}")
    assert not loose


def parts(document, schema):
    """A schema and those that it is made of."""
    if "$ref" in schema:
        yield from parts(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        return
    yield schema
    for name in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(name, []):
            yield from parts(document, part)
    for part in (schema.get("items"), schema.get("additionalProperties"), *schema.get("properties", {}).values()):
        if isinstance(part, dict):
            yield from parts(document, part)


def unbounded(part):
    """Whether a text, number or list could be of any size."""
    if any(name in part for name in ("enum", "const", "format", "pattern", "$ref")):
        return False
    match part.get("type"):
        case "string":
            return "maxLength" not in part
        case "integer" | "number":
            return not ({"maximum", "exclusiveMaximum"} & set(part) and {"minimum", "exclusiveMinimum"} & set(part))
        case "array":
            return "maxItems" not in part
    return False


def test_scopes_of_the_document_are_scopes_of_tokens(service):
    """SEC-20: what a route for services asks for can be given to a token."""
    for context in iter_route_contexts(service.app.routes):
        route = context.original_route
        guard = guard_of(route.dependant) if isinstance(route, APIRoute) else None
        if guard is not None and guard.fast:
            assert set(guard.permissions) <= set(SCOPES)
