"""Hatchling's hook: compiles the modules that are on every request's path into the wheel.

`compiled` in pyproject.toml names them. The wheel holds their sources too, as every other module's.
Where they cannot be compiled the wheel is a plain one, which does the same at a higher cost;
TIMESPLIT_COMPILE=yes refuses that instead, and TIMESPLIT_COMPILE=no does not try. An editable
install is never compiled: machine code would outlive the edits of its source.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE: Final = "TIMESPLIT_COMPILE"
PACKAGE: Final = "timesplit_django"
LINES_OF_OUTPUT: Final = 20
WHAT_IS_NEEDED: Final = (
    "It takes a C compiler and Python's headers (Debian: apt install gcc libc6-dev python3-dev), "
    "and in the build environment mypy and setuptools, which pip installs there by itself."
)


class NotCompiledError(Exception):
    """Says why machine code could not be made."""


class CompiledCoreHook(BuildHookInterface):  # type: ignore[type-arg] # the configuration is not ours
    """Runs before hatchling collects the wheel's files, and once more when it has."""

    PLUGIN_NAME = "custom"
    _scratch: TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add what came of it; `version` is "standard" or "editable"."""
        asked = os.environ.get(VARIABLE, "").strip().lower()
        if asked not in ("", "yes", "no"):
            raise SystemExit(f"{VARIABLE} is {asked!r}: it takes yes, no, or nothing to try.")
        if asked == "no" or version == "editable":
            return
        try:
            files = self._compile()
        except NotCompiledError as reason:
            if asked == "yes":
                refusal = f"The wheel could not be compiled, as {VARIABLE}=yes asks: {reason}"
                raise SystemExit(f"{refusal}\n{WHAT_IS_NEEDED}") from None
            self.app.display_warning(
                f"The wheel is plain Python, which takes more of each request: {reason}\n"
                f"{WHAT_IS_NEEDED} {VARIABLE}=no says that a plain wheel is wanted."
            )
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update(files)

    def finalize(self, *_: Any) -> None:
        """Remove what was compiled: the wheel holds it."""
        if self._scratch is not None:
            self._scratch.cleanup()

    def _compile(self) -> dict[str, str]:
        """Where each extension module is, and its path in the wheel."""
        _refuse_interpreter()
        self._scratch = TemporaryDirectory(prefix="timesplit-compiled-")
        folder = Path(self._scratch.name)
        source = Path(self.root, "src", PACKAGE)
        # A process of its own: mypyc writes where it stands, and ends the process where it fails.
        command = [sys.executable, str(Path(self.root, "compile_core.py")), str(source)]
        finished = subprocess.run(  # noqa: S603 # of this project's own words
            [*command, *self.config["compiled"]],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if finished.returncode:
            last = finished.stdout.strip().splitlines()[-LINES_OF_OUTPUT:]
            raise NotCompiledError("\n".join(["the compiler's last words are", *last]))
        built = folder / "built"
        return {str(path): path.relative_to(built).as_posix() for path in built.rglob("*.*")}


def _refuse_interpreter() -> None:
    """Raise NotCompiledError where mypyc's machine code would not run, or not safely."""
    if sys.implementation.name != "cpython":
        raise NotCompiledError(f"{sys.implementation.name} does not run what mypyc compiles.")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise NotCompiledError(
            "what mypyc compiles counts on the lock that this Python is without."
        )
