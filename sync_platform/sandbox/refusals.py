"""A refusal on its way to the client; each vendor has its own way of writing one."""


class Refusal(Exception):
    """An answer other than 200, raised where it is decided. ``field`` is the argument that is wrong."""

    def __init__(
        self, status: int, message: str, *, field: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.field = status, message, field
        self.headers = headers or {}
