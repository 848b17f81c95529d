"""Hatchling's hook: builds the page and puts it into the wheel.

A wheel without its page is refused. An editable install goes on without it: the service then says
in the browser what is missing.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg] # the configuration is not ours
    """Runs before hatchling collects the wheel's files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the page; `version` is "standard" or "editable"."""
        # By its path: what builds the wheel has not installed this project.
        page = SimpleNamespace(
            **runpy.run_path(str(Path(self.root, "dashboard_api", "web", "build_page.py")))
        )
        try:
            page.build()
        except page.PageNotBuiltError as error:
            if version != "editable":
                refusal = f"The page could not be built, so neither can the wheel.\n{error}"
                raise SystemExit(refusal) from None
            self.app.display_warning(
                f"The page could not be built: {error}\n"
                "The service will run without it; build it later with "
                "`python -m dashboard_api.web.build_page`."
            )
