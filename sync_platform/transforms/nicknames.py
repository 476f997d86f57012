"""Short forms of first names that are used as names of their own."""

from functools import lru_cache

# formal name: its short forms. Only forms that do not begin as the name does, or differ from it by more than a slip.
_SHORT_FORMS = """
alexander: sandy sasha alec lex xander
alexandra: sandra sandy sasha
andrew: drew
anthony: tony
barbara: babs
benjamin: benny
catherine: cathy kate kathy katie kitty
charles: charlie chuck
christopher: kit topher
dmitry: dima mitya
edward: eddie ned ted teddy
ekaterina: katya
elizabeth: bess beth betty eliza libby lisa liz lizzie
eugene: gene
evgeny: zhenya
francis: frank frankie
frederick: rick
george: georgie
gerald: jerry
gregory: greg
henry: hal harry hank
ivan: vanya
james: jamie jim jimmy
jennifer: jen jenny
john: jack johnny
jonathan: jon
joseph: joe joey
katherine: kate kathy katie kitty
kathleen: kathy
lawrence: larry
leonard: lenny
margaret: maggie meg peggy
maria: masha
matthew: matt
michael: mick mickey mike
mikhail: misha
natalia: natasha
nicholas: nick nicky
olga: olya
patricia: patty tricia trish
patrick: paddy
rebecca: becky
richard: dick rick rich ricky
robert: bob bobby rob robbie
ronald: ronnie
samuel: sammy
sergey: seryozha
stephen: steve stevie
steven: steve stevie
susan: sue susie
tatiana: tanya
theodore: ted teddy
thomas: tommy
timothy: tim timmy
victoria: vicky
vladimir: volodya vova
walter: wally walt
william: bill billy will willie
"""


def _by_short_form() -> dict[str, frozenset[str]]:
    formal: dict[str, set[str]] = {}
    for line in _SHORT_FORMS.strip().splitlines():
        name, _, forms = line.partition(": ")
        for form in (name, *forms.split()):
            formal.setdefault(form, set()).add(name)
    return {form: frozenset(names) for form, names in formal.items()}


_FORMAL = _by_short_form()
_NOT_LISTED: frozenset[str] = frozenset()


def formal_names(name: str) -> frozenset[str]:
    """What ``name`` may be short for, and itself if it is a formal name; nothing for a name that is not listed."""
    return _FORMAL.get(name, _NOT_LISTED)


@lru_cache(maxsize=1)
def names_by_formal() -> dict[str, frozenset[str]]:
    """Each formal name with every form of it, and itself."""
    forms: dict[str, set[str]] = {}
    for form, names in _FORMAL.items():
        for name in names:
            forms.setdefault(name, set()).add(form)
    return {name: frozenset(found) for name, found in forms.items()}
