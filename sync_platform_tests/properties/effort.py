"""How many examples: few and always the same ones in every test run, many and new ones with the profile ``full``."""

from typing import Any

from hypothesis import HealthCheck, settings

FULL = "full"


def effort(short: int, full: int, **values: Any) -> settings:
    """``pytest --hypothesis-profile=full`` tries ``full`` examples and tells how to repeat a failure."""
    chosen = settings.get_current_profile_name() == FULL
    return settings(
        max_examples=full if chosen else short,
        derandomize=not chosen,
        print_blob=chosen,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        **values,
    )
