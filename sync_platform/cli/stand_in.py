"""What the demonstration asks of the stand-ins: their truth, and changes."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

SECONDS = 30


def ask_stand_in(address: str, change: Mapping[str, str] | None = None) -> Any:
    """The answer of our own stand-in, on loopback; with ``change`` after making it."""
    body = None if change is None else json.dumps(change).encode()
    request = Request(address, body, {"Content-Type": "application/json"})  # noqa: S310
    with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        return json.load(answer)
