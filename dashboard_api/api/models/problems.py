"""What an error looks like: RFC 9457, `application/problem+json`."""

from __future__ import annotations

from pydantic import Field

from dashboard_api.api.models.shape import Answer


class InvalidParameter(Answer):
    """One parameter that cannot be used."""

    parameter: str = Field(description="The parameter's name.")
    detail: str = Field(description="What is wrong with it.")


class Problem(Answer):
    """Why a request was not answered, and what to do."""

    type: str = Field(description="`about:blank`: the status says which kind.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened and what to do.")
    parameters: list[InvalidParameter] = Field(
        description="The parameters that cannot be used; empty where none is to blame."
    )
