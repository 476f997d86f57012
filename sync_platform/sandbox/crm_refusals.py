"""How a CRM says no: PostgREST's four fields behind a gateway that has its own words."""

import re

import msgspec

from sync_platform.sandbox.fault_answers import JSON, Outgoing
from sync_platform.sandbox.refusals import Refusal

PGRST_JSON = f"{JSON}; charset=utf-8"
CODE = re.compile(r"PGRST\w{3}|[0-9A-Z]{5}")
# what the gateway says by itself: no code, no details
GATEWAY = {
    401: "Invalid API key",
    402: "Service for this project is restricted",
    429: "API rate limit exceeded",
}
USUAL_CODES = {403: "42501", 404: "PGRST205", 500: "XX000", 503: "PGRST001", 504: "PGRST003"}


class PgrstRefusal(Refusal):
    """An error in PostgREST's form. ``code`` is PostgREST's own or PostgreSQL's."""

    def __init__(
        self, status: int, code: str, message: str, *, details: str | None = None, hint: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(status, message, field=code, headers=headers)
        self.details, self.hint = details, hint


class GatewayRefusal(Refusal):
    """An error of the gateway in front of PostgREST."""

    def __init__(self, status: int, message: str, hint: str | None = None) -> None:
        super().__init__(status, message)
        self.hint = hint


def write_refusal(refusal: Refusal) -> Outgoing:
    """The error as it goes out. A fault's ``field`` is taken for the code, where it looks like one."""
    code = refusal.field if refusal.field and CODE.fullmatch(refusal.field) else None
    if code is None and (isinstance(refusal, GatewayRefusal) or refusal.status in GATEWAY):
        own = isinstance(refusal, GatewayRefusal)
        body = {"message": refusal.message if own else GATEWAY[refusal.status]}
        hint = getattr(refusal, "hint", None)
        return Outgoing(
            refusal.status,
            msgspec.json.encode(body | ({"hint": hint} if hint else {})),
            {"Content-Type": JSON, **refusal.headers},
        )
    code = code or USUAL_CODES.get(refusal.status, "XX000")
    details, hint = getattr(refusal, "details", None), getattr(refusal, "hint", None)
    four = {"code": code, "message": refusal.message, "details": details, "hint": hint}
    headers = {"Content-Type": PGRST_JSON, "Proxy-Status": f"PostgREST; error={code}", **refusal.headers}
    return Outgoing(refusal.status, msgspec.json.encode(four), headers)


def unparsable(what: str, text: str, reason: str) -> PgrstRefusal:
    """A part of the address that PostgREST cannot read."""
    return PgrstRefusal(400, "PGRST100", f'"failed to parse {what} ({text})" (line 1, column 1)', details=reason)
