"""Every router, in the order in which paths are matched: the catalogue of the API."""

from typing import Final

from fastapi import APIRouter

from . import root

ROUTERS: Final[tuple[APIRouter, ...]] = (
    root.router,
)
