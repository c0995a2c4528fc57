"""Every architecture at every resolution: shapes, gradients, the published numbers of parameters."""

from __future__ import annotations

import pytest
import torch

from fauxto.errors import InputError
from fauxto.generate.gan import weights
from fauxto.generate.gan.architectures import ARCHITECTURES
from fauxto.generate.gan.interface import Codes, Conditioning, StyleGenerator
from fauxto.generate.gan.latents import draw
from fauxto.generate.gan.networks import make
from fauxto.generate.gan.recipes import RECIPES
from fauxto.nn import initial
from tests.generate.gan.tiny import tiny

ALL = [(name, side) for name, made in ARCHITECTURES.items() for side in made.resolutions if side <= 256]


def pair(name: str, resolution: int, conditioning: Conditioning, codes: Codes | None = None, **more):
    """Tiny networks of an architecture."""
    architecture = ARCHITECTURES[name]
    own = {"latent_size": architecture.latent_sizes[resolution], **architecture.tiny_generator, **more}
    label = "none" if conditioning.method == "none" else "norm"
    generator = architecture.generator(resolution, 3, conditioning=label, codes=codes, **own)
    return generator, architecture.discriminator(resolution, 3, conditioning, codes, **architecture.tiny_discriminator)


@pytest.fixture
def plain(monkeypatch):
    """Without spectral norm and orthogonal weights, which take longer than all the rest; tests of them are in nn."""
    monkeypatch.setitem(initial.FILL, "orthogonal", lambda weight: weight)
    monkeypatch.setattr(weights, "spectrally_normalise", lambda *_, **__: None)


@pytest.mark.parametrize(("name", "resolution"), ALL)
def test_pictures_logits_and_gradients(name, resolution, plain):
    torch.manual_seed(0)
    styled = ARCHITECTURES[name].styled
    generator, discriminator = pair(name, resolution, Conditioning("style_projection" if styled else "projection"))
    batch = draw(generator, 2, torch.Generator().manual_seed(1))
    pictures = generator(batch.latents, batch.labels)
    assert pictures.shape == (2, 3, resolution, resolution)
    assert styled or name == "fastgan" or pictures.abs().max() <= 1
    judged = discriminator(pictures, batch.labels)
    assert judged.adversarial.shape == (2,)
    assert judged.features.shape == (2, discriminator.body.features)
    judged.adversarial.sum().backward()
    idle = [
        name
        for network in (generator, discriminator)
        for name, parameter in network.named_parameters()
        if parameter.grad is None
    ]
    assert not idle
    assert generator.resolution == discriminator.resolution == resolution
    assert isinstance(generator, StyleGenerator) == styled


def test_fastgan_has_no_bounds(plain):
    made = ARCHITECTURES["fastgan"]
    assert made.resolutions == (32, 64, 128, 256, 512)
    both = make(tiny(RECIPES["fastgan"]), 0)
    pictures = both.generator(torch.randn(2, both.generator.latent_size))
    assert pictures.shape == (2, 3, 256, 256) and pictures.abs().max() > 1
    assert both.discriminator(pictures).adversarial.shape == (2,)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_sum_is_over_the_stated_positions(name, plain):
    """So that InfoGAN's heads read means."""
    _, discriminator = pair(name, 32, Conditioning())
    sides = []
    for block in discriminator.body.blocks:
        block.register_forward_hook(lambda _module, _input, output: sides.append(output.shape[-1]))
    discriminator(torch.rand(2, 3, 32, 32))
    assert discriminator.body.positions in (1, sides[-1] ** 2)
    assert (discriminator.body.positions == 1) == ARCHITECTURES[name].styled
    assert sides == sorted(sides, reverse=True)  # blocks are in order from the picture on


