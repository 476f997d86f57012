"""Bodies that a route reads by itself, piece by piece and not for ever (API-06, F-45)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.requests import ClientDisconnect, Request

from sync_platform.api.problems import Problem

#: In place of the service's own limit, on routes that stop reading by themselves.
UNLIMITED = 2**62


def reads_own_body(request: Request) -> None:
    """A dependency of such routes: nobody reads the body before them."""
    request.state.reads_body = True


async def pieces(request: Request, patience: float) -> AsyncGenerator[bytes]:
    """The body. Raises Problem 408 where nothing comes for so many seconds, 400 where the sender is gone."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(patience):
                piece = await anext(stream, None)
        except TimeoutError:
            raise Problem(408, detail=f"nothing came for {patience:g} s; send it again") from None
        except ClientDisconnect:
            raise Problem(400, detail="the body ended before its declared length") from None
        if piece is None:
            return
        yield piece


async def short_body(request: Request, max_bytes: int, seconds: float) -> bytes:
    """The whole body, or its beginning that is one byte too long. Raises Problem 408, 400."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds), aclosing(pieces(request, seconds)) as stream:
            async for piece in stream:
                body += piece
                if len(body) > max_bytes:
                    break
    except TimeoutError:
        raise Problem(408, detail=f"the body did not come within {seconds:g} s; send it again") from None
    return bytes(body[: max_bytes + 1])
