"""Cron texts that a person sets: what they may say, and how far apart their times can be (DAG-10)."""

import re
from datetime import timedelta

from sync_platform.core.errors import InvalidRequest

MEANING = (
    "cron has five fields in numbers: one minute, hours, days of the month up to 28, * for all months, days of the week"
    " from 0 (Sunday) to 6; days of only one kind, and at most once an hour; such as 30 3 * * *"
)
# Every month has a 28th: a time that never comes would look like one that has not come yet.
_HOURS, _DAYS, _WEEKDAYS = (0, 23), (1, 28), (0, 6)
_MINUTE = re.compile("[0-5]?[0-9]")
_PART = re.compile(r"(\*|(?P<low>[0-9]{1,2})(?P<range>-(?P<high>[0-9]{1,2}))?)(?P<step>/(?P<every>[0-9]{1,2}))?")


def check_cron(text: str) -> None:
    """Raises InvalidRequest for a text that this platform does not keep to."""
    fields = text.split(" ")
    # of days of both kinds some programs take each, and others those that are both
    good = len(fields) == 5 and _MINUTE.fullmatch(fields[0]) and fields[3] == "*" and "*" in (fields[2], fields[4])
    if not good or not all(map(_in_bounds, (fields[1], fields[2], fields[4]), (_HOURS, _DAYS, _WEEKDAYS))):
        raise InvalidRequest(MEANING)


def longest_pause(text: str) -> timedelta:
    """No two times of a checked text are further apart; most are closer."""
    _, _, day, _, weekday = text.split(" ")
    if weekday != "*":
        return timedelta(days=7)
    return timedelta(days=1) if day == "*" else timedelta(days=31)


def _in_bounds(field: str, bounds: tuple[int, int]) -> bool:
    parts = field.split(",")
    return (len(parts) == 1 or "*" not in field) and all(_part_in_bounds(part, *bounds) for part in parts)


def _part_in_bounds(part: str, least: int, most: int) -> bool:
    found = _PART.fullmatch(part)
    if found is None:
        return False
    low = int(found["low"] or least)
    high = int(found["high"] or (low if found["low"] else most))
    steps = found["step"] is None or (low < high and 1 <= int(found["every"]) <= high - low)
    return least <= low <= high <= most and steps
