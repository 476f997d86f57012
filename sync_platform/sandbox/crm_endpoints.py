"""What each path of the CRM answers: two tables, read only, and one function."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.crm_columns import CUSTOMER_COLUMNS, TEXT, package_columns
from sync_platform.sandbox.crm_pages import OBJECT, CrmPage
from sync_platform.sandbox.crm_project import CRM_ENTITIES, CrmProject
from sync_platform.sandbox.crm_query import ReadQuery, read_query
from sync_platform.sandbox.crm_ranges import span, status_and_range
from sync_platform.sandbox.crm_reading import Table, found_rows, ordered, projection
from sync_platform.sandbox.crm_refusals import PgrstRefusal
from sync_platform.sandbox.request import Request

FUNCTION, ARGUMENT = "get_packages_by_hash_id", "p_stable_hash_id"
READING = ("GET", "HEAD")
JSON_KINDS = ("application/json", "application/*", "*/*", "")
COUNT = re.compile(r"count=(exact|planned|estimated)")


@dataclass(frozen=True)
class CrmRules:
    """What a project can have set otherwise. ``max_rows``: the silent cap; ``None`` for none, as a bare PostgREST.

    ``schemas`` are the exposed ones, the tables being in the first. ``planner_share``: what part of the true count
    the planner believes in.
    """

    max_rows: int | None = 1000
    schemas: tuple[str, ...] = ("public", "graphql_public")
    planner_share: float = 0.97


class CrmEndpoints:
    """The endpoints. ``template`` names the endpoint of a path, ``answer`` serves it."""

    def __init__(self, rules: CrmRules) -> None:
        self._rules = rules

    def template(self, path: str) -> str:
        """The endpoint a path belongs to, whether or not there is such a table or function."""
        parts = path.strip("/").split("/")
        if parts[0] == "rpc" and len(parts) == 2:
            return f"/rpc/{parts[1]}" if parts[1] == FUNCTION else "/rpc/{function}"
        return path if path.strip("/") in CRM_ENTITIES else "/{table}"

    def answer(self, project: CrmProject, request: Request) -> CrmPage:
        """A result. Raises ``PgrstRefusal``."""
        parts = request.path.strip("/").split("/")
        rpc = parts[0] == "rpc" and len(parts) == 2
        if not rpc and (len(parts) != 1 or not parts[0]):
            raise PgrstRefusal(404, "PGRST125", "Invalid path specified in request URL")
        anonymous = _anonymous(project, request.headers)
        self._schema(request, rpc=rpc)
        query = read_query(request.query_text, function=rpc)
        if rpc:
            table = self._called(project, request, query, parts[1], anonymous=anonymous)
        else:
            table = self._table(project, request, parts[0], anonymous=anonymous)
        if project.failing and table.name != "customers":
            _fail(project, request)
        return self._read(table, request, query)

    def _read(self, table: Table, request: Request, query: ReadQuery) -> CrmPage:
        level, headers, most = query.level(), request.headers, self._rules.max_rows
        single = _wanted(headers) == OBJECT
        asked = span(level, request.method, headers)
        page, show = asked.capped(most), projection(table, query, most)
        found = found_rows(table, query)
        rows = ordered(found, level.order, table, page)
        counted = COUNT.search(headers.get("prefer", ""))
        total = self._counted(len(rows), counted[1] if counted else "exact")
        limit = len(rows) if page.limit is None else page.limit
        if counted and not single:
            status_and_range(page.offset, 0, total)

        def chosen(skip: int, count: int) -> list[bytes]:
            return [show(row) for row in rows[skip : skip + count]]

        applied = {"Preference-Applied": counted[0]} if counted else {}
        return CrmPage(chosen, page.offset, limit, total, counted is not None, single, applied)

    def _counted(self, total: int, how: str) -> int:
        """``planned`` is the planner's belief; ``estimated`` is exact up to the row cap, and that belief above it."""
        belief = int(total * self._rules.planner_share)
        if how == "planned":
            return belief
        if how == "estimated" and total > (self._rules.max_rows or total):
            return max(belief, self._rules.max_rows or 0)
        return total

    # --- what is read ---------------------------------------------------------------------------------

    def _schema(self, request: Request, *, rpc: bool) -> None:
        name = "accept-profile" if request.method in READING else "content-profile"
        asked = request.headers.get(name, self._rules.schemas[0])
        if asked not in self._rules.schemas:
            hint = f"Only the following schemas are exposed: {', '.join(self._rules.schemas)}"
            raise PgrstRefusal(406, "PGRST106", f"Invalid schema: {asked}", hint=hint)
        if asked != self._rules.schemas[0]:
            path = request.path.strip("/").removeprefix("rpc/")
            raise _no_function(path, (), asked) if rpc else _no_table(path, asked)

    def _table(self, project: CrmProject, request: Request, name: str, *, anonymous: bool) -> Table:
        if name not in CRM_ENTITIES:
            raise _no_table(name, self._rules.schemas[0])
        if request.method not in (*READING, "POST", "PATCH", "PUT", "DELETE"):
            raise PgrstRefusal(405, "PGRST117", f"Unsupported HTTP method: {request.method}")
        if request.method not in READING or (anonymous and project.anonymous == "denied"):
            raise PgrstRefusal(401 if anonymous else 403, "42501", f"permission denied for table {name}")
        hidden = anonymous and project.anonymous == "hidden"
        packages = Table("packages", package_columns(project.spec.package_ids), [] if hidden else project.packages, {})
        if name == "packages":
            return packages
        joins = {"packages": ("stable_hash_id", packages)}
        return Table(name, CUSTOMER_COLUMNS, [] if hidden else project.customers, joins)

    def _called(self, project: CrmProject, request: Request, query: ReadQuery, name: str, *, anonymous: bool) -> Table:
        if request.method not in (*READING, "POST"):
            raise PgrstRefusal(405, "PGRST101", f"Cannot use the {request.method} method on RPC")
        given: dict[str, Any] = query.arguments if request.method in READING else _arguments(request)
        if name != FUNCTION or set(given) != {ARGUMENT}:
            raise _no_function(name, sorted(given), self._rules.schemas[0])
        if anonymous and project.anonymous == "denied":
            raise PgrstRefusal(401, "42501", f"permission denied for function {name}")
        wanted = given[ARGUMENT]
        hidden = wanted is None or (anonymous and project.anonymous == "hidden")
        rows = [] if hidden else [_returned(row) for row in project.packages.of(str(wanted))]
        columns = {**package_columns(project.spec.package_ids), "crm_package_id": TEXT}
        return Table(name, columns, rows, {})


