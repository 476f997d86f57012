"""What an account at a source has to be like: its name, its secrets, and settings that are none (MX-01, SEC-21)."""

import re
from collections.abc import Mapping
from typing import Any

from sync_platform.core.cron_text import check_cron
from sync_platform.core.errors import InvalidRequest
from sync_platform.core.redact import redact_text, secret_name

#: What has to be known to call a source.
REQUIRED_SECRETS: dict[str, tuple[str, ...]] = {
    "blaze": ("partner_key", "shop_key"),
    "mx_merchant": ("consumer_key", "consumer_secret"),
    "crm": ("api_key",),
}
ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "blaze": ("production", "stage"),
    "mx_merchant": ("production", "sandbox"),
    "crm": ("production", "sandbox"),
}
#: What an account is called where the source itself has a name for it: MX-01, the merchant id.
_NAMES = {"mx_merchant": (re.compile("[1-9][0-9]{0,17}"), "the merchant id, a number")}
#: What an account has to be told besides its keys, and what such settings look like.
_REQUIRED_SETTINGS: dict[str, tuple[str, ...]] = {"crm": ("base_url",)}
_SETTING_FORMS = {"country": (re.compile("[A-Z]{2}"), "two capital letters, such as TH")}
MAX_SECRET = 4096


def check_account_name(source: str, environment: str, account: str) -> None:
    """Raises InvalidRequest for an unknown source or environment, and for a name that the source would not know."""
    if source not in REQUIRED_SECRETS:
        raise InvalidRequest(f"unknown source {source[:40]!r}; there is {', '.join(REQUIRED_SECRETS)}")
    if environment not in ENVIRONMENTS[source]:
        raise InvalidRequest(f"{source} has the environments {', '.join(ENVIRONMENTS[source])}")
    if not 1 <= len(account) <= 100 or not account.isprintable():
        raise InvalidRequest("an account's name has 1 to 100 printable characters")
    pattern, meaning = _NAMES.get(source, (None, ""))
    if pattern is not None and not pattern.fullmatch(account):
        raise InvalidRequest(f"an account of {source} is named by {meaning}")


def checked_secrets(source: str, secrets: Mapping[str, str]) -> dict[str, str]:
    """The secrets without surrounding blanks. A refusal names the secret and never quotes it."""
    required = REQUIRED_SECRETS[source]
    clean = {name: value.strip() for name, value in secrets.items()}
    wrong = [name for name in required if not clean.get(name)]
    if wrong or set(clean) - set(required):
        raise InvalidRequest(f"{source} needs exactly the secrets {', '.join(required)}, each not empty")
    for name, value in clean.items():
        if len(value) > MAX_SECRET or not (value.isascii() and value.isprintable()):
            raise InvalidRequest(f"{name} has characters that cannot be sent in a header, or too many")
    return clean


def check_settings(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """Raises InvalidRequest for a secret among the settings, also under a harmless name, and for a malformed one."""
    shown = [name for name, value in settings.items() if _looks_secret(name, value) or value in secrets.values()]
    if shown:
        raise InvalidRequest(f"{', '.join(sorted(shown))}: this is a secret, not a setting")
    for name, (form, meaning) in _SETTING_FORMS.items():
        if name in settings and not form.fullmatch(str(settings[name])):
            raise InvalidRequest(f"{name} is {meaning}")
    if settings.get("cron"):  # blank: the platform's time again
        check_cron(str(settings["cron"]))


def check_settings_whole(source: str, settings: Mapping[str, Any]) -> None:
    """Raises InvalidRequest where a setting is missing without which the source cannot be called."""
    missing = [name for name in _REQUIRED_SETTINGS.get(source, ()) if not settings.get(name)]
    if missing:
        raise InvalidRequest(f"an account of {source} needs the setting {', '.join(missing)}")


def _looks_secret(name: str, value: Any) -> bool:
    """An address is shown and holds no password; nothing else that is named like a secret is a setting."""
    return (name != "base_url" and secret_name(name)) or (isinstance(value, str) and redact_text(value) != value)
