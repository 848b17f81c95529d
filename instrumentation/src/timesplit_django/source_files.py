"""Whose code a file holds, and how its path is shown."""

from __future__ import annotations

import importlib.util
import linecache
import os
import re
import site
import sys
import sysconfig
from asyncio import base_events, events, runners
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings as django_settings

# Verdicts on a file. From LIBRARY on, a frame of it may be named when nothing better is found.
OUTSIDE: Final = -2
RELATED: Final = -1
PASSED_OVER: Final = 0
OWN: Final = 1
BOUNDARY: Final = 2
LIBRARY: Final = 3
FRAMEWORK: Final = 4

REMEMBERED_LINES: Final = 10_000

_OWN_FOLDER: Final = str(Path(__file__).parent) + os.sep
_BOUNDARY_FILE: Final = _OWN_FOLDER + "layer.py"
_DJANGO_FOLDER: Final = str(Path(django.__file__).parent) + os.sep
# Every query passes through these, so they say nothing.
_TRANSPARENT: Final = (
    *(_DJANGO_FOLDER + part + os.sep for part in ("db", "utils")),
    _DJANGO_FOLDER + "shortcuts.py",
)
_INSTALLED: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
# Where the stack of a task that the view has begun ends: what runs the loop has not caused it.
# A loop in C has no frame of its own between a task and its server.
_LOOP_FILES: Final = tuple(module.__file__ for module in (base_events, events, runners))
_SERVERS: Final = tuple(
    folder + name + os.sep
    for folder in _INSTALLED
    for name in ("daphne", "granian", "gunicorn", "hypercorn", "uvicorn")
)


def verdict_of(filename: str) -> int:
    """Whose code this is: the project's (OWN), an installed package's, Python's, this package's."""
    if filename.startswith("<"):
        return PASSED_OVER
    path = str(Path(filename).absolute())
    if path == _BOUNDARY_FILE:
        return BOUNDARY
    if path in _LOOP_FILES or any(server in path for server in _SERVERS):
        return OUTSIDE
    if path.startswith((_OWN_FOLDER, *_TRANSPARENT)):
        return PASSED_OVER
    if path.startswith(_standard_folders()) and not _is_installed(path):
        return PASSED_OVER
    if _is_projects(path):
        return OWN
    if path.startswith((_DJANGO_FOLDER, *_package_folders(), *_target_folders())):
        return LIBRARY
    if _is_installed(path):
        return LIBRARY
    return OWN


@lru_cache(REMEMBERED_LINES)
def is_own_template(filename: str) -> bool:
    """Whether a template is the project's; one that is no file's has no place to be found at."""
    return verdict_of(filename) == OWN


def shown_path(filename: str) -> str:
    """The path relative to the project, or to the import path it was found on."""
    path = str(Path(filename).absolute())
    folder = _project_folder()
    if path.startswith(folder):
        return path[len(folder) :]
    for folder in _import_folders():
        if path.startswith(folder):
            return path[len(folder) :]
    return Path(path).name


def line_of_class(owner: type, name: str) -> tuple[str, int]:
    """File and line where a class defines a name, else where the class begins, else line 0.

    A class that `type()` has made, as admins are decorated by it, is in no file: its base is.
    """
    for written in owner.__mro__[:-1]:
        file, line = _line_of_class(written.__module__, written.__name__, name)
        if line:
            return file, line
    return _line_of_class(owner.__module__, owner.__name__, name)


# Remembers no class: a class may be made for a single request.
@lru_cache(REMEMBERED_LINES)
def _line_of_class(module: str, class_name: str, name: str) -> tuple[str, int]:
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return module, 0
    begin = 0
    for number, line in enumerate(linecache.getlines(file), start=1):
        if begin and re.match(rf"\s+{re.escape(name)}\b\s*[:=]", line):
            return shown_path(file), number
        if begin and re.match(r"class\b", line):
            break
        if re.match(rf"\s*class\s+{re.escape(class_name)}\b", line):
            begin = number
    return shown_path(file), begin


def _is_projects(path: str) -> bool:
    """In the project's folder, and not installed somewhere there; or the project, installed."""
    if path.startswith(_installed_project()):
        return True
    folder = _project_folder()
    if folder.endswith(_INSTALLED) or not path.startswith(folder):
        return False
    if path.startswith(tuple(f for f in _target_folders() if f.startswith(folder))):
        return False
    return not _is_installed(os.sep + path[len(folder) :])


def _is_installed(path: str) -> bool:
    return any(part in path for part in _INSTALLED)


@cache
def _project_folder() -> str:
    base = getattr(django_settings, "BASE_DIR", None) or Path.cwd()
    return str(Path(str(base)).absolute()).rstrip(os.sep) + os.sep


@cache
def _installed_project() -> tuple[str, ...]:
    """The folders of the project, where it is installed: what came with its settings or its URLs.

    Its BASE_DIR may be any folder then: that of all packages, or one for its data.
    """
    modules = os.environ.get("DJANGO_SETTINGS_MODULE"), getattr(django_settings, "ROOT_URLCONF", "")
    packages = {module.partition(".")[0] for module in modules if module}
    folders = {folder for package in packages for folder in _folders_of(package)}
    installed = {f for f in folders if _is_installed(f) or f.startswith(_target_folders())}
    projects = {f for f in installed if not _DJANGO_FOLDER.startswith(f)}
    if not projects:
        # To read of all distributions what they hold takes long.
        return ()
    together = [names for names in map(_packages_of, metadata.distributions()) if names & packages]
    beside = {
        str(Path(f).parent / name) + os.sep for f in projects for name in set().union(*together)
    }
    return tuple(projects | beside)


def _folders_of(package: str) -> list[str]:
    """Where a package would be imported from."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return []
    # Of a package without an `__init__.py` no list, as compiled code would ask for.
    places: Any = getattr(spec, "submodule_search_locations", None)
    return [str(Path(place).absolute()) + os.sep for place in places or ()]


def _packages_of(distribution: metadata.Distribution) -> set[str]:
    files = (distribution.read_text("RECORD") or "").splitlines()
    return {file.partition("/")[0] for file in files if "/" in file}


@cache
def _standard_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple(paths[name].rstrip(os.sep) + os.sep for name in ("stdlib", "platstdlib"))


@cache
def _package_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths["purelib"], paths["platlib"], *site.getsitepackages()}
    return tuple(folder.rstrip(os.sep) + os.sep for folder in folders)


@cache
def _target_folders() -> tuple[str, ...]:
    """Of the import path, those that hold what is installed: by `pip install --target`, or by what
    puts instrumentation into containers. Not the project's: it may have its packages beside it.
    """
    folders = (f for f in _import_folders() if f != _project_folder())
    return tuple(folder for folder in folders if _holds_distributions(folder))


def _holds_distributions(folder: str) -> bool:
    try:
        return any(path.suffix == ".dist-info" for path in Path(folder).iterdir())
    except OSError:
        # No folder, or not this user's to read.
        return False


@cache
def _import_folders() -> tuple[str, ...]:
    folders = {str(Path(entry).absolute()) + os.sep for entry in sys.path if entry}
    return tuple(sorted(folders, key=len, reverse=True))
