"""Compiles modules of the package with mypyc: `compile_core.py SOURCE MODULE...`.

SOURCE is the package's folder, of which a copy is compiled. All is written below the folder where
this is started; the extension modules are in `built` then. Nothing else that is installed is looked
at, so the result is the same in every environment. `hatch_build.py` runs it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mypyc.build import mypycify
from setuptools import Distribution

# Not strict: whether the sources are well typed is asked elsewhere, with what they import.
MYPY_OPTIONS: Final = (
    "--config-file=",
    "--cache-dir=cache",
    "--explicit-package-bases",
    "--follow-imports=silent",
    "--ignore-missing-imports",
    "--no-site-packages",
)
DEBUG_LEVEL: Final = "0"  # debugging information would name folders of the build


def main(source: Path, modules: Sequence[str]) -> None:
    """Exits with mypyc's or the compiler's own words where it fails."""
    package = source.name
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    extensions = mypycify(
        [*MYPY_OPTIONS, *(f"{package}/{module}.py" for module in modules)],
        target_dir="generated",
        debug_level=DEBUG_LEVEL,
        # The library that they share lies beside the package: from there mypyc tells each `__file__`.
        group_name=package,
    )
    command = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = "built", "objects"
    command.ensure_finalized()
    command.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
