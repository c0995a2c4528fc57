"""What one has to know before comparing a generator's score: said beside the figures, each with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fauxto.score.generative.frechet import rank_note

if TYPE_CHECKING:
    from fauxto.bench.generator import Side
    from fauxto.bench.generator_features import Survey
    from fauxto.nn.feature_network import Shape

DISTANCES = {"fid", "fid-infinity"}


def notes(shape: Shape, metrics: Sequence[str], subset: int, real: Side, fake: Side) -> list[str]:
    """Sentences, the gravest first; none where nothing is to be said."""
    found = []
    counts = [side.given.count if side.given is not None else side.survey.pictures for side in (real, fake)]
    if DISTANCES & set(metrics):
        known = [count for count in counts if count is not None]
        if note := rank_note(min(known) if len(known) == 2 else None, shape.width):
            found.append(note)
    if "kid" in metrics and min(count or 0 for count in counts) <= subset:
        found.append("Each of KID's subsets holds all of the smaller set, so its deviation says little.")
    for name, side in (("real", real), ("fake", fake)):
        if side.given is None:
            found += _of_one(name, side.survey)
            if side.problems.count:
                found.append(f"{side.problems.count} {name} files were left out; the report names the first of them.")
    if real.given is None and fake.given is None:
        found += _of_both(real.survey, fake.survey)
    return found


def _of_one(name: str, survey: Survey) -> list[str]:
    found = []
    if 0 < survey.gray < survey.pictures:
        found.append(f"{survey.gray} of {survey.pictures} {name} pictures are gray: convert them, or leave them out.")
    elif survey.gray:
        found.append(f"All {name} pictures are gray; they were read as three equal channels.")
    if survey.alpha:
        found.append(
            f"{survey.alpha} {name} pictures have transparency, which was laid over white. Save them without alpha if "
            "they were meant otherwise."
        )
    if len(survey.sizes) > 1:
        found.append(
            f"The {name} pictures have {len(survey.sizes)} sizes; each was squeezed to a square. Crop and resize them "
            "alike first if the figure is to be compared."
        )
    elif any(width != height for width, height in survey.sizes):
        found.append(f"The {name} pictures are not square and were squeezed; crop them first if that is not meant.")
    if len(survey.contents) < survey.pictures:
        found.append(f"{survey.pictures - len(survey.contents)} {name} files repeat another one's content.")
    return found


def _of_both(real: Survey, fake: Survey) -> list[str]:
    found = []
    if shared := len(real.contents & fake.contents):
        found.append(f"{shared} files are in both folders, byte for byte: the distance is too good.")
    if set(real.sizes) != set(fake.sizes):
        found.append("The two sets differ in size: part of the distance is the resizing's. Bring both to one size.")
    if set(real.formats) != set(fake.formats):
        found.append(
            f"The reals are {_list(real.formats)}, the fakes {_list(fake.formats)}: part of the distance is "
            "compression. Save both in one format."
        )
    if real.gray == real.pictures != 0 and fake.gray < fake.pictures:
        found.append("The reals are gray and the fakes are not: convert one of them.")
    if fake.gray == fake.pictures != 0 and real.gray < real.pictures:
        found.append("The fakes are gray and the reals are not: convert one of them.")
    return found


def _list(formats: Sequence[str] | dict[str, int]) -> str:
    return " and ".join(sorted(name.upper() for name in formats))
