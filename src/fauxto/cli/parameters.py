"""Kinds of parameters that several verbs take."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter, validators

Seed = Annotated[int, Parameter(validator=validators.Number(gte=0))]
"""A seed: any whole number from 0 on, as numpy and torch both take it."""
