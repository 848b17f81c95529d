"""Makes the environment of a cell: a Python, a Django, the package's wheel, what its tests need."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.fixtures.compiled_package import build_wheel

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".matrix"
CONSTRAINTS: Final = ROOT / "deploy" / "constraints.txt"
MYSQLCLIENT: Final = Path(__file__).with_name("mysqlclient.txt")
PROJECTS: Final = (ROOT / "pyproject.toml", ROOT / "instrumentation" / "pyproject.toml")
_UV: Final = (sys.executable, "-m", "uv")


@dataclass(frozen=True)
class Cell:
    """A Python and a Django, as `3.12` and `5.2`, and whether the package is compiled."""

    python: str
    django: str
    compiled: bool

    @property
    def core(self) -> str:
        return "compiled" if self.compiled else "plain"

    @property
    def name(self) -> str:
        return f"python {self.python}, django {self.django}, {self.core}"

    @property
    def folder(self) -> Path:
        return FOLDER / f"python{self.python}-django{self.django}-{self.core}"

    @property
    def interpreter(self) -> Path:
        return self.folder / "bin" / "python"


def set_up(cell: Cell, python: Path) -> None:
    """Make the cell's environment, or only put a new wheel into one that is up to date."""
    stamp = cell.folder / "installed"
    wanted = _wanted(python)
    if not stamp.exists() or stamp.read_text() != wanted:
        _create(cell, python)
        stamp.write_text(wanted)
    with TemporaryDirectory() as scratch:
        wheel = build_wheel(Path(scratch), cell.compiled, cell.interpreter)
        _install(cell, "--no-deps", "--reinstall", str(wheel))


def constraints_of(django: str, constraints: str) -> str:
    """The pins that take this Django on every Python."""
    stanzas = re.findall(r"^\S.*\n(?:    .*\n)*", constraints, re.MULTILINE)
    others = [stanza for stanza in stanzas if not stanza.startswith("django==")]
    (chosen,) = (stanza for stanza in stanzas if stanza.startswith(f"django=={django}."))
    return "".join([re.sub(r" ;[^\\]*", " ", chosen, count=1), *others])


def _create(cell: Cell, python: Path) -> None:
    subprocess.run(
        [*_UV, "venv", "--quiet", "--clear", "--python", python, cell.folder], check=True
    )
    pins = cell.folder / "constraints.txt"
    pins.write_text(constraints_of(cell.django, CONSTRAINTS.read_text()))
    projects = [part for project in PROJECTS for part in ("-r", str(project))]
    _install(cell, "--require-hashes", "--constraint", str(pins), *projects, "--group", "matrix")
    _install_mysqlclient(cell)


def _install_mysqlclient(cell: Cell) -> None:
    """It is built from source: without a compiler the tests of MariaDB skip, except in CI."""
    try:
        _install(cell, "--require-hashes", "-r", str(MYSQLCLIENT))
    except subprocess.CalledProcessError:
        if os.environ.get("CI"):
            raise
        sys.stdout.write("mysqlclient could not be built: MariaDB is left out\n")


def _install(cell: Cell, *arguments: str) -> None:
    command = [*_UV, "pip", "install", "--quiet", "--python", str(cell.interpreter), *arguments]
    subprocess.run(command, cwd=ROOT, check=True)


def _wanted(python: Path) -> str:
    digest = hashlib.sha256(str(python).encode())
    for path in (CONSTRAINTS, MYSQLCLIENT, *PROJECTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()
