"""Building the page, and what happens where that is not possible."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard_api.web import build_page

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fresh_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources of the page without anything built, on a machine without a package registry."""
    web = tmp_path / "dashboard_api" / "web"
    ignored = shutil.ignore_patterns("node_modules", "dist", ".dist-*", "__pycache__")
    shutil.copytree(build_page.WEB, web, ignore=ignored)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
    return tmp_path


class App:
    """What hatchling gives a hook to speak through."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def display_warning(self, text: str) -> None:
        self.warnings.append(text)


def run_hook(root: Path, version: str) -> App:
    hook_type = runpy.run_path(str(ROOT / "hatch_build.py"))["PageBuildHook"]
    app = App()
    hook: Any = hook_type(str(root), {}, None, None, str(root), "wheel", app)
    hook.initialize(version, {})
    return app


def test_wheel_without_its_page_is_refused(fresh_clone: Path) -> None:
    with pytest.raises(SystemExit, match="The page could not be built, so neither can the wheel"):
        run_hook(fresh_clone, "standard")


def test_editable_install_goes_on_without_the_page(fresh_clone: Path) -> None:
    app = run_hook(fresh_clone, "editable")
    assert "python -m dashboard_api.web.build_page" in app.warnings[0]


def test_failed_build_leaves_nothing_behind(fresh_clone: Path) -> None:
    web = fresh_clone / "dashboard_api" / "web"
    page = SimpleNamespace(**runpy.run_path(str(web / "build_page.py")))
    with pytest.raises(page.PageNotBuiltError, match="npm"):
        page.build()
    assert not (web / "dist").exists()


def test_current_page_is_not_built_again(built_page: None) -> None:
    assert build_page.build() is False


def test_changed_source_makes_the_page_stale(fresh_clone: Path, built_page: None) -> None:
    web = fresh_clone / "dashboard_api" / "web"
    shutil.copytree(build_page.DIST, web / "dist")
    page = SimpleNamespace(**runpy.run_path(str(web / "build_page.py")))
    assert page.is_current()
    (web / "src" / "main.tsx").write_text("// changed\n")
    assert not page.is_current()


def test_page_asks_no_other_host(built_page: None) -> None:
    document = (build_page.DIST / "index.html").read_text()
    assert "http" not in document.replace('content="http', "")
    styles = "".join(p.read_text() for p in (build_page.DIST / "assets").glob("*.css"))
    assert "url(http" not in styles
    assert "@import" not in styles


def test_built_page_names_the_licences_it_holds(built_page: None) -> None:
    licences = (build_page.DIST / "licenses.md").read_text()
    assert "## react-dom" in licences
    assert "## echarts" in licences
