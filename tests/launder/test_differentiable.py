"""The twins against their operators, within the stated error; and their gradients against what they must be."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from fauxto import launder  # noqa: E402
from fauxto.errors import InputError  # noqa: E402
from fauxto.launder.differentiable import TWINS, apply, jpeg  # noqa: E402


def picture(seed: int = 0, height: int = 61, width: int = 83) -> np.ndarray:
    """Smooth shapes with fine noise, odd sides."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (8, 9, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=float)
    return np.clip(smooth + rng.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8)


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255


def twin(pixels: np.ndarray, chain: str, seed: int = 0) -> np.ndarray:
    out = apply(tensor(pixels), chain, seed)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(out - np.rint(out)).max() < 1e-3  # 8-bit values
    return np.rint(out).astype(int)


KERNELS = ("box", "bilinear", "bicubic", "lanczos")
EXACT = [
    *("none", "png", "crop:0.5", "crop:0.3,centre", "window:40", "shift:3,5", "shift", "flip", "pad:0.1"),
    *("pad:0.2,mirror", "pad:0.1,grey", "resize:0.5,nearest", "gamma:0.6", "gamma:2", "contrast:1.4"),
    *("brightness:0.7", "brightness:1.5", "jpeg:80|crop:0.7|jpeg:60,444|gamma:0.9"),
]
WITHIN_ONE = [
    *(
        f"resize:{factor},{kernel}"
        for kernel in ("box", "bilinear", "bicubic", "lanczos")
        for factor in (0.37, 0.5, 1.6)
    ),
    *("resize_back:0.5", "fit:50,lanczos", "to:64,32", "blur:0.5", "blur:2.2", "noise:9"),
    "blur:1|noise:4|gamma:0.9",
]


@pytest.mark.parametrize("chain", EXACT)
def test_what_moves_or_maps_pixels_is_exact(chain):
    assert np.array_equal(twin(picture(), chain, 7), launder.apply(picture(), chain, 7))


@pytest.mark.parametrize("chain", WITHIN_ONE)
def test_the_rest_is_within_one_grey_level(chain):
    apart = np.abs(twin(picture(), chain, 7) - launder.apply(picture(), chain, 7))
    assert apart.max() <= (2 if "|" in chain else 1)
    assert (apart > 0).mean() < 0.02


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
@pytest.mark.parametrize("quality", [1, 30, 60, 75, 90, 100])
def test_jpeg_is_libjpegs(quality, subsampling):
    """Bit by bit, on smooth and on noisy pictures, with sides that are no multiple of a block."""
    chain = f"jpeg:{quality},{subsampling}"
    noise = np.random.default_rng(1).integers(0, 256, (33, 47, 3), dtype=np.uint8)
    for pixels in (picture(0), picture(1, 64, 48), picture(2, 9, 7), noise):
        assert np.array_equal(twin(pixels, chain), launder.apply(pixels, chain))


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
def test_jpeg_with_given_tables_is_libjpegs(subsampling):
    tables = np.random.default_rng(3).integers(1, 256, (3, 64))
    own = "/".join(" ".join(map(str, table)) for table in tables)
    for chain in (f"jpeg_tables:{own},{subsampling}", f"jpeg_tables:medium,{subsampling}"):
        assert np.array_equal(twin(picture(1, 64, 48), chain), launder.apply(picture(1, 64, 48), chain))


def test_every_twin_has_an_operator_and_the_rest_is_refused():
    assert set(TWINS) <= set(launder.OPERATORS)
    with pytest.raises(InputError, match="webp has no differentiable twin"):
        apply(tensor(picture()), "webp:50")


@pytest.mark.parametrize(
    "chain",
    [
        *("resize:0.5", "blur:1.5", "jpeg:75", "gamma:0.8", "contrast:0.7", "noise:5", "crop:0.6"),
        "resize:0.7|jpeg:60|blur:0.8",
    ],
)
def test_gradients_flow_and_are_finite(chain):
    images = (tensor(picture()) * 0.6 + 0.2).requires_grad_()
    apply(images, chain, 1).square().sum().backward()
    assert torch.isfinite(images.grad).all()
    assert (images.grad.abs() > 0).float().mean() > 0.3


def test_the_gradient_of_a_linear_step_is_its_transpose():
    """Straight-through: <A x, y> changes along d by <A d, y>, with A measured on the numpy operator's twin itself."""
    rng = np.random.default_rng(0)
    images = (tensor(picture()) * 0.5 + 0.25).requires_grad_()
    for chain in ("resize:0.5,bicubic", "blur:1.2"):
        out = apply(images, chain)
        y = torch.from_numpy(rng.normal(size=out.shape)).float()
        (gradient,) = torch.autograd.grad((out * y).sum(), images)
        d = torch.from_numpy(rng.normal(size=images.shape)).float().clamp(-1, 1) * 0.2
        slope = ((apply(images + d, chain) - apply(images - d, chain)) * y).sum().detach() / 2
        assert float((gradient * d).sum()) == pytest.approx(float(slope), rel=0.1, abs=0.5)


def test_the_gradient_of_jpeg_444_is_the_identity():
    """Colours and cosines cancel: with straight-through rounding the Jacobian is 1 where nothing is clipped."""
    images = (tensor(picture()) * 0.4 + 0.3).requires_grad_()
    y = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad((jpeg(images, 80, "444") * y).sum(), images)
    inside = gradient[..., :56, :80]
    assert torch.allclose(inside, y[..., :56, :80], atol=1e-3)


def test_a_batch_is_what_its_pictures_are():
    both = torch.cat([tensor(picture(0)), tensor(picture(1))])
    chain = "resize:0.8|jpeg:70|noise:3|crop:0.7"
    assert torch.equal(apply(both, chain, 3)[1:], apply(both[1:], chain, 3))


def test_laundering_itself_imports_no_torch():
    code = "import sys, fauxto.launder; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
