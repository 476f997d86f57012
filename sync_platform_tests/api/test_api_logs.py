"""What the service writes while it is attacked: one line per request, and nothing of what was sent (OPS-06, F-63)."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from sync_platform.core.logs import log_json
from sync_platform_tests.api.conftest import Person, Service

CANARY = "canary7391"
ENDS = (
    "\n",
    "\r\n",
    "%0a",
    "%0d%0a",
    "%E2%80%A8",
    "%C2%85",
    "%00",
    "\\n",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "'",
    '"',
    "../",
)
FORGED = '{"event": "request", "status": 200, "actor": "user:1"}'


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What ``serve`` would write to standard error."""
    root = logging.getLogger()
    before = (structlog.get_config(), root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    out = io.StringIO()
    log_json(out)
    yield out
    config, handlers, level, sys.excepthook, threading.excepthook = before
    structlog.configure(**config)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_request_is_one_line_and_none_holds_what_was_sent(
    service: Service, owner: Person, log: io.StringIO
) -> None:
    """F-63: in paths, parameters, headers and bodies; signed in or not."""
    asked = 0
    for end in ENDS:
        text = f"{CANARY}{end}{FORGED}"
        encoded = text.replace("\n", "%0a").replace("\r", "%0d")
        header = text.replace("\r", "").replace("\n", "")
        for headers in ({}, owner.headers):
            for method, path, more in (
                ("GET", f"/api/{encoded}", {}),
                ("GET", "/api/audit", {"params": {"action": text, "cursor": text}}),
                ("GET", "/health", {"headers": {"X-Request-Id": header, "User-Agent": header, "Referer": header}}),
                ("GET", "/api/audit", {"headers": {"X-Tenant": header, "X-Reason": header}}),
                ("POST", "/api/sync/manual", {"json": {"source": text, "email": f"{CANARY}@example.org"}}),
                ("POST", f"/webhooks/mx_merchant/{CANARY}", {"content": text.encode()}),
            ):
                sent: dict[str, Any] = dict(more)
                sent["headers"] = {**headers, **sent.get("headers", {})}
                answer = service.client.request(method, path, **sent)
                assert answer.status_code < 500
                asked += 1
    told = [line for line in lines(log) if line["event"] == "request"]
    assert len(told) == asked
    assert {"timestamp", "level", "request_id", "method", "route", "status", "ms"} <= set(told[0])
    assert CANARY not in log.getvalue()
    assert "jndi" not in log.getvalue()


def test_the_request_id_of_the_answer_is_in_the_line(service: Service, log: io.StringIO) -> None:
    """OPS-06: one that is no sane id is replaced."""
    for sent in ("trace-0123456789", "x", "a b", "<script>"):
        answer = service.client.get("/health", headers={"X-Request-Id": sent})
        assert lines(log)[-1]["request_id"] == answer.headers["x-request-id"]
    assert "script" not in log.getvalue()
    assert lines(log)[0]["request_id"] == "trace-0123456789"
