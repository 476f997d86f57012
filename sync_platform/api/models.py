"""What bodies have in common (API-06)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

#: Text that PostgreSQL can hold and a person can read: no NUL and no other control character but tab and line ends.
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Note = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,40}$")]
#: A number of a row, as far as PostgreSQL's bigint goes.
RowNumber = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Body(BaseModel):
    """A request's body: unknown fields are refused, and nothing is converted behind the client's back."""

    model_config = ConfigDict(extra="forbid", strict=False, str_max_length=10_000, allow_inf_nan=False)


class Answer(BaseModel):
    """A successful answer."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
