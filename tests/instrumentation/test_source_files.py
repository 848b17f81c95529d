"""Whose code a file holds, wherever the project and its packages are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import django
import pytest
from django.test import override_settings

from timesplit_django import source_files
from timesplit_django.source_files import LIBRARY, OWN, PASSED_OVER, shown_path, verdict_of


@pytest.fixture
def project_in(project: None) -> Iterator[Callable[[Path], None]]:
    """`project_in(folder)`: a project with that BASE_DIR and the URLs of a package `shop`."""
    entered = []

    def enter(folder: Path) -> None:
        entered.append(override_settings(BASE_DIR=folder, ROOT_URLCONF="shop.urls"))
        entered[-1].enable()
        _forget()

    yield enter
    for change in reversed(entered):
        change.disable()
    _forget()


def test_project_that_is_an_installed_package(
    project_in: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BASE_DIR as `startproject` writes it is then the folder of all installed packages."""
    folder = tmp_path / "site-packages"
    _install(folder, "shop", ["shop", "shop_accounts"])
    _install(folder, "shopping_cart", ["shopping_cart"])
    monkeypatch.syspath_prepend(str(folder))
    project_in(folder)

    assert verdict_of(str(folder / "shop" / "views.py")) == OWN
    assert verdict_of(str(folder / "shop_accounts" / "models.py")) == OWN
    assert verdict_of(str(folder / "shopping_cart" / "models.py")) == LIBRARY
    assert verdict_of(str(folder / "django_tables2" / "rows.py")) == LIBRARY
    assert shown_path(str(folder / "shop" / "views.py")) == "shop/views.py"


def test_installed_project_that_has_its_data_elsewhere(
    project_in: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site-packages"
    _install(folder, "shop", ["shop", "shop_accounts"])
    monkeypatch.syspath_prepend(str(folder))
    project_in(tmp_path / "data")

    assert verdict_of(str(folder / "shop" / "views.py")) == OWN
    assert verdict_of(str(folder / "shop_accounts" / "models.py")) == OWN
    assert verdict_of(str(folder / "django_tables2" / "rows.py")) == LIBRARY
    assert verdict_of(str(tmp_path / "data" / "plugin.py")) == OWN
    assert shown_path(str(folder / "shop" / "views.py")) == "shop/views.py"


@pytest.mark.parametrize("urls", ["django.contrib.auth.urls", "no.such.urls", ".urls"])
def test_urls_that_are_no_projects(
    project_in: Callable[[Path], None], tmp_path: Path, urls: str
) -> None:
    project_in(tmp_path)
    with override_settings(ROOT_URLCONF=urls):
        _forget()
        assert verdict_of(str(Path(django.__file__).parent / "http" / "request.py")) == LIBRARY


def test_project_in_the_root_folder(project_in: Callable[[Path], None]) -> None:
    project_in(Path("/"))

    assert verdict_of("/views.py") == OWN
    assert verdict_of(threading.__file__) == PASSED_OVER
    assert verdict_of(str(Path(django.__file__).parent / "http" / "request.py")) == LIBRARY


def test_virtual_environment_in_the_projects_folder(
    project_in: Callable[[Path], None], tmp_path: Path
) -> None:
    project_in(tmp_path)

    assert verdict_of(str(tmp_path / "shop" / "views.py")) == OWN
    installed = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    assert verdict_of(str(installed / "shop" / "views.py")) == LIBRARY


@pytest.mark.parametrize("place", ["injected", "project/vendor"])
def test_packages_installed_in_a_folder_of_the_import_path(
    project_in: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """As `pip install --target` does, and what puts OpenTelemetry's instrumentors into a pod."""
    folder = tmp_path / place
    _install(folder, "instrumentors", ["instrumentors"])
    monkeypatch.syspath_prepend(str(tmp_path / "project"))
    monkeypatch.syspath_prepend(str(folder))
    project_in(tmp_path / "project")

    assert verdict_of(str(folder / "instrumentors" / "middleware.py")) == LIBRARY
    assert verdict_of(str(tmp_path / "project" / "shop" / "views.py")) == OWN


@pytest.mark.parametrize("base", ["", "shop", "data"])
def test_project_beside_what_is_installed_for_it(
    project_in: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    _install(tmp_path, "shop", ["shop"])
    monkeypatch.syspath_prepend(str(tmp_path))
    project_in(tmp_path / base)

    assert verdict_of(str(tmp_path / "shop" / "views.py")) == OWN


def test_way_that_every_query_may_take_says_nothing() -> None:
    assert verdict_of(str(Path(django.__file__).parent / "shortcuts.py")) == PASSED_OVER
    assert verdict_of(str(Path(django.__file__).parent / "db" / "models.py")) == PASSED_OVER


def _install(folder: Path, distribution: str, packages: list[str]) -> None:
    information = folder / f"{distribution}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\n")
    files = [f"{package}/__init__.py,," for package in packages]
    for package in packages:
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
    (information / "RECORD").write_text("\n".join([*files, "six.py,,", ""]))


def _forget() -> None:
    for remembered in (
        source_files._project_folder,
        source_files._installed_project,
        source_files._import_folders,
        source_files._target_folders,
    ):
        remembered.cache_clear()
