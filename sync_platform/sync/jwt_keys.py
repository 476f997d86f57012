"""The keys that sign people's tokens: a shared secret, or a key set from a fixed address, fetched and kept (SEC-01)."""

import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sync_platform.core.errors import ConfigurationError, ContractBroken, SyncError, VendorUnavailable
from sync_platform.vendors.http import HttpLimits, VendorHttp

if TYPE_CHECKING:
    from sync_platform.sync.platform import Platform

#: Seconds: how long a key set is used without being asked for again, how long where the provider does not answer, and
#: the least time between two fetches, whatever key ids are asked for.
KEEP = 600.0
KEEP_UNANSWERED = 3600.0
FETCH_AGAIN = 60.0
_MAX_KEYS = 100
_MIN_RSA_BITS = 2048
_LIMITS = HttpLimits(connect_timeout=3, first_byte_timeout=5, answer_timeout=5, max_bytes=256 * 1024, tries=1)


@dataclass(frozen=True)
class SigningKey:
    """A public key and the only algorithms that it is for."""

    key: Any
    algorithms: frozenset[str]


class KeySet:
    """The identity provider's public keys by id. Shared by threads; one of them fetches, nobody waits for a known key.

    ``clock`` counts seconds. Keys are kept in memory only.
    """

    def __init__(self) -> None:
        self._keys: Mapping[str, SigningKey] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching = threading.Lock()

    def find(self, platform: "Platform", url: str, key_id: str) -> SigningKey | None:
        """The key of this id; None where the provider publishes none. Raises VendorUnavailable while there are no keys
        at all, ConfigurationError for an address that must not be asked.
        """
        now = platform.clock().timestamp()
        known = self._keys.get(key_id)
        if known is not None and 0 <= now - self._fetched_at < KEEP:
            return known
        # somebody who tries ids out neither makes us ask more often nor makes others wait
        if self._fetching.acquire(blocking=not self._keys):
            try:
                if not 0 <= now - self._tried_at < FETCH_AGAIN:
                    self._tried_at = now
                    self._fetch(platform, url, now)
            finally:
                self._fetching.release()
        if not self._keys or not 0 <= now - self._fetched_at < KEEP_UNANSWERED:
            raise VendorUnavailable(
                "the identity provider's key set cannot be fetched; nobody can sign in until it can"
            )
        return self._keys.get(key_id)

    def _fetch(self, platform: "Platform", url: str, now: float) -> None:
        try:
            self._keys = fetch_keys(platform, url)
        except ConfigurationError:
            raise
        except SyncError:
            return  # what is known stays in use for a while
        self._fetched_at = now


def fetch_keys(platform: "Platform", url: str) -> dict[str, SigningKey]:
    """Ask the provider once. Raises VendorUnavailable, ContractBroken, or ConfigurationError for a bad address."""
    parts = urlsplit(url)
    if parts.query or parts.fragment or not parts.path.strip("/"):
        raise ConfigurationError("the address of the key set has a path, and nothing after it")
    http = VendorHttp(
        base_url=f"{parts.scheme}://{parts.netloc}",
        headers={},
        allowed_hosts=frozenset({parts.hostname or ""}),
        limits=_LIMITS,
        budget=_Free(),
        breaker=_Free(),
        observe=_Free(),
        clock=time.monotonic,
        sleep=platform.sleep,
        wall_clock=platform.clock,
        rng=random.Random(),  # noqa: S311  jitter, not a secret
    )
    try:
        return http.get("jwks", parts.path, {}, read_keys).value
    finally:
        http.close()


def read_keys(body: bytes) -> dict[str, SigningKey]:
    """A key set (RFC 7517): public keys for signatures that have an id. Others are left out: secrets, weak keys.

    Raises ContractBroken for what is no key set.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    found = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(found, list) or len(found) > _MAX_KEYS:
        raise ContractBroken("the identity provider's key set is not a JSON object with a list of keys")
    usable = ((key.get("kid"), _signing_key(key)) for key in found if isinstance(key, dict))
    return {kid: key for kid, key in usable if isinstance(kid, str) and key is not None}


_BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA", "Ed448": "EdDSA"}
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})


def _signing_key(published: dict[str, Any]) -> SigningKey | None:
    kind, said = published.get("kty"), published.get("alg")
    fits = _RSA if kind == "RSA" else frozenset({_BY_CURVE.get(str(published.get("crv")), "")})
    if kind not in ("RSA", "EC", "OKP") or published.get("use", "sig") != "sig":
        return None
    allowed = fits if said is None else fits & {said}
    public = {name: value for name, value in published.items() if name not in ("d", "p", "q", "dp", "dq", "qi", "alg")}
    try:
        key = jwt.PyJWK(public, algorithm=min(allowed)).key if allowed - {""} else None
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if key is None or (isinstance(key, RSAPublicKey) and key.key_size < _MIN_RSA_BITS):
        return None
    return SigningKey(key, allowed)


class _Free:
    """No budget, no breaker and no counting: the key set asks at most once a minute by itself."""

    def acquire(self) -> None:
        """Go."""

    def before_call(self) -> None:
        """Go."""

    def success(self) -> None:
        """Nothing to remember."""

    def failure(self) -> None:
        """Nothing to remember."""

    def started(self, endpoint: str) -> None:
        """Not counted."""

    def ended(self, endpoint: str, status: str, body_bytes: int) -> None:
        """Not counted."""
