"""The stand-in's own interface below ``/_sandbox/``: journal, faults, truth, changes. For tests and people."""

from typing import Generic
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.faults import Fault, FaultBook
from sync_platform.sandbox.journal import Journal
from sync_platform.sandbox.vendor import P, Vendor

CONTROL_PREFIX = "/_sandbox/"


class Control(Generic[P]):
    """Answers control requests. Loopback only, no keys, not in the journal."""

    def __init__(self, vendor: Vendor[P], faults: FaultBook, journal: Journal) -> None:
        self._vendor, self._faults, self._journal = vendor, faults, journal

    def answer(self, method: str, target: str, body: bytes) -> Outgoing:
        """One control request; mistakes come back as 400 or 404 with the reason."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        try:
            found = self._serve(method, parts.path.removeprefix(CONTROL_PREFIX), query, body)
        except KeyError as missing:
            return _json(404, {"error": f"unknown: {missing.args[0]}"})
        except (ValueError, msgspec.MsgspecError) as mistake:
            return _json(400, {"error": str(mistake)})
        return _json(200, found)

    def _serve(self, method: str, path: str, query: dict[str, str], body: bytes) -> object:
        match method, path:
            case "GET", "journal":
                return self._journal.entries(shop=query.get("shop"), endpoint=query.get("endpoint"))
            case "GET", "journal/counts":
                return self._journal.counts(shop=query.get("shop"))
            case "DELETE", "journal":
                self._journal.clear()
                return {"cleared": True}
            case "GET", "faults":
                return self._faults.listed()
            case "PUT", "faults":
                faults = msgspec.json.decode(body, type=list[Fault])
                self._faults.clear()
                self._faults.add(*faults)
                return self._faults.listed()
            case "DELETE", "faults":
                self._faults.clear()
                return []
            case "GET", "shops":
                return [self._vendor.outline(party) for party in self._vendor.parties.values()]
            case "GET", "truth":
                return self._vendor.parties[query["shop"]].truth(query["entity"])
            case "POST", "change":
                return {"changed": self._vendor.change(body)}
            case "GET", _:
                return self._vendor.control(path, query)
        raise KeyError(f"{method} {path}")


def _json(status: int, value: object) -> Outgoing:
    return Outgoing(status, msgspec.json.encode(value))
