"""Names that have a part in common, or two parts that resemble."""

from bisect import bisect_left, insort
from collections import defaultdict

from rapidfuzz import process
from rapidfuzz.distance import OSA

from sync_platform.transforms.name_nearness import FEWEST_OF_PREFIX, LEAST_SIMILARITY, sound_of
from sync_platform.transforms.nicknames import formal_names, names_by_formal
from sync_platform.transforms.person_name import Name

_AFTER_ALL = "\U0010ffff"


class NameIndex:
    """Holders by each part of their names. Which place a part has does not matter here: names are exchanged.

    ``both``: one part that only resembles is not enough, the other has to resemble as well.
    """

    def __init__(self, *, both: bool = True) -> None:
        self._both = both
        self._with_part: dict[str, set[int]] = defaultdict(set)  # first or last
        self._with_other: dict[str, set[int]] = defaultdict(set)  # in the middle or in brackets
        self._joined: dict[str, set[int]] = defaultdict(set)
        self._parts: dict[str, list[str]] = defaultdict(list)  # by first letter, sorted
        self._sounds: dict[str, dict[str, list[str]]] = defaultdict(dict)  # by first letter: sound, parts
        self._resembling: dict[str, set[int]] = {}

    def add(self, holder: int, name: Name) -> None:
        """A holder without a name is found by none."""
        if not name.first:
            return
        self._resembling.clear()
        self._joined[name.joined].add(holder)
        for part in (name.first, name.last):
            if part and part not in self._with_part:
                insort(self._parts[part[0]], part)
                sound = sound_of(part)
                self._sounds[sound[0]].setdefault(sound, []).append(part)
            if part:
                self._with_part[part].add(holder)
        for part in name.others:
            self._with_other[part].add(holder)

    def near(self, name: Name) -> set[int]:
        """At least everybody with one part of the name, or with two that resemble its first and last one."""
        if not name.first:
            return set()
        found = set(self._joined.get(name.joined, ()))
        for part in (name.first, name.last):
            found |= self._with_part.get(part, set())
        among_others: set[int] = set()
        for part in name.others:
            among_others |= self._with_part.get(part, set())
        first, last = (self._resembles(part) | among_others for part in (name.first, name.last))
        return found | (first & last if self._both else first | last)

    def _resembles(self, part: str) -> set[int]:
        if part not in self._resembling:
            holders = set(self._with_other.get(part, ()))
            for similar in self._similar(part):
                holders |= self._with_part.get(similar, set())
            self._resembling[part] = holders
        return self._resembling[part]

    def _similar(self, part: str) -> set[str]:
        """What ``compare_parts`` calls partial, of all parts that were added."""
        if not part:
            return set()
        similar = {part, part[0], *(part[:length] for length in range(FEWEST_OF_PREFIX, len(part)))}
        if len(part) == 1 or len(part) >= FEWEST_OF_PREFIX:
            alike = self._parts.get(part[0], [])
            similar.update(alike[bisect_left(alike, part) : bisect_left(alike, part + _AFTER_ALL)])
        for formal in formal_names(part):
            similar |= names_by_formal()[formal]
        asked = sound_of(part)
        sounds = self._sounds.get(asked[0], {})
        slips = process.extract(
            asked, list(sounds), scorer=OSA.normalized_similarity, score_cutoff=LEAST_SIMILARITY, limit=None
        )
        return similar.union(*(sounds[sound] for sound, _, _ in slips))
