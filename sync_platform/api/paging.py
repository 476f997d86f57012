"""Cursor paging (API-07): a cursor is opaque, and tells where the last page ended."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from sync_platform.api.problems import FieldProblem, Problem

DEFAULT, MOST = 50, 200
T = TypeVar("T")
R = TypeVar("R")


class Page(BaseModel, Generic[T]):
    """One page of a list, and the cursor of the next one."""

    items: list[T]
    next_cursor: str | None = Field(description="give it as cursor to get the next page; null on the last one")


@dataclass(frozen=True)
class PageAsked:
    """``after`` is the key of the last row of the page before, or None on the first page."""

    limit: int
    after: tuple[Any, ...] | None

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than shown tells whether there is another page."""
        return self.limit + 1

    def key(self, *kinds: type) -> tuple[Any, ...] | None:
        """``after``, if it has these types. Raises Problem 422 for a cursor of another list."""
        if self.after is None:
            return None
        if len(self.after) != len(kinds) or not all(
            type(part) is kind for part, kind in zip(self.after, kinds, strict=True)
        ):
            raise wrong_cursor()
        if any(type(part) is int and not -(2**63) <= part < 2**63 for part in self.after):
            raise wrong_cursor()
        return self.after


async def _asked(
    limit: Annotated[int, Query(ge=1, le=MOST, description="rows of a page")] = DEFAULT,
    cursor: Annotated[str | None, Query(max_length=500, description="next_cursor of the page before")] = None,
) -> PageAsked:
    return PageAsked(limit, key_of(cursor) if cursor else None)


#: The parameters ``limit`` and ``cursor`` of a list: ``paging: Paging``.
Paging = Annotated[PageAsked, Depends(_asked)]


def page_of(rows: Sequence[R], paging: PageAsked, key: Callable[[R], tuple[Any, ...]]) -> tuple[list[R], str | None]:
    """The rows to show and the cursor of the next page, out of up to ``paging.fetch`` rows.

    ``key`` gives of a row what the next page begins after: texts and whole numbers.
    """
    shown = list(rows[: paging.limit])
    return shown, cursor_of(key(shown[-1])) if len(rows) > paging.limit else None


def cursor_of(key: tuple[Any, ...]) -> str:
    """A key as a cursor."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def wrong_cursor() -> Problem:
    """422 for a cursor that no page of this list gave."""
    return Problem(
        422,
        "Wrong cursor",
        "the cursor is not one that this list gave; leave it out to begin anew",
        kind="wrong-cursor",
        errors=[FieldProblem(where="query/cursor", code="wrong_cursor", message="not a cursor of this list")],
    )


def key_of(cursor: str) -> tuple[Any, ...]:
    """The key in a cursor. Raises Problem 422."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise wrong_cursor() from None
    if not isinstance(key, list) or not all(type(part) in (str, int) for part in key):
        raise wrong_cursor()
    if any(isinstance(part, str) and "\x00" in part for part in key):
        raise wrong_cursor()
    return tuple(key)
