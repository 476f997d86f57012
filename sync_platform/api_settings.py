"""Settings of the HTTP service; ``sync_platform.settings`` reads them as ``api``."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

JwtAlgorithm = Literal[
    "HS256", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
MIN_SECRET_BYTES = 32


class ApiSettings(BaseModel):
    """Who may come in, and how (SEC-01, SEC-20); how the service listens, and what it lets through (API-09, F-52)."""

    model_config = ConfigDict(extra="forbid")

    jwt_secret: SecretStr | None = Field(default=None, description="the identity provider's shared secret for HS256")
    jwks_url: str | None = Field(
        default=None, max_length=500, description="where the identity provider publishes its keys (JWKS), over https"
    )
    jwt_issuer: str | None = Field(default=None, min_length=1, max_length=500)
    jwt_audience: str = Field(default="authenticated", min_length=1, max_length=200)
    jwt_algorithms: tuple[JwtAlgorithm, ...] = Field(default=("RS256", "ES256", "HS256"), min_length=1)
    jwt_leeway: int = Field(default=30, ge=0, le=300)
    token_max_days: int = Field(default=180, ge=1, le=180)

    host: str = Field(default="127.0.0.1", min_length=1, max_length=253)
    port: int = Field(default=8080, ge=0, le=65535)
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="addresses or networks of reverse proxies whose X-Forwarded-For is believed"
    )
    hsts: bool = Field(
        default=False, description="whether a proxy in front speaks TLS: clients are told to stay with it"
    )
    cors_origins: tuple[str, ...] = Field(
        default=(), description="web pages that may call, such as https://app.example"
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="bearer token of GET /metrics; unset: it answers on loopback only"
    )
    writes_per_minute: int = Field(default=60, ge=1, le=1_000_000)
    reads_per_minute: int = Field(default=600, ge=1, le=1_000_000)
    failed_per_minute: int = Field(default=5, ge=1, le=1000)
    idempotency_hours: int = Field(default=24, ge=1, le=24 * 31)
    max_body_kib: int = Field(default=256, ge=1, le=16 * 1024)
    max_header_kib: int = Field(default=32, ge=4, le=256)
    max_connections: int = Field(default=1000, ge=10, le=100_000)
    slow_seconds: float = Field(
        default=30, ge=0.1, le=60, description="how long headers or a body may take to come, or an answer to be read"
    )
    slow_bytes_per_second: int = Field(
        default=1024, ge=1, le=10 * 1024 * 1024, description="a body that comes faster than this may take longer"
    )
    keep_alive_seconds: int = Field(default=30, ge=1, le=300)
    stop_seconds: int = Field(default=20, ge=1, le=300, description="how long requests may take to end at a stop")
    threads: int = Field(default=16, ge=1, le=200, description="requests that are worked on at once")
    fast_threads: int = Field(default=4, ge=1, le=50, description="threads kept for webhooks and events")
    database_wait: float = Field(
        default=2, ge=0, le=60, description="seconds that a request waits for a database that does not answer"
    )
    statement_timeout: float = Field(default=10, gt=0, le=300)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        """What cannot be checked is not let in: an issuer is needed, and a secret that cannot be guessed (RFC 7518)."""
        if (self.jwt_secret is not None or self.jwks_url is not None) and self.jwt_issuer is None:
            raise ValueError("jwt_issuer is needed with jwt_secret or jwks_url")
        if self.jwt_secret is not None and len(self.jwt_secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"jwt_secret has to have at least {MIN_SECRET_BYTES} bytes")
        return self
