"""Every record several times, each with identifiers of its own: ten times the data without ten times the memory."""

from dataclasses import replace

from sync_platform.sandbox.endpoints import Answer, Endpoints, Page, Rules
from sync_platform.sandbox.request import Request
from sync_platform.sandbox.shop import ENTITIES, Shop

# the vendor's identifiers begin with the second of creation: 6 in all of 2021 to 2029
ORIGINAL = b"6"
DIGITS = b"6789abcdef"
ID_LENGTH = 24
FIELDS = (b"id", b"memberId", b"productId", b"parentTransactionId")


class CopyingEndpoints(Endpoints):
    """The vendor's endpoints with each record listed ``copies`` times in a row, at the same moment."""

    def __init__(self, rules: Rules, copies: int) -> None:
        super().__init__(rules)
        if not 1 <= copies <= len(DIGITS):
            raise ValueError(f"there are identifiers for at most {len(DIGITS)} copies")
        self._copies = copies

    def answer(self, shop: Shop, request: Request) -> Answer:
        """As the vendor, for a collection so many times as large. Raises ``Refusal``."""
        entity, _, identity = request.path.lstrip("/").partition("/")
        number = DIGITS.find(identity[:1].encode()) if len(identity) == ID_LENGTH else 0
        if self._copies == 1 or entity not in ENTITIES or number < 0:
            return super().answer(shop, request)
        if number:
            original = ORIGINAL.decode() + identity[1:]
            request = replace(request, path=f"/{entity}/{original}")
        found = super().answer(shop, request)
        return self._multiplied(found) if isinstance(found, Page) else copy_of(found, number)

    def _multiplied(self, page: Page) -> Page:
        copies = self._copies

        def rows(skip: int, limit: int) -> list[bytes]:
            first = skip // copies
            originals = page.rows(first, -(-(skip + limit) // copies) - first)
            every = [copy_of(body, number) for body in originals for number in range(copies)]
            return every[skip - first * copies :][:limit]

        return Page(rows, page.skip, page.limit, page.total * copies, page.enveloped)


def copy_of(body: bytes, number: int) -> bytes:
    """The record under the identifiers of copy ``number``; copy 0 is the record itself."""
    if number:
        digit = DIGITS[number : number + 1]
        for field in FIELDS:
            body = body.replace(b'"%b":"%b' % (field, ORIGINAL), b'"%b":"%b' % (field, digit))
    return body
