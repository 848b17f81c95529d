"""MariaDB, where its server and `mysqlclient` are installed: the same figures as elsewhere."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.instrumentation.conftest import Seen, fill

START_S = 60.0


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket of an empty server of our own."""
    pytest.importorskip("MySQLdb")
    server = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if server is None or shutil.which("mariadb-install-db") is None:
        pytest.skip("there is no MariaDB server here")
    folder = tmp_path_factory.mktemp("mariadb")
    options = [f"--user={getpass.getuser()}", f"--datadir={folder}/data"]
    install = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal"]
    subprocess.run([*install, *options], check=True, capture_output=True)
    running = [f"--socket={folder}/socket", f"--pid-file={folder}/pid", "--skip-networking"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [server, "--no-defaults", *options, *running], stdout=log, stderr=log
        )
    try:
        _wait_for(folder / "socket", process)
        yield str(folder / "socket")
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def mariadb(project: None, socket: str) -> Iterator[str]:
    """The alias of a filled database of it."""
    import MySQLdb

    connection: Any = MySQLdb.connect(unix_socket=socket, user="root")
    connection.query("CREATE DATABASE project CHARACTER SET utf8mb4")
    connection.close()
    from django.db import connections

    defaults = connections.configure_settings({"default": {"ENGINE": ""}})["default"]
    connections.settings["mariadb"] = defaults | {
        "ENGINE": "django.db.backends.mysql",
        "NAME": "project",
        "USER": "root",
        "HOST": socket,
        "CONN_MAX_AGE": None,
    }
    fill("mariadb")
    yield "mariadb"
    connections["mariadb"].close()
    del connections.settings["mariadb"]


@pytest.mark.parametrize(
    ("path", "queries"),
    [("/many/", 25), ("/atomic/", 5), ("/executemany/", 1), ("/failing_query/", 1)],
)
def test_queries_are_counted(
    ask: Callable[..., Seen], mariadb: str, path: str, queries: int
) -> None:
    seen = ask(f"{path}?using={mariadb}")
    assert seen.attributes["timesplit.queries"] == queries
    assert {statement["system"] for statement in seen.digest["statements"]} == {"mariadb"}
    assert sum(seen.split_ns.values()) == seen.duration_ns


@pytest.mark.parametrize("path", ["/execute/", "/fetched/"])
def test_time_in_the_database(assert_truth: Callable[..., Seen], mariadb: str, path: str) -> None:
    seen = assert_truth(f"{path}?using={mariadb}", own_work_ms=8)
    assert seen.parts["execute"] > 28_000_000


def _wait_for(socket: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        if socket.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"MariaDB did not start:\n{(socket.parent / 'log').read_text()}")
