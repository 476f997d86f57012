"""Filters as PostgREST reads them in a query string, and lists of values that fit into one address."""

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from sync_platform.core.errors import InvalidRequest

# reserved by the documents; quotes, backslashes and blanks are the ones that would change a list without a word
_PLAIN = re.compile(r"[^\s,.:()\"\\{}]+")


def in_list(values: Sequence[str]) -> str:
    """``in.(...)``, with quotes where a value has a reserved character or is blank. Encoding is left to the client."""
    return f"in.({','.join(_quoted(value) for value in values)})"


def url_bytes(path: str, params: Mapping[str, str]) -> int:
    """Length of path and query as they are sent, or a little more."""
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params.items())
    return len(path) + 1 + len(query)


def in_lists(values: Sequence[str], most: int, most_bytes: int) -> Iterator[list[str]]:
    """The distinct values in their order, at most ``most`` at a time and ``most_bytes`` of an encoded filter.

    Raises InvalidRequest, without the value, for one that does not fit in by itself.
    """
    part: list[str] = []
    empty = len(quote(in_list([]), safe=""))
    room = most_bytes - empty
    for value in dict.fromkeys(values):
        size = len(quote(_quoted(value) + ",", safe=""))
        if size > most_bytes - empty:
            raise InvalidRequest(f"a value of {len(value)} characters is too long to ask for")
        if part and (len(part) >= most or size > room):
            yield part
            part, room = [], most_bytes - empty
        part.append(value)
        room -= size
    if part:
        yield part


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
