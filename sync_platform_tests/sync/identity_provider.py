"""An identity provider: signs tokens with a shared secret and with keys that it publishes over HTTP."""

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sync_platform.db.keys import KeyRing, new_master_key
from sync_platform.db.pool import Database
from sync_platform.settings import load_settings
from sync_platform.sync.platform import Platform

ISSUER = "https://identity.invented.example/auth/v1"
SECRET = "an invented secret of the identity provider, for tests only"
NOW = 1795199400  # the clock of the tests: 2026-11-20 18:30 UTC
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def claims(**changed: Any) -> dict[str, Any]:
    """What a good token says; a claim of None is left out."""
    said: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "authenticated",
        "sub": str(uuid4()),
        "iat": NOW - 60,
        "exp": NOW + 3600,
        "email": "ann@invented.example",
        "role": "authenticated",
        "app_metadata": {"role": "super_admin"},
        "user_metadata": {"role": "super_admin", "tenant_id": str(uuid4())},
    }
    return {name: value for name, value in (said | changed).items() if value is not None}


def signed(said: Mapping[str, Any] | None = None, key: Any = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    """A token as PyJWT makes it."""
    return jwt.encode(dict(said or claims()), key, algorithm=algorithm, headers=header or None)


def part(value: Any) -> str:
    """A part of a token: bytes as they are, anything else as JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def published(key: Any, key_id: str, **values: Any) -> dict[str, Any]:
    """A public key as a key set has it."""
    of = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**json.loads(of.to_jwk(key.public_key())), "kid": key_id, "use": "sig", **values}


class Provider:
    """Publishes ``keys``; counts how often it was asked. ``status`` other than 200: it is down."""

    def __init__(self) -> None:
        self.keys: list[Any] = [published(RSA_KEY, "rsa-1", alg="RS256"), published(EC_KEY, "ec-1", alg="ES256")]
        self.asked = 0
        self.status = 200
        self.url = ""

    def settings(self, **changed: Any) -> dict[str, Any]:
        """Settings of a service that trusts it."""
        return {"jwt_secret": SECRET, "jwks_url": self.url, "jwt_issuer": ISSUER} | changed


@contextmanager
def serving(provider: Provider) -> Iterator[Provider]:
    """The provider on loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked += 1
            body = json.dumps({"keys": provider.keys}).encode()
            self.send_response(provider.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_address[1]}/auth/v1/.well-known/jwks.json"
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serving(Provider()) as provider:
        yield provider


@pytest.fixture
def trusting(provider: Provider, clock: Callable[[], datetime], tmp_path: Path) -> Iterator[Platform]:
    """A platform that lets people of the provider in. Its database is not asked: a token says who."""
    settings = load_settings(data_dir=tmp_path, api=provider.settings(), _env_file=None)
    with Database("postgresql://nobody@127.0.0.1:1/none") as database:
        yield Platform(settings, database, KeyRing([new_master_key()]), {}, clock, lambda _: None)
