"""Answers of the service about itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dashboard_api.api.models.shape import Answer


class Health(Answer):
    """The service is well."""

    status: Literal["ok"] = Field(description="Always `ok`; anything else is a problem.")
