"""How log lines look: one line per event, with its name, and neither secrets nor personal data (OPS-06, F-63)."""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from types import TracebackType
from typing import Any, TextIO
from uuid import UUID

import structlog

from sync_platform.core.redact import MASK, redact_mapping

MAX_TEXT = 500
#: A safety net below the rule that nobody logs them: by the end of the name, as with secrets.
_PERSONAL = re.compile(
    r"(^|_)(e?mail|phone|mobile|(first|last|full|middle|family|given|customer|display)_?name|birth(day|date)?|dob|street|"
    r"patient|person)$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s@,;:<>\"']+@[^\s@,;:<>\"']+\.[a-z]{2,}", re.IGNORECASE)
_TELEPHONE = re.compile(r"\+\d[\d ().-]{7,}\d")
_PLAIN = (UUID, date, Decimal, PurePath)

Event = MutableMapping[str, Any]


def log_json(stream: TextIO | None = None) -> None:
    """Let this process write each event as a line of JSON, also what libraries and dying threads have to say.

    To standard error unless a ``stream`` is given.
    """
    _configure(stream, structlog.processors.JSONRenderer(default=_shown))
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING, force=True)
    threading.excepthook = _thread_died
    sys.excepthook = _process_died


def log_plain(stream: TextIO | None = None) -> None:
    """The same for people who run a command: names and values in a line."""
    _configure(stream, structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True))


def _configure(stream: TextIO | None, renderer: Any) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _named,
            _without_traces,
            _clean,
            renderer,
        ],
        # looked up for each line: whoever captures standard error gets it
        logger_factory=lambda *_: structlog.PrintLogger(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def _named(_logger: Any, _method: str, event: Event) -> Event:
    """An event's name is one word, so that it can be searched for."""
    event["event"] = re.sub(r"[^a-z0-9.]+", "_", str(event.get("event", "")).lower()).strip("_")[:80]
    return event


def _without_traces(_logger: Any, _method: str, event: Event) -> Event:
    """Of an exception its class and place: its text and the values around it may be somebody's."""
    told = event.pop("exc_info", None)
    event.pop("stack_info", None)
    error = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event.setdefault("error", type(error).__name__)
        event.setdefault("place", _place(error.__traceback__))
    return event


def _clean(_logger: Any, _method: str, event: Event) -> Event:
    return {name: _value(name, value) for name, value in redact_mapping(event).items()}


def _value(name: str, value: Any) -> Any:
    if _PERSONAL.search(name) and value not in (None, ""):
        return MASK
    if isinstance(value, Mapping):
        return {str(key): _value(str(key), one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_value("", one) for one in value]
    if isinstance(value, str):
        return _TELEPHONE.sub(MASK, _ADDRESS.sub(MASK, value))[:MAX_TEXT]
    return value if value is None or isinstance(value, bool | int | float) else _shown(value)


def _shown(value: Any) -> str:
    """Of what is no plain value only the type: its text may say anything."""
    return str(value) if isinstance(value, _PLAIN) else f"({type(value).__name__})"


def _place(trace: TracebackType | None) -> str | None:
    frames = traceback.extract_tb(trace)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None


class _Library(logging.Handler):
    """What a library logs: the text as it is in its source, without the values that it would be filled with."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        structlog.get_logger(record.name).log(
            record.levelno, "library", logger=record.name, message=str(record.msg)[:MAX_TEXT], exc_info=record.exc_info
        )


def _thread_died(told: threading.ExceptHookArgs) -> None:
    structlog.get_logger("sync_platform").error(
        "thread_died", thread=told.thread.name if told.thread else None, exc_info=told.exc_value
    )


def _process_died(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    structlog.get_logger("sync_platform").error("process_died", exc_info=error)
