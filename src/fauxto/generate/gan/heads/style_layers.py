"""The layers of StyleGAN's heads: equalised ones, and classes embedded by a mapping network of one layer."""

from __future__ import annotations

from fauxto.generate.gan.heads.layers import HeadLayers
from fauxto.nn.equalized import EqualLinear
from fauxto.nn.mapping import LabelMapping

STYLED = HeadLayers(linear=EqualLinear, embedding=lambda classes, size: LabelMapping(classes, size, layers=1))
