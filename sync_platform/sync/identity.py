"""From what a request carries to somebody we know (SEC-01, SEC-20); whatever is wrong, with one answer (SEC-23)."""

import re

from sync_platform.core.errors import NotAuthenticated
from sync_platform.core.principal import Identity
from sync_platform.db.access import use_token
from sync_platform.sync.jwt_claims import person_of
from sync_platform.sync.platform import Platform
from sync_platform.sync.service_tokens import PREFIX, looks_like_token, token_hashes

MAX_TOKEN_CHARACTERS = 8192
_BEARER = re.compile(r"bearer ([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


def authenticate(platform: Platform, authorization: str | None) -> Identity:
    """Who sent this ``Authorization`` header. Raises NotAuthenticated for anything but a valid bearer token.

    Roles are never read from a token: what somebody may do is asked of our grants with every request (TEN-29).
    """
    if authorization is None or len(authorization) > MAX_TOKEN_CHARACTERS:
        raise NotAuthenticated
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise NotAuthenticated
    token = match[1]
    return _service(platform, token) if token.startswith(PREFIX) else person_of(platform, token)


def _service(platform: Platform, token: str) -> Identity:
    found = use_token(platform.database, token_hashes(platform, token)) if looks_like_token(token) else None
    if found is None:
        raise NotAuthenticated
    return Identity("service", str(found.id), found.tenant, found.scopes, found.expires_at)
