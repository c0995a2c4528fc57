"""The architectures by name."""

from __future__ import annotations

from fauxto.generate.gan.dcgan import DCGAN
from fauxto.generate.gan.interface import Architecture

ARCHITECTURES: dict[str, Architecture] = {architecture.name: architecture for architecture in (DCGAN,)}
