"""Whether the page may read."""

from __future__ import annotations

from pydantic import Field

from dashboard_api.api.models.shape import Answer


class Session(Answer):
    """Who reads."""

    tokens_required: bool = Field(description="Whether a token is needed to read.")
    token_name: str | None = Field(
        description="The name of the token that this request shows; null where it shows none "
        "that may read, and where none is needed."
    )
