"""ADA's pipeline: up to 18 changes to a picture, each with the same probability p (Karras et al. 2020).

Below p = 0.8 or so the generator does not learn the changes, because no change is always there; so the discriminator
may see a small data set through them without teaching the generator to draw them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from fauxto.generate.gan import affine
from fauxto.generate.gan.resampling import band_filtered, warped

Policy = Literal["blit", "geom", "color", "filter", "noise", "cutout", "bg", "bgc", "bgcf", "bgcfn", "bgcfnc"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
PARTS = ("blit", "geom", "color", "filter", "noise", "cutout")


def parts_of(policy: Policy) -> tuple[str, ...]:
    """The parts of a policy: one by its name, or the first few by their initials.

    >>> parts_of("bgc"), parts_of("noise")
    (('blit', 'geom', 'color'), ('noise',))
    """
    return (policy,) if policy in PARTS else PARTS[: len(policy)]


@dataclass(frozen=True, slots=True)
class Strengths:
    """How far each change goes; the published values. A standard deviation unless it says most."""

    most_whole_shift: float = 0.125
    """Of the side; most."""
    scale: float = 0.2
    """Of log2 of the factor."""
    most_turn: float = 1.0
    """Of half a turn; most."""
    stretch: float = 0.2
    """Of log2 of the factor."""
    shift: float = 0.125
    """Of the side."""
    brightness: float = 0.2
    contrast: float = 0.5
    """Of log2 of the factor."""
    most_hue: float = 1.0
    """Of half a turn; most."""
    saturation: float = 1.0
    """Of log2 of the factor."""
    band: float = 1.0
    """Of log2 of a band's gain."""
    noise: float = 0.1
    cutout: float = 0.5
    """Share of the sides that is cut out."""


def augment(pictures: Tensor, p: float, policy: Policy = "bgc", strengths: Strengths = Strengths()) -> Tensor:
    """Each picture of `(n, 3, h, w)`, in [-1, 1], through the parts of a policy; p = 0 gives the pictures themselves.

    Differentiable. Every change is drawn for every picture on its own.
    """
    if p <= 0:
        return pictures
    parts = parts_of(policy)
    draw = Draws(len(pictures), p, pictures.device)
    if "blit" in parts or "geom" in parts:
        inverse = inverse_map(draw, pictures.shape[-2], pictures.shape[-1], parts, strengths)
        pictures = warped(pictures, inverse)
    if "color" in parts:
        colours = colour_map(draw, strengths).to(pictures.dtype)
        flat = colours[:, :3, :3] @ pictures.flatten(2) + colours[:, :3, 3:]
        pictures = flat.reshape(pictures.shape)
    if "filter" in parts:
        pictures = band_filtered(pictures, band_gains(draw, strengths))
    if "noise" in parts:
        strength = draw.when(draw.normal().abs() * strengths.noise, 0.0).to(pictures.dtype)
        pictures = pictures + torch.randn_like(pictures) * strength.view(-1, 1, 1, 1)
    if "cutout" in parts:
        pictures = pictures * _kept(draw, pictures, strengths.cutout)
    return pictures


