"""What a test of the command line calls, and what one command left behind."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What one command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The JSON document of ``--json``."""
        return json.loads(self.out)

    @property
    def everything(self) -> str:
        """All that a person or a log could have seen."""
        return self.out + self.err


Shell = Callable[..., Outcome]
