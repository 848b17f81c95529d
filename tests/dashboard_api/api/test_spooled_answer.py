from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from dashboard_api.api.spooled_answer import spooled_answer
from tests.dashboard_api.client import Api

PIECE = os.urandom(1 << 20)


def app_that_sends(pieces: int) -> FastAPI:
    app = FastAPI()

    @app.get("/", response_model=None)
    def show() -> object:
        return spooled_answer((PIECE for _ in range(pieces)), "application/json")

    return app


@pytest.mark.parametrize("pieces", [0, 1, 9])
def test_answer_arrives_whole_be_it_small_or_large(pieces: int) -> None:
    answer = Api(app_that_sends(pieces)).get("/")
    assert answer.content == PIECE * pieces
    assert answer.headers["content-length"] == str(len(PIECE) * pieces)


def test_failure_while_reading_leaves_nothing_open() -> None:
    def broken() -> Iterator[bytes]:
        yield PIECE * 5
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        spooled_answer(broken(), "application/json")
