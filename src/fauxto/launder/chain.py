"""Chains of operators as text: "jpeg:75|resize:0.5|webp:80". Seeded, recorded, replayable."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import PIL

from fauxto.errors import ContractError, InputError
from fauxto.launder import codecs
from fauxto.launder.operation import Operator
from fauxto.launder.operators import OPERATORS
from fauxto.launder.parameters import Value
from fauxto.launder.pipelines import PIPELINES
from fauxto.launder.rare_codecs import UNAVAILABLE

MAX_STEPS = 32
"""Real pictures are not shipped more often; a longer chain is a mistake or an attack."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operator of a chain with every parameter spelled out."""

    operator: str
    values: dict[str, Value]

    def __str__(self) -> str:
        return f"{self.operator}:{','.join(f'{k}={v}' for k, v in self.values.items())}".rstrip(":")


@dataclass(frozen=True, slots=True)
class Record:
    """What was done to a picture, enough to do it again: the same pixels, given the same library version.

    `steps` has one row a step: the step spelled out, width and height after it, and the size in bytes of the
    file where the step wrote one. `sha256` is that of the shape and the raw pixels that result.
    """

    chain: str
    seed: int
    steps: list[dict[str, Any]]
    pillow: str
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Shipment:
    """What arrives: pixels, record, and the file as the last step wrote it (None where it writes none)."""

    pixels: np.ndarray
    record: Record
    data: bytes | None


def parse(chain: str) -> list[Step]:
    """The steps of a chain; named pipelines are opened up. `InputError` says which step is wrong and why.

    >>> [str(step) for step in parse("jpeg:75|blur:sigma=2")]
    ['jpeg:quality=75,subsampling=420,mode=baseline', 'blur:sigma=2.0']
    """
    if not chain.strip():
        raise InputError(
            "The chain is empty; expected steps such as jpeg:75|resize:0.5.",
            fix="Write none for a picture that nothing happens to.",
        )
    steps = []
    for text in chain.split("|"):
        name, _, arguments = text.strip().partition(":")
        if name in PIPELINES and not arguments:
            steps += parse(PIPELINES[name].chain)
        elif name in OPERATORS:
            steps.append(Step(name, _values(OPERATORS[name], arguments)))
        elif name in UNAVAILABLE:
            raise InputError(UNAVAILABLE[name], fix="Leave the step out.")
        else:
            raise InputError(
                f"There is no operator or pipeline {text.strip()!r} in the chain {chain!r}.",
                fix=f"Choose among: {', '.join([*OPERATORS, *PIPELINES])}.",
            )
    if len(steps) > MAX_STEPS:
        raise InputError(f"Expected at most {MAX_STEPS} steps; got {len(steps)}.", fix="Shorten the chain.")
    return steps


def apply(pixels: np.ndarray, chain: str, seed: int = 0) -> np.ndarray:
    """The picture after the chain: uint8 H x W x 3 RGB in, the same kind out, the size may differ.

    The input is never written to. Each step draws from its own generator, a function of `seed` and of its
    place in the chain alone, so the result depends on no worker, batch or order.
    """
    return _run(pixels, parse(chain), seed)[0]


def ship(pixels: np.ndarray, chain: str, seed: int = 0, original: bytes | None = None) -> Shipment:
    """Like `apply`, with the record of what was done and the last file that was written.

    `original` is the file that the pixels came from, whose metadata the step `keep` carries over. Errors: InputError
    when that step comes without it.
    """
    steps = parse(chain)
    if original is None and any(step.operator == "keep" for step in steps):
        raise InputError("The step keep needs the file that the pixels came from.", fix="Give ship its `original`.")
    shipped, rows, data = _run(pixels, steps, seed, original)
    return Shipment(shipped, Record(chain, seed, rows, PIL.__version__, _digest(shipped)), data)


def follow(mask: np.ndarray, chain: str, seed: int = 0) -> np.ndarray:
    """Where a mask, bool `(H, W)`, ends up: only the steps that move pixels act on it, with nearest neighbours.

    The chain and the seed have to be those of the picture.
    """
    values = np.repeat(np.where(mask, np.uint8(255), np.uint8(0))[..., None], 3, axis=2)
    for index, step in enumerate(parse(chain)):
        operator = OPERATORS[step.operator]
        if operator.moves:
            kernel = {"kernel": "nearest"} if "kernel" in step.values else {}
            act = operator.outline or operator.run
            values = np.asarray(act(values, rng_of(seed, index), **{**step.values, **kernel}))
    return values[..., 0] > 127


def replay(pixels: np.ndarray, record: Record) -> np.ndarray:
    """Do again what a record says; `ContractError` where the pixels come out different."""
    again = _run(pixels, parse("|".join(row["step"] for row in record.steps)), record.seed)[0]
    if _digest(again) != record.sha256:
        raise ContractError(
            f"Replaying {record.chain!r} gave other pixels than recorded (Pillow {record.pillow} then, "
            f"{PIL.__version__} now).",
            fix=f"Use the same original, and pip install pillow=={record.pillow}.",
        )
    return again


def _run(
    pixels: np.ndarray, steps: list[Step], seed: int, original: bytes | None = None
) -> tuple[np.ndarray, list[dict[str, Any]], bytes | None]:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise InputError(
            f"Expected uint8 pixels of shape (H, W, 3); got {pixels.dtype} {pixels.shape}.",
            fix="Give an H x W x 3 array of uint8 RGB values.",
        )
    rows: list[dict[str, Any]] = []
    data: bytes | None = None
    for index, step in enumerate(steps):
        operator = OPERATORS[step.operator]
        if operator.on_file:
            file = codecs.save(pixels, "PNG") if data is None else data
            result = operator.run(file, rng_of(seed, index), original=original, **step.values)
        else:
            result = operator.run(pixels, rng_of(seed, index), **step.values)
        data = result if isinstance(result, bytes) else None
        pixels = codecs.decode(result) if isinstance(result, bytes) else result
        height, width = pixels.shape[:2]
        size = len(data) if data is not None else None
        rows.append({"step": str(step), "width": width, "height": height, "bytes": size})
    return pixels, rows, data


def rng_of(seed: int, index: int) -> np.random.Generator:
    """The generator of a step: a function of the seed and of its place in the chain alone."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, index])))


def _values(operator: Operator, text: str) -> dict[str, Value]:
    """All values of an operator: first by place, then by name, the rest by default."""
    values = {parameter.name: parameter.default for parameter in operator.parameters}
    named = False
    given: set[str] = set()
    for place, argument in enumerate(text.split(",") if text else []):
        name, equals, value = argument.strip().partition("=")
        named = named or bool(equals)
        if not equals:
            if named or place >= len(operator.parameters):
                raise _refuse(operator, argument)
            name, value = operator.parameters[place].name, argument.strip()
        parameter = next((p for p in operator.parameters if p.name == name), None)
        if parameter is None or name in given:
            raise _refuse(operator, argument)
        given.add(name)
        values[name] = parameter.read(value)
    return values


def _refuse(operator: Operator, argument: str) -> InputError:
    names = ", ".join(parameter.name for parameter in operator.parameters) or "none"
    return InputError(
        f"{operator.name} cannot take {argument!r}; its parameters are, in order: {names}.",
        fix="Give each once: values by place first, then name=value.",
    )


def _digest(pixels: np.ndarray) -> str:
    return hashlib.sha256(repr(pixels.shape).encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()
