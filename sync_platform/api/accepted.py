"""The answer to what takes its time: 202, and where to look how far it is (API-03)."""

from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field

from sync_platform.db.run_request_row import RunRequest


class Accepted(BaseModel):
    """A request that waits for a worker."""

    run_id: UUID = Field(description="of the request; its runs in the ledger have numbers of their own")
    status_url: str = Field(description="how far it is; add /events for a stream")


def accepted(response: Response, run: RunRequest) -> Accepted:
    """Sets the status and ``Location`` as well."""
    address = f"/api/runs/{run.id}"
    response.status_code = 202
    response.headers["Location"] = address
    return Accepted(run_id=run.id, status_url=address)
