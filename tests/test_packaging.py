"""What each wheel puts on the import path of the environment it is installed into."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _build_wheel(project: Path, into: Path) -> zipfile.ZipFile:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(into), str(project)],
        check=True,
        capture_output=True,
        text=True,
    )
    return zipfile.ZipFile(next(into.glob("*.whl")))


@pytest.fixture(scope="module")
def server_wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return _build_wheel(ROOT, tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="module")
def django_wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return _build_wheel(ROOT / "instrumentation", tmp_path_factory.mktemp("django"))


def _top_level(wheel: zipfile.ZipFile) -> set[str]:
    return {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name}


def _metadata(wheel: zipfile.ZipFile) -> str:
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return wheel.read(name).decode()


def test_django_wheel_adds_one_name(django_wheel: zipfile.ZipFile) -> None:
    assert _top_level(django_wheel) == {"timesplit_django"}


def test_django_wheel_says_that_it_is_typed(django_wheel: zipfile.ZipFile) -> None:
    assert "timesplit_django/py.typed" in django_wheel.namelist()


def test_server_wheel_holds_the_two_paths(server_wheel: zipfile.ZipFile) -> None:
    assert _top_level(server_wheel) == {"collector", "dashboard_api"}


def test_server_wheel_holds_the_finished_page_only(server_wheel: zipfile.ZipFile) -> None:
    web = {name for name in server_wheel.namelist() if name.startswith("dashboard_api/web/")}
    assert "dashboard_api/web/dist/index.html" in web
    assert not [
        name for name in web if name.endswith((".ts", ".tsx", ".json")) or "node_modules" in name
    ]


def test_server_wheel_needs_no_node_when_installed(server_wheel: zipfile.ZipFile) -> None:
    assert "nodejs" not in _metadata(server_wheel)


def test_server_wheel_brings_its_migrations(server_wheel: zipfile.ZipFile) -> None:
    assert [n for n in server_wheel.namelist() if n.startswith("collector/store/migrations/")]


@pytest.mark.parametrize("wheel", ["server_wheel", "django_wheel"])
def test_wheel_carries_its_licence(wheel: str, request: pytest.FixtureRequest) -> None:
    assert "License-Expression: Apache-2.0" in _metadata(request.getfixturevalue(wheel))
    names = request.getfixturevalue(wheel).namelist()
    assert [name for name in names if name.endswith("licenses/LICENSE")]
