"""The last up-samplers: zeros between samples, and bilinear interpolation that keeps the corners."""

from __future__ import annotations

import numpy as np
import torch

from fauxto.nn.last_upsampler import last_upsampling


def test_bilinear_up_sampling_keeps_the_corners_as_the_published_one_does():
    samples = torch.rand(1, 1, 5, 5)
    doubled = last_upsampling("B.1.5", 1, 1)[0](samples)[0, 0].numpy()
    at = np.linspace(0, 4, 10)  # corner on corner; by half-pixel centres it would start at -0.25
    rows = np.stack([np.interp(at, np.arange(5), row) for row in samples[0, 0].numpy()])
    expected = np.stack([np.interp(at, np.arange(5), column) for column in rows.T]).T
    np.testing.assert_allclose(doubled, expected, atol=1e-6)
