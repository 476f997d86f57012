"""The chart of a rate: inside its frame, with the line that decides, and its figures in words."""

import base64
import re

from hypothesis import given
from hypothesis import strategies as st

from sync_platform.defs.rate_chart import HEIGHT, POINTS, WIDTH, rate_chart

RATES = st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=50)


@given(rates=RATES, threshold=st.floats(0.01, 100))
def test_every_point_and_the_threshold_lie_inside_the_frame(rates: list[float], threshold: float) -> None:
    """CMP-08: the newest rate is at the right edge, also where it is the only one."""
    text = rate_chart(rates, threshold, "alder").md_str
    assert text is not None
    svg = base64.b64decode(re.search(r"base64,([^)]+)\)", text)[1]).decode()  # type: ignore[index]
    line = re.search(r'points="([^"]+)"', svg)[1]  # type: ignore[index]
    points = [tuple(map(float, point.split(","))) for point in line.split()]
    assert len(points) == max(2, min(len(rates), POINTS))
    assert points[0][0] == 0
    assert abs(points[-1][0] - WIDTH) < 1
    limit = float(re.search(r"M0 ([\d.e+-]+)h", svg)[1])  # type: ignore[index]
    assert all(0 <= y <= HEIGHT for y in [limit, *(y for _, y in points)])
    assert f"{rates[-1]:g} % now" in text
