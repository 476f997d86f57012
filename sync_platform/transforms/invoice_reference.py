"""Which texts in a payment's ``invoice`` may be the number of an invoice (MX-05, traps 2 and 4)."""

import re

# 18 digits fit 64 bits; fullmatch and [0-9] keep out signs, blanks, 5E6 and the digits of other scripts
_DIGITS = re.compile(r"[0-9]{1,18}")


def invoice_number(text: str | None) -> int | None:
    """The number a text names if it is digits and nothing else; leading zeros do not count. None otherwise.

    A candidate only: unless told otherwise the service fills in the end of the processor's reference, which may be all
    digits too. A payment is linked once the same merchant is known to have an invoice of that number.
    """
    return int(text) if text is not None and _DIGITS.fullmatch(text) else None
