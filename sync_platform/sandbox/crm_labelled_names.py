"""Names of people of several origins: how common they are, other spellings, other scripts, what friends say."""

import tomllib
from dataclasses import dataclass
from itertools import accumulate, product
from pathlib import Path
from random import Random

_TEXTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class NamePart:
    """``own`` in the script of its origin; empty where that is Latin. ``short``: what friends say."""

    latin: str
    own: str = ""
    short: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """The nth of the ``common`` ones is about 1/n as frequent as the first; a share of people has a ``rare`` one."""

    common: list[NamePart]
    rare: list[NamePart]
    share_of_rare: float

    def one(self, rng: Random) -> NamePart:
        """Somebody's."""
        if rng.random() < self.share_of_rare:
            return rng.choice(self.rare)
        weights = list(accumulate(1 / (place + 5) for place in range(len(self.common))))
        return rng.choices(self.common, cum_weights=weights)[0]


@dataclass(frozen=True)
class Origin:
    """Where names are from, two of which are the same as seldom as in life: Western ones in some 70,000 pairs.

    ``nicknames`` have nothing to do with the name; ``spellings`` sound alike."""

    firsts: Names
    lasts: Names
    nicknames: list[str]
    spellings: list[tuple[str, str]]


def _parts(origin: str, kind: str) -> list[NamePart]:
    words = [(*word.split("/"), "", "")[:3] for word in _TEXTS[origin].get(kind, "").split()]
    return [NamePart(latin, own, tuple(filter(None, short.split(",")))) for latin, own, short in words]


def _made(*pieces: list[NamePart]) -> list[NamePart]:
    """Every way to put one of each together."""
    return [
        NamePart("".join(piece.latin for piece in chosen).capitalize(), "".join(piece.own for piece in chosen))
        for chosen in product(*pieces)
    ]


def _origin(name: str, rare_firsts: list[NamePart], rare_lasts: list[NamePart], shares: tuple[float, float]) -> Origin:
    spellings = [pair.split(":") for pair in _TEXTS[name].get("spellings", "").split()]
    return Origin(
        Names(_parts(name, "firsts"), rare_firsts, shares[0]),
        Names(_parts(name, "lasts"), rare_lasts, shares[1]),
        _TEXTS[name].get("nicknames", "").split(),
        [(one, other) for one, other in spellings],
    )


def _rare(name: str, kind: str) -> list[NamePart]:
    return _made(_parts(name, f"{kind}_starts"), _parts(name, f"{kind}_ends"))


_THAI_ENDS = _parts("thai", "last_ends")
_THAI_LASTS = _rare("thai", "last") + _made(_parts("thai", "last_starts"), _THAI_ENDS, _THAI_ENDS)
_SYLLABLES = _parts("east_asian", "first_starts")
THAI = _origin("thai", _rare("thai", "first"), _THAI_LASTS, (0.4, 1.0))
WESTERN = _origin("western", [], _rare("western", "last"), (0.0, 0.8))
RUSSIAN = _origin("russian", [], _rare("russian", "last"), (0.0, 0.8))
EAST_ASIAN = _origin("east_asian", _made(_SYLLABLES, _SYLLABLES), [], (0.8, 0.0))
ORIGINS = ((THAI, 50), (WESTERN, 35), (EAST_ASIAN, 9), (RUSSIAN, 6))  # of 100


def origin_of(rng: Random) -> Origin:
    """By the shares of ``ORIGINS``."""
    return rng.choices([origin for origin, _ in ORIGINS], [share for _, share in ORIGINS])[0]


def short_form(origin: Origin, first: NamePart, rng: Random) -> str:
    """What friends say: a form of the name, or as in Thailand a word that has nothing to do with it."""
    return rng.choice(origin.nicknames or first.short or [first.latin])


def other_spelling(origin: Origin, name: str, rng: Random) -> str:
    """As another office or another person writes the same sounds in Latin letters; unchanged where there is one way."""
    fitting = [(one, other) for one, other in origin.spellings if one in name.lower()]
    spelt = name.lower()
    for one, other in rng.sample(fitting, min(len(fitting), rng.choice((1, 1, 2)))):
        spelt = spelt.replace(one, other, 1)
    return spelt.capitalize() if fitting else name
