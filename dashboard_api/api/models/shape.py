"""What all answers are made of: strict objects without optional fields, and the range they cover.

A figure that is not known is null, never 0, and never left out.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """A JSON object of the API: every field is always there."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        serialize_by_alias=True,
        validate_by_name=True,
        validate_by_alias=True,
    )


class RangedAnswer(Answer):
    """An answer about a time range."""

    from_: datetime = Field(
        alias="from",
        description="Start of the range the figures cover, inclusive: UTC, a whole minute or longer period.",
    )
    to: datetime = Field(
        description="End of the range the figures cover, exclusive: UTC, a whole minute or longer period."
    )


NEXT_CURSOR = "Pass as `cursor` for the following page; null on the last page."
