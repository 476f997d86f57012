"""Phones that are the same or up to two digits off."""

from collections import defaultdict

from rapidfuzz.distance import Levenshtein

from sync_platform.transforms.person_phone import KEY_DIGITS, Phone

PIECE = KEY_DIGITS // 3


class PhoneIndex:
    """Numbers by their nine digits, and by each third of them.

    Two edits leave one of three pieces as it is, and among numbers of one length move it by one place at most: so
    whoever is near has one of its pieces there, give or take a place.
    """

    def __init__(self) -> None:
        self._holders: dict[str, list[int]] = defaultdict(list)
        self._keys_with: dict[tuple[int, str], list[str]] = defaultdict(list)

    def add(self, holder: int, phone: Phone) -> None:
        """A holder without a phone is found by none."""
        if not phone.key:
            return
        if phone.key not in self._holders and len(phone.key) == KEY_DIGITS:
            for start in range(0, KEY_DIGITS, PIECE):
                self._keys_with[start, phone.key[start : start + PIECE]].append(phone.key)
        self._holders[phone.key].append(holder)

    def near(self, phone: Phone) -> set[int]:
        """Everybody whose phone is up to two digits off."""
        found = set(self._holders.get(phone.key, ()))
        if len(phone.key) == KEY_DIGITS:
            for key in self._sharing_a_piece(phone.key):
                found.update(self._holders[key])
        return found

    def _sharing_a_piece(self, key: str) -> set[str]:
        sharing: set[str] = set()
        for start in range(0, KEY_DIGITS, PIECE):
            for place in range(max(0, start - 1), min(KEY_DIGITS - PIECE, start + 1) + 1):
                sharing.update(self._keys_with.get((start, key[place : place + PIECE]), ()))
        return {other for other in sharing if Levenshtein.distance(key, other, score_cutoff=2) <= 2}
