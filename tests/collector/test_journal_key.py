"""The journal encrypted at rest: by the real commands, with keys that change and go missing."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
from sqlalchemy import Engine, select

from collector.decode.span import Kind
from collector.journal.keys import KEY
from collector.store.tables import journal
from tests.collector.payloads import MS, digest_attributes, export, message, trace
from tests.collector.test_command import send
from tests.collector.test_deriving import counted
from tests.fixtures.servers import Server, Start, wait_until

FIRST, SECOND = (base64.b64encode(bytes([number] * 32)).decode() for number in (1, 2))


def send_request(server: Server, number: int) -> None:
    attributes = digest_attributes(parts={"view": 2 * MS}, sequence=number)
    span = message(1, 0, 2 * MS, trace_number=number, kind=Kind.SERVER, attributes=attributes)
    assert send(server, export(span).SerializeToString()).status_code == 200


def bodies(engine: Engine) -> list[bytes]:
    with engine.connect() as connection:
        return [bytes(body) for body in connection.scalars(select(journal.c.body))]


def shown(server: Server, number: int) -> httpx.Response:
    return httpx.get(f"{server.dashboard}/api/v1/traces/{trace(number).hex()}")


def test_passphrase_is_one_clear_line(timesplit: Start, sqlite_database_url: str) -> None:
    keys = {KEY: "a passphrase"}
    command = timesplit("collect", "--database", sqlite_database_url, environment=keys)
    assert command.process.wait(60) == 1
    assert "32 random bytes in base64" in command.logged
    assert len(command.logged.splitlines()) == 1


def test_key_is_read_from_the_file_that_an_option_names(
    serve: Start, database_url: str, engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{FIRST}\n")
    server = serve(database_url, "--journal-key-file", str(file))
    send_request(server, 1)
    wait_until(lambda: counted(engine) == 1)
    assert shown(server, 1).status_code == 200
    assert {body[:1] for body in bodies(engine)} == {b"\x03"}


def test_keys_are_changed_and_nothing_is_lost(
    serve: Start, collect: Start, timesplit: Start, database_url: str, engine: Engine
) -> None:
    server = collect(database_url, environment={KEY: FIRST})
    send_request(server, 1)
    wait_until(lambda: counted(engine) == 1)
    server.stop()

    commands = ("collect", "check", "rebuild")
    at_once = [
        timesplit(command, "--database", database_url, environment={KEY: SECOND})
        for command in commands
    ]
    for refused in at_once:
        assert refused.process.wait(60) == 1
        assert "not among the 1 given" in refused.logged

    server = serve(database_url, environment={KEY: f"{SECOND},{FIRST}"})
    send_request(server, 2)
    wait_until(lambda: counted(engine) == 2)
    assert [shown(server, number).status_code for number in (1, 2)] == [200, 200]
    assert len({body[:9] for body in bodies(engine)}) == 2
    assert {body[:1] for body in bodies(engine)} == {b"\x03"}


def test_page_without_the_key_says_so(
    serve: Start, collect: Start, database_url: str, engine: Engine
) -> None:
    server = collect(database_url, environment={KEY: FIRST})
    send_request(server, 1)
    wait_until(lambda: counted(engine) == 1)
    server.stop()
    with engine.begin() as connection:  # as if it had been read by a page that runs alone
        sealed = bytes(connection.scalar(select(journal.c.body)) or b"")
        connection.execute(journal.update().values(body=b""))
    server = serve(database_url)
    with engine.begin() as connection:
        connection.execute(journal.update().values(body=sealed))
    answer = shown(server, 1)
    assert answer.status_code == 503
    assert "Nothing is lost" in answer.json()["detail"]