def _returned(row: Record) -> Record:
    """The function gives the id as a text as well."""
    return row | {"crm_package_id": str(row["id"])}


def _anonymous(project: CrmProject, headers: Mapping[str, str]) -> bool:
    """Whether the role is the anonymous one. Raises ``PgrstRefusal`` for a token that is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if not token or scheme.lower() != "bearer" or token == project.spec.public_key:
        return True
    if token != project.spec.api_key:
        raise PgrstRefusal(401, "PGRST301", "JWSError JWSInvalidSignature")
    return False


def _wanted(headers: Mapping[str, str]) -> str:
    """The kind of answer. Raises ``PgrstRefusal`` where none of the asked ones can be given."""
    asked = [one.partition(";")[0].strip() for one in headers.get("accept", "*/*").split(",")]
    for one in asked:
        if one == OBJECT or one in JSON_KINDS:
            return one
    raise PgrstRefusal(406, "PGRST107", f"None of these media types are available: {', '.join(asked)}")


def _arguments(request: Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
    except msgspec.MsgspecError:
        raise PgrstRefusal(400, "PGRST102", "Empty or invalid json") from None


def _fail(project: CrmProject, request: Request) -> None:
    """500 for a call that names a customer about whom nothing can be answered."""
    said = request.query_text + request.body.decode("utf-8", "replace")
    if any(one in said for one in project.failing):
        raise PgrstRefusal(500, "XX000", "could not read block 17 in file: read only 0 of 8192 bytes")


def _no_table(name: str, schema: str) -> PgrstRefusal:
    return PgrstRefusal(404, "PGRST205", f"Could not find the table '{schema}.{name}' in the schema cache")


def _no_function(name: str, given: Any, schema: str) -> PgrstRefusal:
    words = f" with parameter{'s' if len(given) > 1 else ''} {', '.join(given)}" if given else " without parameters"
    listed = f"({', '.join(given)})" if given else " without parameters"
    return PgrstRefusal(
        404,
        "PGRST202",
        f"Could not find the function {schema}.{name}{listed} in the schema cache",
        details=f"Searched for the function {schema}.{name}{words}, but no matches were found in the schema cache.",
    )
