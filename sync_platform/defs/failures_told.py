"""What the platform reports by itself as the end of a run that a person launched."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import psycopg

from sync_platform.core.errors import SyncError
from sync_platform.db.connect import refusal


@contextmanager
def failures_told() -> Iterator[list[str]]:
    """Yields a list for reasons that belong to a failure. Trying the same again at once would not help."""
    reasons: list[str] = []
    try:
        yield reasons
    except SyncError as error:
        listed = {"reasons": dg.MetadataValue.md("\n".join(f"- {reason}" for reason in reasons))} if reasons else {}
        raise dg.Failure(str(error), metadata={"error": error.code, **listed}, allow_retries=False) from error
    except psycopg.Error as error:
        text = f"PostgreSQL: {refusal(error)}. What is done stays; launched again, the run goes on from there"
        raise dg.Failure(text, allow_retries=False) from None
