"""What is done to every stand-in by the switches of its server, whatever it serves."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from sync_platform.sandbox.faults import Fault, FaultBook, FaultKind
from sync_platform.sandbox.record_drift import chosen
from sync_platform_tests.conformance.source import Failure, Record

KINDS: Mapping[str, FaultKind] = {
    "reset": "reset_during",
    "truncated": "truncated",
    "html": "html",
    "redirect": "redirect",
}


class FaultyStandIn(ABC):
    """By entity, ``paths`` are where its list is, ``numbers`` a field of its records that is a number."""

    def __init__(self, faults: FaultBook, paths: Mapping[str, str], numbers: Mapping[str, str]) -> None:
        self.faults, self.paths, self.numbers = faults, paths, numbers

    @abstractmethod
    def records(self, entity: str) -> dict[str, Record]: ...

    def leave_out(self, entity: str, field: str) -> set[str]:
        fault = Fault(kind="missing_field", path=self.paths[entity], field=field, share=0.2)
        self.faults.add(fault)
        return {key for key in self.records(entity) if chosen(key, fault)}

    def fail(self, entity: str, failure: Failure, times: int) -> None:
        path = self.paths[entity]
        if isinstance(failure, int):
            self.faults.add(Fault(kind="status", status=failure, path=path, times=times))
        else:
            self.faults.add(Fault(kind=KINDS[failure], path=path, times=times))

    def recover(self) -> None:
        self.faults.clear()

    def repeat_records(self, entity: str) -> None:
        path = self.paths[entity]
        self.faults.add(
            Fault(kind="duplicate_page", path=path, every=4, after=3, times=4),
            Fault(kind="changed_row", path=path, rows=1, every=4, after=3, times=4),
        )

    def drift(self, entity: str, after_pages: int) -> None:
        path, number = self.paths[entity], self.numbers[entity]
        self.faults.add(
            Fault(kind="extra_fields", path=path, share=1, after=after_pages),
            Fault(kind="number_as_text", path=path, field=number, share=1, after=after_pages),
        )

    def slow_down(self, seconds: float) -> None:
        self.faults.add(Fault(kind="latency", seconds=seconds))
