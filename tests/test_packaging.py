"""What each wheel puts on the import path of the environment it is installed into."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.compiled_package import compiled_modules

ROOT = Path(__file__).parents[1]
DJANGO_PACKAGE = ROOT / "instrumentation"
KEPT_BLOCKS = 8.0
NO_COMPILER = {"CC": "/nonexistent/cc"}


def _run_build(project: Path, into: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(into), str(project)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _build_wheel(project: Path, into: Path, **environment: str) -> zipfile.ZipFile:
    finished = _run_build(project, into, **environment)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return zipfile.ZipFile(next(into.glob("*.whl")))


@pytest.fixture(scope="module")
def server_wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return _build_wheel(ROOT, tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="module")
def django_wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A plain one, as where there is no compiler."""
    folder = tmp_path_factory.mktemp("django")
    return _build_wheel(DJANGO_PACKAGE, folder, TIMESPLIT_COMPILE="no")


@pytest.fixture(scope="module")
def compiled_wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    if not _can_compile():
        if os.environ.get("CI"):
            pytest.fail("no C compiler, or no headers of Python")
        pytest.skip("no C compiler, or no headers of Python")
    folder = tmp_path_factory.mktemp("compiled")
    compiler = _without_optimising(folder)
    return _build_wheel(DJANGO_PACKAGE, folder, TIMESPLIT_COMPILE="yes", CC=str(compiler))


def _without_optimising(folder: Path) -> Path:
    """The compiler, which takes most of the time by making quick what does the same otherwise."""
    script = folder / "cc"
    script.write_text(f'#!/bin/sh\nexec {_compiler()} "$@" -O0\n')
    script.chmod(0o700)
    return script


def _compiler() -> str:
    return os.environ.get("CC") or str(sysconfig.get_config_var("CC") or "cc")


def _can_compile() -> bool:
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return shutil.which(_compiler().split()[0]) is not None and headers.exists()


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


def test_compiled_wheel_holds_machine_code_beside_its_sources(
    compiled_wheel: zipfile.ZipFile,
) -> None:
    modules = compiled_modules()
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    wanted = {
        f"timesplit_django/{module}{ending}" for module in modules for ending in (".py", suffix)
    }
    assert modules
    assert wanted <= set(compiled_wheel.namelist())


def test_compiled_wheel_adds_its_library_beside_the_package(
    compiled_wheel: zipfile.ZipFile,
) -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    assert _top_level(compiled_wheel) == {"timesplit_django", f"timesplit_django__mypyc{suffix}"}


def test_compiled_wheel_is_for_this_python_alone(compiled_wheel: zipfile.ZipFile) -> None:
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert f"-{version}-{version}-" in Path(str(compiled_wheel.filename)).name


def test_compiling_leaves_nothing_among_the_sources(compiled_wheel: zipfile.ZipFile) -> None:
    endings = {path.suffix for path in _files_of_sources()}
    assert endings == {".py", ".typed"}
    assert not (DJANGO_PACKAGE / "build").exists()


def _files_of_sources() -> Iterator[Path]:
    for path in (DJANGO_PACKAGE / "src").rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            yield path


def test_check_command_says_whether_the_core_is_compiled(
    compiled_wheel: zipfile.ZipFile, django_wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    assert "core: compiled" in _said_by_check(compiled_wheel, tmp_path / "compiled")
    assert "core: plain Python" in _said_by_check(django_wheel, tmp_path / "plain")


def _said_by_check(wheel: zipfile.ZipFile, folder: Path) -> str:
    wheel.extractall(folder)
    told = {
        "DJANGO_SETTINGS_MODULE": "tests.djangoproject.settings",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "PYTHONPATH": str(folder),
    }
    command = [sys.executable, "-m", "django", "timesplit_check"]
    environment = os.environ | told
    finished = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return finished.stdout


@pytest.mark.parametrize("name", ["compiled_wheel", "django_wheel"])
def test_requests_leave_nothing_behind(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Django itself and SQLite leave up to three blocks a request, as long as their caches fill."""
    request.getfixturevalue(name).extractall(tmp_path)
    finished = subprocess.run(
        [sys.executable, "-m", "tests.fixtures.kept_blocks"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(finished.stdout)
    assert said["compiled"] is (name == "compiled_wheel")
    assert not {path: blocks for path, blocks in said["kept"].items() if blocks > KEPT_BLOCKS}


def test_wheel_is_plain_where_there_is_no_compiler(tmp_path: Path) -> None:
    finished = _run_build(DJANGO_PACKAGE, tmp_path, **NO_COMPILER, TIMESPLIT_COMPILE="")
    assert [path.name for path in tmp_path.glob("*-py3-none-any.whl")]
    assert "The wheel is plain Python" in finished.stderr
    assert "apt install gcc" in finished.stderr


def test_wheel_that_must_be_compiled_is_refused_without_a_compiler(tmp_path: Path) -> None:
    finished = _run_build(DJANGO_PACKAGE, tmp_path, **NO_COMPILER, TIMESPLIT_COMPILE="yes")
    assert finished.returncode != 0
    assert not list(tmp_path.iterdir())
    said = finished.stdout + finished.stderr
    assert "could not be compiled, as TIMESPLIT_COMPILE=yes asks" in said
    assert "/nonexistent/cc" in said


def test_unknown_word_for_compiling_is_refused(tmp_path: Path) -> None:
    finished = _run_build(DJANGO_PACKAGE, tmp_path, TIMESPLIT_COMPILE="perhaps")
    assert finished.returncode != 0
    assert "TIMESPLIT_COMPILE is 'perhaps'" in finished.stdout + finished.stderr


def test_editable_install_is_never_compiled(tmp_path: Path) -> None:
    code = "import sys; from hatchling.build import build_editable; build_editable(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=DJANGO_PACKAGE,
        env=os.environ | {"TIMESPLIT_COMPILE": "yes"},
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*-py3-none-any.whl")
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".so")]


@pytest.mark.parametrize("wheel", ["server_wheel", "django_wheel"])
def test_wheel_carries_its_licence(wheel: str, request: pytest.FixtureRequest) -> None:
    assert "License-Expression: Apache-2.0" in _metadata(request.getfixturevalue(wheel))
    names = request.getfixturevalue(wheel).namelist()
    assert [name for name in names if name.endswith("licenses/LICENSE")]
