"""Answers written straight from a model: what the hot routes return."""

from collections.abc import Sequence

from pydantic import BaseModel
from pydantic_core import to_json
from starlette.responses import Response


def answer(model: BaseModel, status: int = 200) -> Response:
    """One model as JSON, serialised once, without the second validation of a response model."""
    return Response(model.model_dump_json(), status, media_type="application/json")


def answer_list(models: Sequence[BaseModel]) -> Response:
    """A list of models as JSON."""
    return Response(to_json(models, inf_nan_mode="null"), media_type="application/json")
