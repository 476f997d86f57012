"""Whatever csv writes is read back, in any dialect and encoding."""

import csv
import gzip
import io
import unicodedata

from hypothesis import assume, given
from hypothesis import strategies as st

from sync_platform_tests.transforms.purchase_reading import HEADER, read

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NARROW = st.text(st.characters(codec="cp1252", exclude_characters="\0"), max_size=12)
KEYS = st.text("aAÄé日 ,;|\t\"'\n\r-=", min_size=1, max_size=8).map(lambda key: f"k{key}k")


def written(rows: list[list[str]], separator: str, end: str, style: int) -> str:
    out = io.StringIO(newline="")
    if any(set(cell) & {"\r", "\n"} for row in rows for cell in row):  # csv of Python before 3.13 quotes its own only
        style = csv.QUOTE_ALL
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=style)  # type: ignore[arg-type]
    writer.writerow([*HEADER.split(","), "note", "shop"])
    writer.writerows(rows)
    return out.getvalue()


def expected(note: str) -> str | None:
    normal = unicodedata.normalize("NFC", note)
    return normal if normal and not normal.isspace() else None


@st.composite
def dialects(draw) -> tuple[str, str, int, bool]:
    """Separator, line end, style of quotes, and whether the file is packed."""
    separator, end = draw(st.sampled_from([",", ";", "\t", "|"])), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return separator, end, draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])), draw(st.booleans())


@given(
    st.lists(st.tuples(KEYS, CELLS, CELLS), max_size=8), dialects(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
)
def test_any_table_of_texts_is_read_back(rows, dialect, encoding) -> None:
    """CSV-05, SYS-21: but for the forms of a letter and for blanks."""
    *form, packed = dialect
    table = [[key, "2026-03-04", key, key, "1", "1", note, shop] for key, note, shop in rows]
    data = written(table, *form).encode(encoding)
    told = read(gzip.compress(data) if packed else data)
    assert told.codes == []
    assert told.refused == ""
    assert told.column("note") == [expected(note) for _, note, _ in rows]
    assert told.column("user_id") == [unicodedata.normalize("NFC", key) for key, _, _ in rows]


@given(st.lists(NARROW, min_size=1, max_size=8), dialects())
def test_any_table_of_western_texts_is_read_back_from_windows_1252(notes, dialect) -> None:
    """CSV-05: unless its bytes happen to be UTF-8 as well."""
    *form, packed = dialect
    table = [["k", "2026-03-04", "k", "k", "1", "1", note, ""] for note in notes]
    data = written(table, *form).encode("cp1252")
    assume(data.isascii() or data.decode("utf-8", "ignore").isascii())
    told = read(gzip.compress(data) if packed else data)
    assert told.codes == []
    assert told.column("note") == [expected(note) for note in notes]
