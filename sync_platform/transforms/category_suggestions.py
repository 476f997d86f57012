"""Names that resemble one without a category, as suggestions for a person (MX-13). Nothing is decided here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils


@dataclass(frozen=True)
class Suggestion:
    """A categorised name that resembles; ``score`` is 0 to 100."""

    name: str
    category: str
    score: int


def suggestions(
    uncategorised: Iterable[str], categorised: Mapping[str, str], count: int = 3
) -> dict[str, list[Suggestion]]:
    """For each name the ``count`` most similar ones of ``categorised`` (name -> category), best first.

    Case and punctuation do not matter, the order of words hardly. Of equally similar names the alphabet decides, so
    that a person sees the same list twice. Names that have nothing in common are not suggested.
    """
    prepared = {name: utils.default_process(name) for name in sorted(categorised)}
    return {name: _similar(name, prepared, categorised, count) for name in dict.fromkeys(uncategorised)}


def _similar(name: str, prepared: Mapping[str, str], categorised: Mapping[str, str], count: int) -> list[Suggestion]:
    asked = utils.default_process(name)
    if not asked:
        return []
    found = process.extract(asked, prepared, scorer=fuzz.WRatio, limit=None)
    ranked = sorted(
        ((round(score), other) for _, score, other in found if score > 0), key=lambda pair: (-pair[0], pair[1])
    )
    return [Suggestion(other, categorised[other], score) for score, other in ranked[:count]]
