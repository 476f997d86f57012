"""The page server as the bench sees it: what was asked of it, and changes at its shops."""

from dataclasses import dataclass
from typing import Any

import httpx

CONTROL = "/_sandbox"
PREFIX = "/api/v1/partner"


@dataclass(frozen=True)
class Source:
    """Asks the control interface of the stand-in at ``url``."""

    url: str

    def forget_requests(self) -> None:
        """Empty the journal, and with it every page that is kept."""
        self._ask("DELETE", "journal")

    def targets(self, shop: str) -> list[str]:
        """What was asked for a shop since the journal was emptied, in order: path and query."""
        entries = self._ask("GET", "journal", params={"shop": shop})
        return [PREFIX + entry["path"] + (f"?{entry['query']}" if entry["query"] else "") for entry in entries]

    def modify(self, shop: str, entity: str, count: int, seed: int) -> set[str]:
        """Change records of one entity; returns the ids of those that are different now."""
        made = self._ask(
            "POST",
            "change",
            json={
                "shop": shop,
                "action": "seeded",
                "entity": entity,
                "count": count,
                "seed": seed,
                "kinds": ["modify"],
            },
        )["changed"]
        return {change.split()[2] for change in made}

    def add_sales(self, shop: str, count: int) -> None:
        """Anonymous sales, rung up now."""
        self._ask("POST", "change", json={"shop": shop, "action": "add", "entity": "transactions", "count": count})

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        answer = httpx.request(method, f"{self.url}{CONTROL}/{path}", timeout=120, **arguments)
        answer.raise_for_status()
        return answer.json()
