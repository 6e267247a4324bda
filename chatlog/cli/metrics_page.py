"""The page of metrics of a recorder or a collector, on the address of `--metrics-listen`."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from chatlog.health.metrics_server import MetricsServer
from chatlog.settings.listen import Listen, spell_listen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

logger = logging.getLogger("chatlog")

_EVERY: Final = 2.0  # seconds between two pages


async def is_serving(server: MetricsServer, listen: Listen) -> bool:
    """Begin to serve the metrics; log why not, and return False, if the address cannot be had."""
    try:
        host, port = await server.start(listen.host, listen.port)
    except OSError as error:
        logger.error(  # noqa: TRY400 - expected
            "cannot serve metrics on %s: %s; this run goes on without",
            spell_listen(listen),
            os.strerror(error.errno) if error.errno else error,
        )
        return False
    logger.info("metrics: http://%s/metrics", spell_listen(Listen(host, port)))
    return True


@asynccontextmanager
async def serving(listen: Listen | None, page: Callable[[], str]) -> AsyncIterator[None]:
    """Serve a page, made anew every two seconds, while the block lasts; nothing without address."""
    server = MetricsServer()
    if listen is None or not await is_serving(server, listen):
        yield
        return
    making = asyncio.create_task(_publish(server, page))
    try:
        yield
    finally:
        making.cancel()
        server.close()


async def _publish(server: MetricsServer, page: Callable[[], str]) -> None:
    while True:
        server.publish(page().encode())
        await asyncio.sleep(_EVERY)
