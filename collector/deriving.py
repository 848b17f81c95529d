"""Derives on threads of the collecting process: its own stream, and those of collectors that died."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from collector.derive.runner import Deriver
from collector.derive.stream_tables import PositionMoved
from collector.journal.stream import claim_abandoned_streams
from collector.pipeline import DeriverWake

logger = logging.getLogger(__name__)

STOP_S: Final = 3.0  # for deriving the rest when the process ends; the next start continues
TAKE_OVER_S: Final = 30.0  # how often to look for streams whose collector died


@contextmanager
def deriving(deriver: Deriver) -> Iterator[DeriverWake]:
    """Derive on a thread until the block ends, then a bounded while longer."""
    stop, wake = threading.Event(), DeriverWake()
    thread = threading.Thread(
        target=_derive, args=(deriver, stop, wake.event), name="deriver", daemon=True
    )
    thread.start()
    try:
        yield wake
    finally:
        stop.set()
        wake.event.set()
        thread.join(STOP_S)


def _derive(deriver: Deriver, stop: threading.Event, wake: threading.Event) -> None:
    deriver.run(stop, wake)
    try:
        deriver.derive_available()
    except SQLAlchemyError as error:
        cause = str(error).partition("\n")[0]
        logger.warning("The rest is derived at the next start: %s", cause)


@contextmanager
def taking_over(engine: Engine, settle_s: float) -> Iterator[None]:
    """Derive what collectors that died have left, until the block ends.

    Only PostgreSQL can hold such streams: SQLite's only one is this process's own.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    stop = threading.Event()
    arguments = (engine, settle_s, stop)
    thread = threading.Thread(target=_take_over, args=arguments, name="take-over", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(STOP_S)


def _take_over(engine: Engine, settle_s: float, stop: threading.Event) -> None:
    while not stop.wait(TAKE_OVER_S):
        try:
            derive_abandoned_streams(engine, settle_s, stop)
        except (SQLAlchemyError, PositionMoved) as error:
            cause = str(error).partition("\n")[0]
            logger.warning("A stream without a collector is tried again: %s", cause)


def derive_abandoned_streams(
    engine: Engine, settle_s: float, stop: threading.Event | None = None
) -> None:
    """Derive each stream that no living collector has."""
    for stream in claim_abandoned_streams(engine):
        Deriver(engine, stream.stream_id, settle_s=settle_s).derive_available(stop)
