"""A line of the log is one event: with its name, as JSON, without secrets and without people (OPS-06, F-63)."""

import ast
import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

import sync_platform
from sync_platform.core.logs import log_json, log_plain

LEVELS = ("debug", "info", "warning", "error", "critical", "exception")


@pytest.fixture(autouse=True)
def left_as_it_was() -> Iterator[None]:
    """Where logs go belongs to the whole process."""
    root = logging.getLogger()
    before = (structlog.get_config(), root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    yield
    config, handlers, level, sys.excepthook, threading.excepthook = before
    structlog.configure(**config)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    """Every line as JSON; a line break in a value would show here."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


@given(st.text(), st.dictionaries(st.text(max_size=20), st.text(), max_size=4))
def test_whatever_is_logged_is_one_line(text: str, nested: dict[str, str]) -> None:
    """F-63: line breaks of every alphabet, quotes and half characters stay inside of a value."""
    for start in (log_json, log_plain):
        out = io.StringIO()
        start(out)
        structlog.get_logger().warning("request", route=text, detail=nested, many=[text, nested])
        assert len(out.getvalue().splitlines()) == 1
        assert out.getvalue().endswith("\n")


@pytest.mark.parametrize(
    "end", ["\n", "\r", "\r\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x00", "%0d%0a"]
)
def test_nobody_writes_a_second_line(end: str) -> None:
    """F-63."""
    out = io.StringIO()
    log_json(out)
    forged = f'/x{end}{{"event": "sign_in", "actor": "user:1"}}'
    structlog.get_logger().info("request", route=forged, actor=forged)
    assert [(line["event"], line["route"]) for line in lines(out)] == [("request", forged)]


def test_secrets_and_people_are_masked_by_name_and_by_look() -> None:
    """SEC-24, OPS-06: a safety net; nobody is supposed to log them."""
    out = io.StringIO()
    log_json(out)
    structlog.get_logger().error(
        "refused",
        token="canary-1",
        authorization="Bearer canary-2",
        email="canary-3",
        profile={"first_name": "canary-4", "phone": "canary-5", "id": 7},
        reason="canary.six@example.org called from +1 (415) 555-0107 with password=canary-8",
        people=["canary.nine@example.org"],
        value=type("Customer", (), {"__repr__": lambda _: "canary-10"})(),
        run_id=UUID(int=5),
    )
    assert "canary" not in out.getvalue()
    told = lines(out)[0]
    assert (told["profile"]["id"], told["run_id"], told["value"]) == (7, str(UUID(int=5)), "(Customer)")
    assert "555" not in told["reason"]


def test_an_exception_is_told_by_class_and_place() -> None:
    """Its text may hold what somebody sent."""
    out = io.StringIO()
    log_json(out)
    try:
        int("canary\nof a customer")
    except ValueError as error:
        structlog.get_logger().exception("broke")
        structlog.get_logger().error("broke", exc_info=error)
    assert [line["error"] for line in lines(out)] == ["ValueError", "ValueError"]
    assert all(re.fullmatch(r"test_logs\.py:\d+", line["place"]) for line in lines(out))
    assert "canary" not in out.getvalue()


def test_libraries_and_dying_threads_write_such_lines_too() -> None:
    out = io.StringIO()
    log_json(out)
    logging.getLogger("some.library").warning("could not send %s", "canary")
    thread = threading.Thread(target=lambda: [][1], name="worker")
    thread.start()
    thread.join()
    first, second = lines(out)
    assert (first["event"], first["logger"], first["message"]) == ("library", "some.library", "could not send %s")
    assert (second["event"], second["thread"], second["error"]) == ("thread_died", "worker", "IndexError")


def test_what_is_bound_to_a_request_is_on_all_its_lines() -> None:
    """OPS-06."""
    out = io.StringIO()
    log_json(out)
    with structlog.contextvars.bound_contextvars(request_id="r-1", run_id=12):
        structlog.get_logger().info("Call budget alarm")
    told = lines(out)[0]
    assert (told["event"], told["request_id"], told["run_id"], told["level"]) == (
        "call_budget_alarm",
        "r-1",
        12,
        "info",
    )
    assert told["timestamp"].endswith("Z")


def test_every_event_of_the_platform_has_a_name_that_is_written_in_its_source() -> None:
    """OPS-06: names are neither put together nor do they hold values."""
    odd = []
    for path in sorted(Path(sync_platform.__file__).parent.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "structlog.get_logger" not in source or path.name == "logs.py":
            continue
        for node in ast.walk(ast.parse(source)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("log", "_log")):
                continue
            name = node.args[0] if node.args else None
            if not (isinstance(name, ast.Constant) and re.fullmatch(r"[a-z][a-z_ ]{2,40}", str(name.value))):
                odd.append(f"{path.name}:{node.lineno}")
    assert odd == []
