"""How the vendor says no: two shapes of error body exist and both are served."""

import msgspec

REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}


class Refusal(Exception):
    """An answer other than 200, raised where it is decided. ``field`` chooses the older body shape."""

    def __init__(
        self, status: int, message: str, *, field: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.field = status, message, field
        self.headers = headers or {}

    @property
    def body(self) -> bytes:
        """The error as JSON."""
        if self.field is not None:
            return msgspec.json.encode(
                {
                    "field": self.field,
                    "message": self.message,
                    "errorType": "com.fourtwenty.core.exceptions.BlazeInvalidArgException",
                    "references": None,
                }
            )
        reason = REASONS.get(self.status, "Error")
        return msgspec.json.encode({"error": reason, "message": self.message, "status": self.status})
