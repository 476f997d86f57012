"""Brings purchase files over HTTP and looks at what became of them."""

from dataclasses import dataclass
from typing import Any

from httpx import Response

from sync_platform.sync.audit import read_audit
from sync_platform.sync.import_queue import run_waiting
from sync_platform_tests.api.conftest import Service

ALL = ("imports.create", "imports.read", "imports.cancel", "customers.read_pii")


@dataclass
class Importer:
    """A service of the tenant that may do everything with imports."""

    service: Service
    headers: dict[str, str]

    def send(self, content: bytes, headers: dict[str, str] | None = None, /, **fields: Any) -> Response:
        """A file and the fields of its form."""
        name = fields.pop("file_name", "march.csv")
        files = {"file": (name, content, "text/csv")}
        sent = {name: str(value) for name, value in fields.items()}
        return self.service.client.post(
            "/api/import/purchases", files=files, data=sent, headers=self.headers | (headers or {})
        )

    def get(self, path: str, **query: Any) -> Response:
        """Below /api/import."""
        return self.service.client.get(f"/api/import/{path}", params=query, headers=self.headers)

    def work(self) -> None:
        """Let a worker do what waits."""
        run_waiting(self.service.platform, self.service.tenant)

    def stored(self) -> int:
        """How many files there are."""
        folder = self.service.platform.settings.data_dir / "imports"
        return len(list(folder.iterdir())) if folder.exists() else 0

    def audited(self) -> list[str]:
        """Actions in the tenant's audit, newest first."""
        return [entry.action for entry in read_audit(self.service.platform, self.service.tenant.id)]
