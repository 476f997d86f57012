"""The page on purchase files says what the code says."""

from pathlib import Path

from sync_platform.core.purchase_fields import FIELDS
from sync_platform.transforms.purchase_problems import problem_table

PAGE = Path(__file__).parents[2] / "docs" / "imports.md"


def test_the_page_has_all_codes_and_columns():
    """CSV-06, CSV-12."""
    text = PAGE.read_text(encoding="utf-8")
    assert problem_table() in text
    assert [field for field in FIELDS if f"`{field}`" not in text] == []
