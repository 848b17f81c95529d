"""The line behind a query: the nearest frame of the user's own code.

Walking raw frames with a verdict cached for each file costs one or two microseconds; a formatted
stack would cost a hundred. What is kept is a code object and a line; the text is made when the
request is over.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Final, NamedTuple

import django
from django.conf import settings as django_settings

CACHED_SITES: Final = 10_000
OWN_FOLDER: Final = str(Path(__file__).parent) + os.sep


class Site(NamedTuple):
    """Where a query was caused: a file relative to the project, a line, a function or field."""

    file: str
    line: int
    function: str


_own_code: dict[str, bool] = {}
_boundaries: set[int] = set()
_sites: dict[tuple[int, int], tuple[CodeType, Site]] = {}


def stop_at(code: CodeType) -> None:
    """Never look beyond frames of this code: they belong to the server or to a test driver."""
    _boundaries.add(id(code))


def find_site(skipped_frames: int = 1) -> Site | None:
    """The nearest line of the user's code on the stack of the calling thread."""
    frame: FrameType | None = sys._getframe(skipped_frames)
    while frame is not None:
        code = frame.f_code
        own = _own_code.get(code.co_filename)
        if own is None:
            own = _own_code[code.co_filename] = is_users(code.co_filename)
        if own:
            return _site_of(code, frame.f_lineno)
        if id(code) in _boundaries:
            return None
        frame = frame.f_back
    return None


def is_users(filename: str) -> bool:
    """True for code of the project: not of Python, an installed package, or this one."""
    if filename.startswith("<"):
        return False
    path = str(Path(filename).absolute())
    if path.startswith(OWN_FOLDER):
        return False
    if path.startswith(_project_folder()) and not _within_installed(path[len(_project_folder()) :]):
        return True
    return not path.startswith(_library_folders()) and not _within_installed(path)


def shown_path(filename: str) -> str:
    """The path relative to the project or to the import path it was found on."""
    path = str(Path(filename).absolute())
    for folder in (_project_folder(), *_import_folders()):
        if path.startswith(folder):
            return path[len(folder) :]
    return Path(path).name


def _site_of(code: CodeType, line: int) -> Site:
    known = _sites.get((id(code), line))
    if known is not None and known[0] is code:
        return known[1]
    if len(_sites) >= CACHED_SITES:
        _sites.clear()
    found = Site(shown_path(code.co_filename), line, code.co_qualname)
    _sites[id(code), line] = (code, found)
    return found


def _within_installed(path: str) -> bool:
    return f"{os.sep}site-packages{os.sep}" in path or f"{os.sep}dist-packages{os.sep}" in path


@cache
def _project_folder() -> str:
    base = getattr(django_settings, "BASE_DIR", None) or Path.cwd()
    return str(Path(str(base)).absolute()).rstrip(os.sep) + os.sep


@cache
def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.update(site.getsitepackages())
    folders.add(str(Path(django.__file__).parent))
    return tuple(folder.rstrip(os.sep) + os.sep for folder in folders)


@cache
def _import_folders() -> tuple[str, ...]:
    folders = {str(Path(entry).absolute()) + os.sep for entry in sys.path if entry}
    return tuple(sorted(folders, key=len, reverse=True))
