"""The architectures by name."""

from __future__ import annotations

from fauxto.generate.gan.biggan import BIGGAN
from fauxto.generate.gan.biggan_deep import BIGGAN_DEEP
from fauxto.generate.gan.dcgan import DCGAN
from fauxto.generate.gan.fastgan import FASTGAN
from fauxto.generate.gan.interface import Architecture
from fauxto.generate.gan.resnet import RESNET
from fauxto.generate.gan.sagan import SAGAN
from fauxto.generate.gan.stylegan2 import STYLEGAN2
from fauxto.generate.gan.stylegan3 import STYLEGAN3_R, STYLEGAN3_T

ARCHITECTURES: dict[str, Architecture] = {
    architecture.name: architecture
    for architecture in (DCGAN, RESNET, SAGAN, BIGGAN, BIGGAN_DEEP, STYLEGAN2, STYLEGAN3_T, STYLEGAN3_R, FASTGAN)
}
