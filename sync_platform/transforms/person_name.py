"""Names as people write them, in any script (CRM-06)."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import regex

ALREADY_KNOWN = 50_000  # names whose reading is kept

TITLES = frozenset(
    "mr mrs ms miss mx dr prof sir madam khun nai nang nangsao herr frau mme mlle sr sra don dona"
    " คุณ นาย นาง นางสาว ดร น ส".split()
)
KHUN = "k"  # as it is written for short before a whole name; before one part it may be an initial
# Thai titles are written without a space; what follows has to be able to begin a name
_THAI_TITLE = regex.compile(r"^(?:นางสาว|นาย|นาง|คุณ|ดร)(?=[เแโใไ]?[ก-ฮ]\p{M}*\S)")
_ASIDE = regex.compile(r"\([^)]*\)|\[[^\]]*\]|\"[^\"]*\"|“[^”]*”")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_JOINING = regex.compile(r"['`\u2019\u02bc\u00b4]")  # apostrophes
# accents of Latin, Greek and Cyrillic letters; marks of other scripts are vowels and tones, which make another name
_ACCENT = regex.compile(r"[\u0300-\u036f]")
_SINGLE_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "ħ": "h"}
)
_SCRIPTS = {
    "latin": regex.compile(r"\p{Script=Latin}"),
    "cyrillic": regex.compile(r"\p{Script=Cyrillic}"),
    "thai": regex.compile(r"\p{Script=Thai}"),
    "east asian": regex.compile(r"\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}"),
}


@dataclass(frozen=True, slots=True)
class Name:
    """``first`` and ``last`` part as written, and the ``others``: middle names and what is in brackets.

    ``joined`` is the name without spaces. Parts are all of one ``script``: of a name in two of them the Latin one.
    A name of one part has no ``last``.
    """

    first: str = ""
    last: str = ""
    others: tuple[str, ...] = ()
    joined: str = ""
    script: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """Every part once."""
        return tuple(dict.fromkeys(part for part in (self.first, *self.others, self.last) if part))


NO_NAME = Name()


@lru_cache(maxsize=ALREADY_KNOWN)
def read_name(text: str | None) -> Name:
    """Case and accents do not matter, nor do titles and punctuation; "Last, First" is turned around."""
    written = _folded(text or "")
    asides = [part for aside in _ASIDE.findall(written) for part in _parts(aside)]
    family, comma, given = _ASIDE.sub(" ", written).partition(",")
    parts = _parts(f"{given} {family}" if comma else family)
    script = _script_of(parts)
    parts = [part for part in parts if _script(part) == script]
    if not parts:
        return NO_NAME
    if parts[0] == KHUN and len(parts) > 2:
        parts = parts[1:]
    first, *rest = parts
    middle, last = (rest[:-1], rest[-1]) if rest else ([], "")
    others = [part for part in (*middle, *asides) if _script(part) == script]
    return Name(first, last, tuple(dict.fromkeys(others)), "".join(parts), script)


def _folded(text: str) -> str:
    plain = _ACCENT.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return unicodedata.normalize("NFKC", plain).casefold().translate(_SINGLE_LETTERS)


def _parts(text: str) -> list[str]:
    words = _WORD.findall(_JOINING.sub("", text))
    parts = [_THAI_TITLE.sub("", word) for word in words if word not in TITLES]
    return [part for part in parts if part and not part.isdecimal()]


def _script_of(parts: list[str]) -> str:
    scripts = [_script(part) for part in parts]
    return "latin" if "latin" in scripts else next(iter(scripts), "")


def _script(part: str) -> str:
    return next((name for name, letters in _SCRIPTS.items() if letters.search(part)), "other")
