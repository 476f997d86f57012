"""Rules about the files of the project that no other tool checks."""

from collections import Counter
from pathlib import Path

TOP = Path(__file__).parents[2]
LONGEST = 250  # lines; most are half as long


def test_no_two_test_modules_have_the_same_name() -> None:
    """pytest takes one of them for the other and leaves it out."""
    names = Counter(path.name for path in (TOP / "sync_platform_tests").rglob("test_*.py"))
    assert [name for name, number in names.items() if number > 1] == []


def test_no_file_is_too_long() -> None:
    """CONTRIBUTING: a file that grows is split by what it is about."""
    files = [path for folder in ("sync_platform", "benchmarks") for path in (TOP / folder).rglob("*.py")]
    files += (TOP / "sync_platform_tests").rglob("*.py")
    own = [path for path in files if ".venv" not in path.parts]
    lengths = {str(path.relative_to(TOP)): len(path.read_text().splitlines()) for path in own}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
    assert len(lengths) > 300
