"""Where a client may talk to, and with which headers: checked once, before any secret is sent (HTTP-01, HTTP-08)."""

import binascii
import ipaddress
import re
from base64 import b64decode
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlsplit

from sync_platform.core.errors import ConfigurationError, InvalidRequest

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, the only one spoken to without TLS."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_origin(base_url: str, allowed_hosts: Iterable[str]) -> str:
    """``scheme://host[:port]`` of a base URL. Raises ConfigurationError for any other host, plain HTTP or extras."""
    try:
        parts = urlsplit(base_url)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ConfigurationError("the base URL of the source cannot be read") from None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("the base URL of the source must not carry credentials")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError("the base URL of the source ends after the host")
    if host not in {allowed.lower() for allowed in allowed_hosts}:
        raise ConfigurationError(f"host {host!r} is not in the list of allowed hosts")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ConfigurationError(f"host {host!r} must be called over https")
    return f"{parts.scheme}://{parts.netloc}"


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they are. Raises ConfigurationError, without the value, for what a header cannot carry.

    The HTTP library would refuse such a value too, and quote the secret in its message.
    """
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ConfigurationError(f"header {name!r} is empty or has characters that a header cannot carry")
    return dict(headers)


def with_headers(own: Mapping[str, str], more: Mapping[str, str], keys: Collection[str]) -> dict[str, str]:
    """A client's headers and those of one request, which come first. Raises ConfigurationError where one of these
    would replace a header of ``keys``, lower-case names."""
    names = {name.lower() for name in checked_headers(more)}
    if names.intersection(keys):
        raise ConfigurationError("a header of a single request must not replace the client's keys")
    return {name: value for name, value in own.items() if name.lower() not in names} | dict(more)


def secrets_in(headers: Mapping[str, str]) -> list[str]:
    """Texts that a message must not repeat: the values, and key and secret inside one of Basic authentication."""
    found = list(headers.values())
    for value in headers.values():
        scheme, _, pair = value.partition(" ")
        if scheme.lower() == "basic":
            try:
                found += [pair, *b64decode(pair).decode("utf-8", "replace").split(":", 1)]
            except binascii.Error:
                continue  # the value itself is among them
    return [text for text in found if len(text) > 3]


def checked_path(path: str) -> str:
    """A path that stays where it is: absolute, quoted, without empty or dot segments."""
    segments = path.replace("%2e", ".").replace("%2E", ".").split("/")
    if not _PATH.fullmatch(path) or any(segment in (".", "..") for segment in segments):
        raise InvalidRequest("the request path is not a plain quoted path")
    return path
