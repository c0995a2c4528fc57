"""Parts of localizers against independent arithmetic."""

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d

from fauxto.errors import InputError
from fauxto.nn.replicas import replica_frequencies, without_replicas
from fauxto.nn.residual_statistics import FLOOR, ResidualStatistics
from fauxto.nn.unet import Against, Decoder, Halving
from fauxto.nn.xception import SMALLEST_SHARE, Xception


def test_the_statistics_of_a_block_by_hand():
    rng = np.random.default_rng(0)
    pixels = rng.random((1, 3, 48, 64)).astype(np.float32) * 0.2
    found = ResidualStatistics()(torch.from_numpy(pixels))[0].numpy()
    assert found.shape == (86, 6, 8) and np.isfinite(found).all()
    y, x, inside = 2, 3, np.s_[16:24, 24:32]
    # horizontal second differences of red, phase (1, 0) of each cell: channel 0 * 4 + 2
    kernel = np.array([[0, 0, 0], [1, -2, 1], [0, 0, 0]]) / 2
    residual = np.clip(convolve2d(pixels[0, 0], kernel, "same") / 0.1, -1, 1)[inside]
    np.testing.assert_allclose(found[2, y, x], np.log(np.abs(residual[1::2, ::2]).mean() + FLOOR), rtol=1e-3)
    grey = pixels[0].mean(0)
    np.testing.assert_allclose(found[84, y, x], grey[inside].mean(), rtol=1e-4)
    across = np.abs(np.diff(grey, axis=1, prepend=grey[:, :1]))[inside].mean(0)
    np.testing.assert_allclose(found[68:76, y, x], np.log(across + FLOOR) - np.log(across.mean() + FLOOR), atol=2e-3)
    full = convolve2d(np.pad(grey, 1, "reflect"), np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]]) / 8, "valid")
    part, right = full[inside], full[16:24, 25:33]
    expected = (part * right).mean() / ((part**2).mean() + FLOOR**2)
    np.testing.assert_allclose(found[63, y, x], expected, rtol=2e-3)


def test_a_jpegs_grid_shows_in_its_column():
    pixels = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 0.01
    pixels[..., 8:16] += 0.5  # a step at every second block's edge
    grid = ResidualStatistics()(pixels)[0, 68:76, :, 1]
    assert (grid.argmax(0) == 0).all()


def test_what_lies_against_the_mean_is_counted_in_deviations():
    x = torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(2)) * 4 + 9
    found = Against()(x)
    torch.testing.assert_close(found[:, :3], x)
    torch.testing.assert_close(found[:, 3:].mean((2, 3)), torch.zeros(2, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(found[:, 3:].std((2, 3), correction=0), torch.ones(2, 3), atol=1e-4, rtol=0)


def test_encoder_and_decoder_keep_their_sizes():
    maps = [torch.rand(1, 4, 32, 32)]
    for channels in (8, 16):
        maps.append(Halving(maps[-1].shape[1], channels)(maps[-1]))
    assert [tuple(m.shape[2:]) for m in maps] == [(32, 32), (16, 16), (8, 8)]
    assert Decoder((4, 8, 16), (6, 5))(maps).shape == (1, 5, 32, 32)
    assert Decoder((4, 8, 16), (6,))(maps).shape == (1, 6, 16, 16)


def test_zero_insertion_copies_the_spectrum_and_the_filter_leaves_the_baseband():
    rng = np.random.default_rng(3)
    sparse = np.zeros((48, 48))
    sparse[::4, ::4] = rng.standard_normal((12, 12))
    spectrum = np.fft.fft2(sparse)
    places = replica_frequencies(48, 48, 4)
    assert len(places) == 15 and (0, 0) not in places
    for place in places:
        np.testing.assert_allclose(np.roll(spectrum, place, (0, 1)), spectrum, atol=1e-9)
    smooth = np.cos(2 * np.pi * 3 * np.arange(48) / 48)[None] * np.ones((48, 1))
    np.testing.assert_allclose(without_replicas(smooth, 4), smooth, atol=1e-9)
    left = np.abs(np.fft.fft2(without_replicas(sparse, 4)))
    outside = np.abs(np.fft.fftfreq(48)) >= 1 / 8
    assert left[outside].max() < 1e-9 < left[0, 1:5].max()


def test_xception_has_the_published_numbers():
    with torch.device("meta"):
        network = Xception(1000)
        assert network.features(torch.zeros(1, 3, 299, 299)).shape == (1, 2048, 10, 10)
    assert sum(p.numel() for p in network.parameters()) == 22_855_952
    names = set(network.state_dict())
    assert {"block1.rep.0.conv1.weight", "block12.skip.weight", "block4.rep.1.pointwise.weight"} <= names
    assert network.block12.rep[1].pointwise.weight.shape == (728, 728, 1, 1)


def test_an_xception_whose_training_would_corrupt_memory_is_refused():
    with torch.device("meta"):
        Xception(share=SMALLEST_SHARE)
        with pytest.raises(InputError, match="corrupts memory"):
            Xception(share=1 / 64)
