"""The lattice of quantization steps, against an independent computation and on pictures whose history is known."""

import numpy as np
import torch
from scipy.fft import dctn

from fauxto.data.worlds.camera import photograph
from fauxto.launder import apply
from fauxto.nn.quantization_lattice import FREQUENCIES, STEPS, QuantizationLattice


def to_tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float() / 255


def reference(pixels: np.ndarray) -> np.ndarray:
    """The same numbers by scipy's DCT and loops."""
    grey = pixels.astype(np.float64) @ [0.299, 0.587, 0.114]
    rows, columns = grey.shape[0] // 8, grey.shape[1] // 8
    blocks = grey.reshape(rows, 8, columns, 8).transpose(0, 2, 1, 3)
    coefficients = dctn(blocks, axes=(2, 3), norm="ortho")
    found = np.zeros((5, len(FREQUENCIES), rows, columns))
    for group, places in enumerate(FREQUENCIES):
        leave, weights = np.zeros((2, rows, columns)), np.zeros(2)
        for row, column in places:
            c = coefficients[..., row, column]
            found[2, group] += np.log(1 + abs(c)) / len(places)
            for step in STEPS:
                keeps = 1 - 12 * (c / step - np.floor(c / step + 0.5)) ** 2
                beyond = abs(c) > step / 2
                kept = keeps[beyond].sum() / (beyond.sum() + 4)
                for kind, weight in enumerate((max(kept - 0.25, 0) ** 2, max(kept - 0.15, 0) * max(0.9 - kept, 0))):
                    leave[kind] += weight * (1 - keeps)
                    weights[kind] += weight
        for kind in (0, 1):
            found[kind, group] = leave[kind] / (weights[kind] + 0.05)
            found[3 + kind, group] = weights[kind]
    return found.reshape(20, rows, columns)


def test_the_numbers_are_those_of_an_independent_computation():
    pixels = apply(photograph(3, 64), "jpeg:80")
    found = QuantizationLattice()(to_tensor(pixels))[0].numpy()
    np.testing.assert_allclose(found, reference(pixels), atol=5e-3)


def test_a_pasted_part_leaves_the_steps_of_a_jpeg_and_a_shifted_grid_has_none():
    saved, other = apply(photograph(5, 128), "jpeg:75"), photograph(6, 128)
    mixed = saved.copy()
    mixed[32:96, 32:96] = other[32:96, 32:96]
    lattice = QuantizationLattice()
    inside = np.zeros((16, 16), bool)
    inside[4:12, 4:12] = True
    leaves = lattice(to_tensor(mixed))[0, 0].numpy()
    assert np.median(leaves[inside]) > 4 * np.median(leaves[~inside])
    sure = [lattice(to_tensor(p))[0, 12, 0, 0].item() for p in (saved, other, np.roll(saved, (3, 5), (0, 1)))]
    assert sure[0] > 5 * max(sure[1:])
