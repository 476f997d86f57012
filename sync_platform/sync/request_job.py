"""One request while a worker is at it: its parts, its progress, and whether it has to stop."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from sync_platform.core.tenant import Tenant
from sync_platform.db.run_request_row import Claim, RunRequest
from sync_platform.db.run_requests import keep_part
from sync_platform.sync.many import StopHere
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, Progress
from sync_platform.sync.request_arguments import Arguments
from sync_platform.sync.run_progress import Shown, Steps

A = TypeVar("A", bound=Arguments)


class Job:
    """``platform`` is the worker's, except that its ``stopping`` is set as well where this request is to be cancelled
    or was taken over."""

    def __init__(self, platform: Platform, tenant: Tenant, request: RunRequest, claim: Claim) -> None:
        self.stop = StopHere(platform.stopping)
        self.platform = replace(platform, stopping=self.stop)
        self.tenant, self.request, self.claim = tenant, request, claim
        self.steps = Steps(Shown(request.done, request.planned), request.records)
        self.stage = "starting"
        self._parts = dict(request.parts)

    @property
    def done_parts(self) -> list[dict[str, Any]]:
        """What is done for good so far."""
        return list(self._parts.values())

    def arguments(self, kind: type[A]) -> A:
        """What was asked for."""
        return kind.model_validate(self.request.arguments)

    def part(self, name: str, work: Callable[[OnProgress], dict[str, Any]]) -> dict[str, Any]:
        """What ``work`` returns, which is JSON; done once, however many workers the request costs."""
        if name not in self._parts:
            self.stage = name
            done = work(self._listener(name))
            keep_part(self.platform.database, self.claim, name, done)
            self._parts[name] = done
        self.steps.finish(name)
        return dict(self._parts[name])

    def _listener(self, part: str) -> OnProgress:
        def told(now: Progress) -> None:
            if now.planned is not None:
                self.steps.size(part, now.planned)
                self.steps.report(part, now.done)
            else:
                self.steps.count(part, now.entity, now.done)
                if now.entity == part:  # where it is known how many are wanted, these are steps
                    self.steps.report(part, now.done)

        return told