SPECTRAL = {"classes": 10, "conditioning": Conditioning("projection")}
STYLED = {"classes": 10, "channel_base": 32768, "residual": False, "group": 32}
CIFAR_STYLE = {"classes": 10, "conditioning": "norm", "mapping_layers": 2, "channel_base": 32768}
TINY_IMAGENET = {"resolution": 64, "classes": 200, "conditioning": "norm"}
IMAGENET = {"resolution": 128, "classes": 1000, "conditioning": "norm"}
IMAGENET_JUDGE = {"resolution": 128, "classes": 1000}
COUNTS = [
    ("dcgan", {}, {}, 3_812_355, 2_931_009),
    ("resnet", {}, {}, 4_276_739, 1_055_879),
    ("resnet", {"classes": 10, "conditioning": "norm"}, SPECTRAL | {"spectral": True}, 4_304_387, 1_055_105),
    ("sagan", {"classes": 10, "conditioning": "norm"}, SPECTRAL, 4_386_308, 1_075_586),
    ("biggan", {"classes": 10, "conditioning": "norm"}, SPECTRAL, 9_416_196, 2_415_170),
    (
        "biggan",
        {"classes": 10, "conditioning": "norm"},
        SPECTRAL | {"conditioning": Conditioning("data_to_data")},
        9_416_196,
        2_517_186,
    ),
    (
        "biggan",
        {"resolution": 128, "classes": 1000, "latent_size": 120, "conditioning": "norm"},
        SPECTRAL | {"resolution": 128, "classes": 1000},
        70_433_988,
        87_982_370,
    ),
    ("biggan_deep", {"classes": 10, "conditioning": "norm"}, SPECTRAL, 7_762_948, 2_908_930),
    (
        "biggan_deep",
        {"classes": 10, "conditioning": "norm", "variant": "studiogan"},
        SPECTRAL | {"variant": "studiogan"},
        9_338_884,
        3_177_730,
    ),
    ("resnet", {"resolution": 64}, {"resolution": 64}, 12_220_675, 19_550_535),
    ("resnet", TINY_IMAGENET, SPECTRAL | {"resolution": 64, "classes": 200, "spectral": True}, 13_366_915, 19_747_521),
    ("resnet", IMAGENET, SPECTRAL | IMAGENET_JUDGE | {"spectral": True}, 41_996_931, 39_443_137),
    ("sagan", IMAGENET, SPECTRAL | IMAGENET_JUDGE, 42_017_412, 39_448_258),
    (
        "biggan",
        TINY_IMAGENET | {"latent_size": 100, "width": 80},
        SPECTRAL | {"resolution": 64, "classes": 200, "width": 80},
        17_335_204,
        30_796_722,
    ),
    ("biggan_deep", IMAGENET, SPECTRAL | IMAGENET_JUDGE, 50_244_484, 34_590_210),
    (
        "biggan_deep",
        IMAGENET | {"variant": "studiogan"},
        SPECTRAL | IMAGENET_JUDGE | {"variant": "studiogan"},
        66_998_788,
        40_181_122,
    ),
    ("stylegan2", CIFAR_STYLE, STYLED | {"conditioning": Conditioning("style_projection")}, 20_215_315, 23_089_664),
    ("stylegan2", CIFAR_STYLE, STYLED | {"conditioning": Conditioning("data_to_data")}, 20_215_315, 21_251_585),
]


@pytest.mark.parametrize("row", COUNTS, ids=lambda row: f"{row[0]} {row[3]}")
def test_the_published_numbers_of_parameters(row, plain, monkeypatch):
    """Of StudioGAN's logs, at the CIFAR-10 configurations and BigGAN's of ImageNet."""
    name, generator, discriminator, first, second = row
    for fill in ("kaiming_uniform_", "uniform_", "normal_"):
        monkeypatch.setattr(torch.nn.init, fill, lambda weight, *_, **__: weight)
    monkeypatch.setattr(torch, "randn", torch.empty)
    networks = ARCHITECTURES[name].generator(**generator), ARCHITECTURES[name].discriminator(**discriminator)
    assert [sum(p.numel() for p in network.parameters()) for network in networks] == [first, second]


def test_the_label_the_latent_and_the_codes_matter(plain):
    torch.manual_seed(0)
    for name, injection in (("resnet", "latent"), ("biggan", "norm"), ("biggan_deep", "norm"), ("stylegan2", "latent")):
        generator, _ = pair(name, 32, Conditioning("classifier"), Codes(1, 2, 1, injection))
        z = torch.randn(1, generator.latent_size)
        rows = torch.cat([z, torch.tensor([[1.0, 0.0, 0.5]])], 1).repeat(4, 1)
        rows[1, 0] += 1
        rows[2, -3:] = torch.tensor([0.0, 1.0, -0.5])
        options = {"noise": "fixed"} if name == "stylegan2" else {}
        generator.eval()
        pictures = generator(rows, torch.tensor([0, 0, 0, 1]), **options)
        for other in pictures[1:]:
            assert not torch.allclose(pictures[0], other, atol=1e-6), name


def test_a_label_can_stand_beside_latent_and_picture(plain):
    """The cGAN of Mirza and Osindero."""
    architecture = ARCHITECTURES["dcgan"]
    generator = architecture.generator(classes=3, conditioning="concatenation", **architecture.tiny_generator).eval()
    discriminator = architecture.discriminator(
        classes=3, conditioning=Conditioning("concatenation"), **architecture.tiny_discriminator
    ).eval()
    z = torch.randn(1, 8).repeat(2, 1)
    pictures = generator(z, torch.tensor([0, 1]))
    assert not torch.allclose(pictures[0], pictures[1], atol=1e-6)
    logits = [discriminator(pictures[:1], torch.tensor([k])).adversarial.item() for k in range(3)]
    assert len({round(logit, 6) for logit in logits}) == 3


def test_what_cannot_be_is_refused():
    for refused, match in (
        (lambda: ARCHITECTURES["biggan"].generator(32, latent_size=90), "equal parts"),
        (lambda: ARCHITECTURES["resnet"].generator(48), "defined at"),
        (lambda: ARCHITECTURES["dcgan"].generator(conditioning="norm"), "needs classes"),
        (lambda: ARCHITECTURES["stylegan2"].generator(classes=3, conditioning="concatenation"), "mapping"),
        (lambda: ARCHITECTURES["stylegan3_t"].generator(codes=Codes(1, 2, injection="norm")), "mapping"),
        (lambda: ARCHITECTURES["dcgan"].discriminator(classes=1, conditioning=Conditioning("classifier")), "two"),
        (lambda: ARCHITECTURES["dcgan"].discriminator(classes=3, conditioning=Conditioning("style_projection")), "Sty"),
    ):
        with pytest.raises(InputError, match=match):
            refused()
    generator = ARCHITECTURES["dcgan"].generator(classes=3, conditioning="norm", width=4)
    with pytest.raises(InputError, match="no labels"):
        generator(torch.randn(2, 128))
