"""Keeps secrets and personal data out of everything that is shown (HTTP-08, SEC-24)."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
# by the end of the name: "partner_key" is a secret, "partner_key_header" says where it goes
SECRET_NAME = re.compile(
    r"(authorization|partner_key|x-api-key|api[_-]?keys?|secrets?|tokens?|passwords?|passwd|(^|_)pin|credentials?|"
    r"master_keys?|shop_key|consumer_key|cookie|dsn|(^|_)(database|dagster|webhook)_url)$",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^@\s/]+(?=@)", re.IGNORECASE)
_PAIR = re.compile(
    r"(?P<head>(?:authorization|partner_key|x-api-key|api[_-]?key|password|passwd|secret|token)"
    r"[\"']?\s*[:=]\s*[\"']?(?:bearer\s+)?)[^\s\"',;&]+",
    re.IGNORECASE,
)


def secret_name(name: str) -> bool:
    """Whether a setting or header of this name is never to be shown."""
    return SECRET_NAME.search(name) is not None


def redact_text(text: str) -> str:
    """Mask passwords in URLs and ``name=value`` pairs whose name sounds secret."""
    return _PAIR.sub(rf"\g<head>{MASK}", _URL_PASSWORD.sub(rf"\g<head>{MASK}", text))


def redact_mapping(values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy fit to be shown: secret names masked, other texts cleaned, nested mappings too."""
    shown: dict[str, Any] = {}
    for name, value in values.items():
        if secret_name(name):
            shown[name] = MASK if value not in (None, "") else value
        elif isinstance(value, Mapping):
            shown[name] = redact_mapping(value)
        else:
            shown[name] = redact_text(value) if isinstance(value, str) else value
    return shown


def masked(value: str | None) -> str | None:
    """A personal value as it may be shown: the first character and its length stay recognisable."""
    if not value:
        return value
    return f"{value[0]}{MASK}({len(value)})"
