"""Old reports as files: encodings, delimiters and headers, and what is no report."""

import csv
from pathlib import Path

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform.sync import report_file
from sync_platform.sync.report_file import ReportFile, look_at_report, read_report

ALLOWED = ("member_id", "name", "phone")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "report.csv"


def look(path: Path, content: bytes | str) -> ReportFile:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return look_at_report(path, ALLOWED, ("member_id",))


def values(file: ReportFile) -> list[list[str]]:
    return [list(line.values) for line in read_report(file)]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
def test_names_survive_every_encoding(path: Path, encoding: str, found: str) -> None:
    """CSV-05: one accented letter behind two megabytes of plain ones decides."""
    text = "member_id,name\n" + "m0,Ann\n" * 300_000 + "m1,Zoë “Z” Schäfer\n"
    file = look(path, text.encode(encoding))
    assert file.encoding == found
    assert values(file)[-1] == ["m1", "Zoë “Z” Schäfer"]


def test_bytes_that_are_no_text_are_refused(path: Path) -> None:
    """CSV-05."""
    with pytest.raises(InvalidRequest, match="neither UTF-8 nor Windows-1252"):
        look(path, b"member_id,name\nm1,\x81\x8d\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_the_header_tells_the_delimiter(path: Path, delimiter: str, ending: str) -> None:
    """CSV-05: case and blanks around names do not matter; blank lines are left out."""
    header = delimiter.join(['"Member_ID "', " NAME", "phone"])
    file = look(path, ending.join(["", header, "", delimiter.join(["m1", '"a,b;c"', "5"]), ""]))
    assert (file.delimiter, file.columns) == (delimiter, ALLOWED)
    assert values(file) == [["m1", "a,b;c", "5"]]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("member_id,shoe_size\n", r"unknown columns \['shoe_size'\]; allowed are member_id, name, phone"),
        ("member_id,\n", r"unknown columns \[''\]"),
        ("member_id,Name,name \n", "twice: name"),
        ("name,phone\n", "lacks member_id"),
        ("member_id\n" + "m" * (report_file.LONGEST_LINE + 5), "line of more than"),
        ('member_id,name\nm1,"never closed\nm2,Ben\n', "line 2 opens a quote"),
        ('member_id,name\nm1,"' + "x\n" * 100_000, "line 2 opens a quote"),
    ],
)
def test_what_is_no_report_is_refused_by_name(path: Path, content: str, named: str) -> None:
    """CLI-01."""
    assert csv.field_size_limit() == 131_072
    with pytest.raises(InvalidRequest, match=named):
        values(look(path, content))


def test_a_file_without_a_header_does_not_show_its_first_record(path: Path) -> None:
    """SEC-40."""
    with pytest.raises(InvalidRequest, match="names no column; allowed are member_id") as refused:
        look(path, "m1,Geheim,5550100\n")
    assert "Geheim" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(path: Path) -> None:
    """CLI-01."""
    with pytest.raises(InvalidRequest, match="cannot be read: No such file"):
        look_at_report(path, ALLOWED, ("member_id",))
    with pytest.raises(InvalidRequest, match="cannot be read: Is a directory"):
        look_at_report(path.parent, ALLOWED, ("member_id",))


def test_lines_are_numbered_by_where_they_start(path: Path) -> None:
    """SYS-08."""
    file = look(path, 'member_id,name\nm1,"two\nlines"\n\nm2,"x"y\nm3,z\n')
    assert [(line.number, bool(line.broken)) for line in read_report(file)] == [(2, False), (5, True), (6, False)]
