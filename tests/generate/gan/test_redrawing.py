"""An encoder beside a generator: what it minimises, what it leaves alone, and the score of a picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.generate.gan.redrawing import Encoder, Redrawing
from fauxto.generate.gan.stylegan2 import stylegan2_generator
from tests.generate.gan.test_multimodal import Colours


@pytest.fixture
def redrawing():
    torch.manual_seed(0)
    size = {"latent_size": 6, "style_size": 5, "mapping_layers": 1, "channel_base": 64, "channel_max": 6}
    return Redrawing(stylegan2_generator(16, **size), Encoder(16, 5, channel_base=64, channel_max=6), Colours())


def pixels(count=6):
    return np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3)).astype(np.uint8)


def real(count=6):
    return torch.from_numpy(pixels(count)).permute(0, 3, 1, 2).float() / 127.5 - 1


def test_a_style_depends_on_its_picture_alone(redrawing):
    together = redrawing.encoder(real())
    apart = torch.cat([redrawing.encoder(one[None]) for one in real()])
    torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-5)


def test_the_losses_are_what_they_say(redrawing):
    generator, latents = redrawing.generator, torch.randn(4, 6)
    torch.manual_seed(3)
    seen, square, styles = redrawing.losses(real(4), latents)
    torch.manual_seed(3)
    redrawn = redrawing.redrawn(real(4))
    made = generator.synthesis(generator.styles(latents))
    expected = (redrawing.encoder(made) - generator.styles(latents)[:, 0]).square().mean()
    torch.testing.assert_close(square, (redrawn - real(4)).square().mean())
    torch.testing.assert_close(seen, Colours()(real(4) / 2 + 0.5, redrawn / 2 + 0.5).mean())
    torch.testing.assert_close(styles, expected)
    styles.backward()
    assert all(parameter.grad is None for parameter in generator.parameters())


def test_both_learn_to_redraw_and_the_mapping_stays(redrawing):
    mapping = redrawing.generator.mapping
    before = {name: value.clone() for name, value in mapping.state_dict().items()}
    batch = real()[:1].expand(4, -1, -1, -1).contiguous()
    redrawing.turn(batch, torch.randn(4, 6))
    first = float(redrawing.loss)
    for _ in range(12):
        redrawing.turn(batch, torch.randn(4, 6))
    assert float(redrawing.loss) < 0.8 * first
    assert all(torch.equal(before[name], value) for name, value in mapping.state_dict().items())


def test_a_score_is_the_distance_to_the_picture_redrawn_without_noise(redrawing):
    redrawing.generator.synthesis.stages[1].layers[0].noise_strength.data.fill_(1.0)
    found = redrawing.scores(pixels(), batch=4)
    with torch.no_grad():
        redrawn = redrawing.redrawn(real(), noise="none") / 2 + 0.5
        expected = Colours()(real() / 2 + 0.5, redrawn.clamp(0, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert found.dtype == np.float64 and np.array_equal(found, redrawing.scores(pixels(), batch=4))