class Draws:
    """Random numbers `(n,)`, one for each picture, and the coin that decides whether a change is made."""

    def __init__(self, count: int, p: float, device: torch.device | str = "cpu") -> None:
        self.count, self.p, self.device = count, p, device

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Between two numbers."""
        return torch.rand(self.count, device=self.device) * (high - low) + low

    def normal(self) -> Tensor:
        """Standard normal."""
        return torch.randn(self.count, device=self.device)

    def when(self, value: Tensor, otherwise: float, p: float | None = None) -> Tensor:
        """`value` with probability p, else what changes nothing."""
        taken = torch.rand(self.count, device=self.device) < (self.p if p is None else p)
        return torch.where(taken, value, otherwise)


def inverse_map(draw: Draws, height: int, width: int, parts: tuple[str, ...], strengths: Strengths) -> Tensor:
    """The inverses of all moves, one after the other, `(n, 3, 3)`: flip, quarter turns, whole pixels; then scale, turn,
    stretch, turn, shift.
    """
    sides = torch.tensor([width, height], device=draw.device)
    inverse = torch.eye(3, device=draw.device).repeat(draw.count, 1, 1)
    one = torch.ones(draw.count, device=draw.device)
    if "blit" in parts:
        flip = draw.when((draw.uniform() * 2).floor(), 0.0)
        inverse = inverse @ affine.scale(torch.stack((1 - 2 * flip, one), 1))
        quarters = draw.when((draw.uniform() * 4).floor(), 0.0)
        inverse = inverse @ affine.rotate(torch.pi / 2 * quarters)
        inverse = inverse @ affine.translate(-_shift(draw, sides, strengths.most_whole_shift, whole=True))
    if "geom" in parts:
        turns = 1 - max(0.0, 1 - draw.p) ** 0.5  # of two turns at least one happens with probability p
        most = torch.pi * strengths.most_turn
        factor = draw.when((draw.normal() * -strengths.scale).exp2(), 1.0)
        inverse = inverse @ affine.scale(torch.stack((factor, factor), 1))
        inverse = inverse @ affine.rotate(draw.when(draw.uniform(-most, most), 0.0, turns))
        factor = draw.when((draw.normal() * -strengths.stretch).exp2(), 1.0)
        inverse = inverse @ affine.scale(torch.stack((factor, 1 / factor), 1))
        inverse = inverse @ affine.rotate(draw.when(draw.uniform(-most, most), 0.0, turns))
        inverse = inverse @ affine.translate(-_shift(draw, sides, strengths.shift, whole=False))
    return inverse


def colour_map(draw: Draws, strengths: Strengths) -> Tensor:
    """Brightness, contrast, a flip of luma, a turn of the hue, saturation, one after the other: `(n, 4, 4)`."""
    one = torch.ones(draw.count, device=draw.device)
    brightness = draw.when(draw.normal() * strengths.brightness, 0.0)
    colours = affine.translate(brightness[:, None].expand(-1, 3))
    contrast = draw.when((draw.normal() * strengths.contrast).exp2(), 1.0)
    colours = affine.grey_and_colour(contrast, contrast) @ colours
    flip = draw.when((draw.uniform() * 2).floor(), 0.0)
    colours = affine.grey_and_colour(1 - 2 * flip, one) @ colours
    most = torch.pi * strengths.most_hue
    colours = affine.about_grey(draw.when(draw.uniform(-most, most), 0.0)) @ colours
    saturation = draw.when((draw.normal() * strengths.saturation).exp2(), 1.0)
    return affine.grey_and_colour(one, saturation) @ colours


def band_gains(draw: Draws, strengths: Strengths) -> Tensor:
    """The gain of each of four octave bands, `(n, 4)`, with the power of a natural picture kept."""
    power = torch.tensor([10.0, 1.0, 1.0, 1.0], device=draw.device) / 13
    gains = torch.ones(draw.count, 4, device=draw.device)
    for band in range(4):
        turned = torch.ones_like(gains)
        turned[:, band] = draw.when((draw.normal() * strengths.band).exp2(), 1.0)
        gains = gains * turned / (power * turned.square()).sum(1, keepdim=True).sqrt()
    return gains


def _shift(draw: Draws, sides: Tensor, reach: float, *, whole: bool) -> Tensor:
    """Offsets `(n, 2)` in pixels, x first; both or neither."""
    make: Callable[[], Tensor] = (lambda: draw.uniform(-reach, reach)) if whole else (lambda: draw.normal() * reach)
    offsets = torch.stack((make(), make()), 1) * sides
    offsets = offsets.round() if whole else offsets
    return offsets * draw.when(torch.ones(draw.count, device=draw.device), 0.0)[:, None]


def _kept(draw: Draws, pictures: Tensor, share: float) -> Tensor:
    """1 where a picture stays, 0 in its rectangle: `(n, 1, h, w)`."""
    size = draw.when(torch.full((draw.count,), share, device=draw.device), 0.0)
    outside = []
    for side in pictures.shape[-2:]:
        places = (torch.arange(side, device=draw.device) + 0.5) / side
        outside.append((places - draw.uniform()[:, None]).abs() >= size[:, None] / 2)
    kept = outside[0][:, None, :, None] | outside[1][:, None, None, :]
    return kept.to(pictures.dtype)
