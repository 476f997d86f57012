"""Settings of the queue of requests; ``sync_platform.settings`` reads them as ``requests``."""

from pydantic import BaseModel, ConfigDict, Field


class RequestSettings(BaseModel):
    """How what was asked for over HTTP is worked off (API-03)."""

    model_config = ConfigDict(extra="forbid")

    workers: int = Field(default=4, ge=0, le=64, description="requests that one process works on at the same time")
    tenant_parallel: int = Field(default=2, ge=1, le=32, description="requests of one tenant that run at the same time")
    max_open: int = Field(default=50, ge=1, le=10_000, description="requests of one tenant that wait or run")
    lease_seconds: int = Field(
        default=30, ge=3, le=900, description="seconds after a worker's last sign of life until another takes over"
    )
    tries: int = Field(default=3, ge=1, le=20, description="workers that one request may cost before it is given up")
    busy_minutes: float = Field(
        default=30, gt=0, le=1440, description="minutes that a request waits for another writer of the same data"
    )
    keep_days: int = Field(default=30, ge=1, le=3650, description="days until a request that has ended is deleted")
    max_streams: int = Field(default=100, ge=1, le=10_000, description="open streams of progress of one process")
    waiting_work: bool = Field(
        default=True, description="whether files and events that wait are worked on as well; off where Dagster does it"
    )
