"""A text of the command line that has to be one of some."""

from collections.abc import Sequence
from typing import Any

from sync_platform.core.errors import InvalidRequest


def one_of(text: str, choices: Sequence[str], what: str, besides: str = "") -> Any:
    """The choice itself, for a Literal of these. Raises InvalidRequest, which names what can be said ``besides``."""
    for choice in choices:
        if choice == text:
            return choice
    raise InvalidRequest(f"there is no {what} {text[:40]!r}; use one of {', '.join(choices)}{besides}")
