"""What stands around every call: breaker, budget and retries, in that order (HTTP-04 to HTTP-07, HTTP-10)."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sync_platform.core.errors import CircuitOpen, ContractBroken
from sync_platform.vendors.answer import Answer
from sync_platform.vendors.limits import HttpLimits
from sync_platform.vendors.ports import Breaker, CallBudget
from sync_platform.vendors.retry import Fault, RetryPolicy

T = TypeVar("T")


@dataclass(frozen=True)
class Guard:
    """Runs one logical call as the few real ones that the rules allow. ``clock`` is monotonic seconds."""

    limits: HttpLimits
    budget: CallBudget
    breaker: Breaker
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    rng: random.Random

    def run(
        self,
        endpoint: str,
        call: Callable[[float], Answer[T] | Fault],
        idempotent: bool,
        timeout_tries: int | None,
    ) -> Answer[T]:
        """``call`` gets the seconds it may take. An open breaker stops the retries of a running call as well (F-23)."""
        started, waited = self.clock(), 0.0
        last: Fault | None = None

        def elapsed() -> float:
            return self.clock() - started - waited

        def attempt() -> Answer[T] | Fault:
            nonlocal last, waited
            try:
                self.breaker.before_call()
            except CircuitOpen as error:
                # a broken answer says more than the breaker that it opened
                if last is not None and last.kind is ContractBroken:
                    return Fault(ContractBroken, "", stopped_by=last.error(endpoint, 1))
                return Fault(CircuitOpen, "", stopped_by=error)
            before = self.clock()
            self.budget.acquire()
            waited += self.clock() - before
            outcome = call(min(self.limits.answer_timeout, max(self.limits.retry_for - elapsed(), 0.001)))
            last = outcome if isinstance(outcome, Fault) else None
            # a 429 or any other refusal is an answer: the source is up
            if last is not None and last.outage:
                self.breaker.failure()
            else:
                self.breaker.success()
            return outcome

        policy = RetryPolicy[T](self.limits, self.sleep, self.rng)
        outcome, tries = policy.run(attempt, elapsed, idempotent, timeout_tries)
        if isinstance(outcome, Fault):
            raise outcome.error(endpoint, tries)
        return outcome
