"""The service on a private database, with tenants, tokens and people who may call it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import psycopg
import pytest
import structlog
from cryptography.fernet import Fernet
from fastapi import FastAPI
from httpx import Response
from starlette.testclient import TestClient

from sync_platform.api.app import build_app
from sync_platform.core.tenant import Tenant
from sync_platform.db.keys import KeyRing
from sync_platform.db.pool import Database
from sync_platform.settings import Settings, load_settings
from sync_platform.sync.platform import Platform, call_budgets
from sync_platform.sync.service_tokens import create_token

ISSUER = "https://identity.example/auth/v1"
SECRET = "invented-secret-of-an-identity-provider-0123456789"
PROBLEM_KEYS = {"type", "title", "status", "detail", "instance", "request_id", "errors"}


class MovableClock:
    """The real time, and what the test adds to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **by: float) -> None:
        """``forward(minutes=5)``."""
        self.ahead += timedelta(**by)


@dataclass(frozen=True)
class Service:
    """The application, a client of it, and two tenants of its database."""

    app: FastAPI
    client: TestClient
    platform: Platform
    tenant: Tenant
    other_tenant: Tenant
    clock: MovableClock


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in at the identity provider."""

    id: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request of this person carries."""
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load_settings(
        database_url=database_url,
        data_dir=tmp_path,
        master_keys=(Fernet.generate_key().decode(),),
        api={"jwt_secret": SECRET, "jwt_issuer": ISSUER},
        _env_file=None,
    )


MakePlatform = Callable[..., Platform]


@pytest.fixture
def make_platform(settings: Settings, database: Database, clock: MovableClock) -> MakePlatform:
    """``make_platform(api={"writes_per_minute": 2})``: the same database under other settings; never really sleeps."""

    def make(**overrides: dict[str, Any]) -> Platform:
        changed = {name: getattr(settings, name).model_copy(update=values) for name, values in overrides.items()}
        effective = settings.model_copy(update=changed)
        keyring = KeyRing.from_settings(effective)
        budgets = call_budgets(effective, database, keyring, lambda _: None)
        return Platform(effective, database, keyring, budgets, clock, lambda _: None)

    return make


@pytest.fixture
def platform(make_platform: MakePlatform) -> Platform:
    return make_platform()


MakeService = Callable[..., Service]


@pytest.fixture
def make_service(
    make_platform: MakePlatform, tenant: Tenant, other_tenant: Tenant, clock: MovableClock
) -> Iterator[MakeService]:
    """``make_service(api={"writes_per_minute": 2})``: the service under other settings."""
    clients: list[TestClient] = []

    def make(**overrides: dict[str, Any]) -> Service:
        platform = make_platform(**overrides)
        app = build_app(platform)
        client = TestClient(app, client=("192.0.2.7", 50000))
        client.__enter__()
        clients.append(client)
        return Service(app, client, platform, tenant, other_tenant, clock)

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def service(make_service: MakeService) -> Service:
    """The service with generous limits, as most tests want it."""
    return make_service(api={"writes_per_minute": 100_000, "reads_per_minute": 100_000})


Token = Callable[..., dict[str, str]]


@pytest.fixture
def token(platform: Platform, tenant: Tenant) -> Token:
    """``token("imports.create", tenant=other)``: headers of a service with a token of these scopes."""

    def make(*scopes: str, tenant: Tenant = tenant, days: int = 30) -> dict[str, str]:
        text, _ = create_token(platform, tenant, name=f"test {uuid4().hex[:8]}", scopes=scopes, days=days, actor="test")
        return {"Authorization": f"Bearer {text}"}

    return make


def signed(user: UUID, **claims: Any) -> str:
    """A JWT as the identity provider makes it; ``claims`` are put over the usual ones."""
    now = datetime.now(UTC)
    times = {"iat": now, "nbf": now - timedelta(seconds=1), "exp": now + timedelta(hours=1)}
    usual = {"sub": str(user), "iss": ISSUER, "aud": "authenticated", "role": "authenticated", **times}
    return jwt.encode({name: value for name, value in (usual | claims).items() if value is not None}, SECRET, "HS256")


@pytest.fixture
def grant(database_url: str, tenant: Tenant) -> Callable[..., None]:
    """``grant(user, "viewer")``: a grant at the tenant; roles of the platform are granted without one."""

    def make(
        user: UUID,
        role: str,
        tenant: Tenant = tenant,
        *,
        extra: tuple[str, ...] = (),
        denied: tuple[str, ...] = (),
        tenants: tuple[Tenant, ...] | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        at = None if role in ("super_admin", "investor") else tenant.id
        of = None if tenants is None else [one.id for one in tenants]
        with psycopg.connect(database_url) as connection:  # the administrator: a grant of the platform is no tenant's
            connection.execute(
                "insert into platform.user_tenant_permissions (user_id, tenant_id, role, extra_permissions,"
                " denied_permissions, tenants, granted_by, expires_at) values (%s, %s, %s, %s, %s, %s, 'test', %s)",
                (user, at, role, list(extra), list(denied), of, expires_at),
            )

    return make


MakePerson = Callable[..., Person]


@pytest.fixture
def person(grant: Callable[..., None]) -> MakePerson:
    """``person("viewer", tenant=other)``: somebody with this role; ``person(None)``: somebody without any."""

    def make(role: str | None, **how: Any) -> Person:
        user = uuid4()
        if role is not None:
            grant(user, role, **how)
        return Person(user, signed(user))

    return make


@pytest.fixture
def owner(person: MakePerson) -> Person:
    """The tenant's owner."""
    return person("tenant_owner")


ProblemOf = Callable[..., dict[str, Any]]


@pytest.fixture
def problem() -> ProblemOf:
    """``problem(response, 422, "invalid-request")``: the body of an error of this status and kind (API-02)."""

    def check(response: Response, status: int, kind: str | None = None) -> dict[str, Any]:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        body: dict[str, Any] = response.json()
        assert set(body) == PROBLEM_KEYS
        assert body["status"] == status
        assert body["title"]
        assert body["request_id"] == response.headers["x-request-id"]
        if kind is not None:
            assert body["type"] == f"urn:sync-platform:problem:{kind}"
        return body

    return check


@pytest.fixture
def run_as_administrator(database_url: str) -> Callable[[str], None]:
    """One statement, whatever roles and row security say."""

    def run(statement: str) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(statement)

    return run


@pytest.fixture
def log_lines() -> Iterator[list[Any]]:
    """What is logged while the test runs."""
    with structlog.testing.capture_logs() as lines:
        yield lines
