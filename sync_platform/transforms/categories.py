"""A tenant's ordered rules that turn the name of a product into a category (MX-11)."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import regex

from sync_platform.core.errors import InvalidRequest

UNCATEGORIZED = "Uncategorized"
# seconds for all patterns of all rules on one name (F-64)
TIME_LIMIT = 0.05
MAX_PATTERN = 500
MAX_CATEGORY = 200
# a product's name is short; what is longer is compared by its beginning
MAX_NAME = 1_000

RuleKind = Literal["exact", "prefix", "contains", "regex"]
KINDS: tuple[str, ...] = get_args(RuleKind)

Matcher = Callable[[str, str, float], bool]
"""Takes a name, the name folded, and the seconds that are left."""


@dataclass(frozen=True)
class Rule:
    """``pattern`` is compared without regard to case. Rules are asked in the order of ``position``."""

    position: int
    kind: RuleKind
    pattern: str
    category: str


@dataclass(frozen=True)
class Categorised:
    """``rule`` is the position of the rule that hit; ``timed_out`` of those that took too long and count as no hit."""

    category: str
    rule: int | None = None
    timed_out: tuple[int, ...] = ()


class CategoryRules:
    """Checked and compiled rules. ``clock`` is monotonic seconds.

    Raises InvalidRequest, naming the rule, for one that cannot be used.
    """

    def __init__(
        self, rules: Iterable[Rule], time_limit: float = TIME_LIMIT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.position))
        self._limit, self._clock = time_limit, clock
        positions = [rule.position for rule in self.rules]
        if twice := sorted({position for position in positions if positions.count(position) > 1}):
            raise InvalidRequest(f"more than one rule has position {twice[0]}; the order decides which one hits")
        self._matchers = [(rule, _matcher(rule)) for rule in self.rules]

    def category_of(self, name: str) -> Categorised:
        """The category of the first rule that hits, else ``Uncategorized``."""
        shown = name[:MAX_NAME].strip()
        folded = _folded(shown)
        ends = self._clock() + self._limit
        timed_out: list[int] = []
        for rule, matches in self._matchers:
            try:
                if matches(shown, folded, ends - self._clock()):
                    return Categorised(rule.category, rule.position, tuple(timed_out))
            except TimeoutError:
                timed_out.append(rule.position)
        return Categorised(UNCATEGORIZED, None, tuple(timed_out))


def category_of(name: str, rules: CategoryRules) -> str:
    """The category alone."""
    return rules.category_of(name).category


def _matcher(rule: Rule) -> Matcher:
    if not 1 <= len(rule.pattern) <= MAX_PATTERN or not rule.pattern.strip():
        raise _refused(rule, f"the pattern is blank or longer than {MAX_PATTERN} characters")
    if not rule.category.strip() or len(rule.category) > MAX_CATEGORY:
        raise _refused(rule, f"the category is blank or longer than {MAX_CATEGORY} characters")
    folded = _folded(rule.pattern)
    match rule.kind:
        case "exact":
            return lambda _name, name, _seconds: name == folded
        case "prefix":
            return lambda _name, name, _seconds: name.startswith(folded)
        case "contains":
            return lambda _name, name, _seconds: folded in name
        case "regex":
            return _searching(rule)
    raise _refused(rule, f"there is no such kind; there are {', '.join(KINDS)}")


def _searching(rule: Rule) -> Matcher:
    try:
        pattern = regex.compile(rule.pattern, regex.IGNORECASE)
    except RecursionError:
        raise _refused(rule, "the regular expression is nested too deeply") from None
    except (regex.error, OverflowError, ValueError) as error:
        raise _refused(rule, f"not a regular expression: {str(error)[:120]}") from None

    def search(name: str, _folded_name: str, seconds: float) -> bool:
        if seconds <= 0:
            raise TimeoutError
        return pattern.search(name, timeout=seconds) is not None

    return search


def _folded(text: str) -> str:
    return text.strip().casefold()


def _refused(rule: Rule, why: str) -> InvalidRequest:
    return InvalidRequest(f"rule {rule.position} ({rule.kind}): {why}")
