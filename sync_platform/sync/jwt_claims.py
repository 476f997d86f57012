"""A JSON web token of the identity provider, taken apart and checked (SEC-01; RFC 7519, RFC 8725)."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt

from sync_platform.api_settings import ApiSettings
from sync_platform.core.errors import NotAuthenticated
from sync_platform.core.principal import Identity
from sync_platform.sync.platform import Platform

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: A header that brings its own key, names extensions or wraps something else is refused, not ignored.
_FOREIGN = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "cty", "zip", "enc", "b64"})
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_SHARED = "HS"
_LATEST = 253402300799  # the last second that has a date


def person_of(platform: Platform, token: str) -> Identity:
    """The person that a token speaks of. Raises NotAuthenticated for whatever is wrong, with nothing about what.

    Required are iss, aud, exp, iat and sub, a UUID; nbf is kept to where it is there. Roles in claims count nothing.
    """
    settings = platform.settings.api
    header, claims = _parts(token)
    algorithm = header.get("alg")
    if (
        algorithm not in settings.jwt_algorithms
        or not _FOREIGN.isdisjoint(header)
        or str(header.get("typ", "JWT")).lower() not in _TYPES
    ):
        raise NotAuthenticated
    key = _key(platform, settings, algorithm, header.get("kid"))
    try:
        jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=settings.jwt_audience,
            issuer=settings.jwt_issuer,
            # times are compared with our own clock below
            options={
                "require": ["iss", "aud", "exp", "iat", "sub"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError):
        raise NotAuthenticated from None
    expires = _in_time(claims, platform.clock().timestamp(), settings.jwt_leeway)
    subject, email = claims["sub"], claims.get("email")
    if not isinstance(subject, str) or not _UUID.fullmatch(subject) or UUID(subject).int == 0:
        raise NotAuthenticated
    if not isinstance(email, str) or not 3 <= len(email) <= 320 or claims.get("email_verified", True) is not True:
        email = None
    return Identity("user", subject, expires_at=expires, email=email.lower() if email else None)


def _parts(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    match = _COMPACT.fullmatch(token)
    if match is None:
        raise NotAuthenticated
    return _object(match[1]), _object(match[2])


def _object(encoded: str) -> Mapping[str, Any]:
    """A part as a JSON object in which no name is twice: two readers could take different ones."""
    try:
        text = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotAuthenticated from None
    if not isinstance(found, dict):
        raise NotAuthenticated
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(_constant: str) -> Any:
    raise ValueError


def _key(platform: Platform, settings: ApiSettings, algorithm: str, key_id: object) -> Any:
    """The one key for this algorithm: a shared secret never checks what a public key has to."""
    if algorithm.startswith(_SHARED):
        if settings.jwt_secret is None:
            raise NotAuthenticated
        return settings.jwt_secret.get_secret_value()
    if settings.jwks_url is None or not isinstance(key_id, str) or not 1 <= len(key_id) <= 200:
        raise NotAuthenticated
    found = platform.signing_keys.find(platform, settings.jwks_url, key_id)
    if found is None or algorithm not in found.algorithms:
        raise NotAuthenticated
    return found.key


def _in_time(claims: Mapping[str, Any], now: float, leeway: int) -> datetime:
    """When the token ends. Raises NotAuthenticated unless it is valid now."""
    exp, iat, nbf = (claims.get(name) for name in ("exp", "iat", "nbf"))
    for moment in (exp, iat, 0 if nbf is None else nbf):
        if isinstance(moment, bool) or not isinstance(moment, int | float) or not 0 <= moment <= _LATEST:
            raise NotAuthenticated
    assert isinstance(exp, int | float)
    assert isinstance(iat, int | float)
    if exp <= now - leeway or iat > now + leeway or (nbf is not None and nbf > now + leeway):
        raise NotAuthenticated
    return datetime.fromtimestamp(exp, UTC)
