"""A chain fitted to pairs: files made by known chains, by ours and by Pillow alone, give those chains back."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from fauxto import launder
from fauxto.errors import InputError
from fauxto.launder.jpeg_tables import PRESETS, text_of

rng = np.random.default_rng(0)


def picture(width: int, height: int) -> np.ndarray:
    coarse = Image.fromarray(rng.integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), float)
    return np.clip(smooth + rng.normal(0, 10, smooth.shape), 0, 255).astype(np.uint8)


ORIGINALS = {"wide": picture(96, 64), "tall": picture(50, 80), "square": picture(72, 72), "small": picture(40, 32)}


@pytest.fixture
def folders(tmp_path):
    for place in ("before", "after"):
        (tmp_path / place).mkdir()
    for name, pixels in ORIGINALS.items():
        Image.fromarray(pixels).save(tmp_path / "before" / f"{name}.png")
    return tmp_path / "before", tmp_path / "after"


def post(folder, chain, names=tuple(ORIGINALS)):
    for name in names:
        (folder / f"{name}.jpg").write_bytes(launder.ship(ORIGINALS[name], chain).data)


@pytest.mark.parametrize(
    "chain",
    [
        "fit:48,lanczos|sharpen:1,40|jpeg:83,422,progressive",
        "fit:60,bilinear|jpeg:71,444,baseline",
        "resize:0.5,box|jpeg:90,420,baseline",
        "sharpen:1,80|jpeg:75,420,progressive",
        "jpeg:60,420,baseline",
        f"fit:48,bicubic|jpeg_tables:{text_of(list(PRESETS['web_high']))},420,baseline",
    ],
)
def test_the_chain_that_made_the_copies_is_found(folders, chain):
    before, after = folders
    post(after, chain)
    fitted = launder.calibrate(before, after)
    assert fitted.chain == chain
    assert fitted.residual == 0 < fitted.runner_up and fitted.residual <= fitted.untouched
    assert (fitted.pairs, fitted.agreement) == (4, 1.0)
    made = launder.ship(ORIGINALS["wide"], fitted.pipeline("mine").chain)
    assert made.data == (after / "wide.jpg").read_bytes() and fitted.pipeline("mine").confidence == "high"


def test_copies_that_pillow_alone_made_are_understood(folders):
    before, after = folders
    tables = [[3 + i // 4 for i in range(64)], [5 + i // 2 for i in range(64)]]
    for name, pixels in ORIGINALS.items():
        image = Image.fromarray(pixels)
        image.thumbnail((48, 48), Image.Resampling.LANCZOS, reducing_gap=None)
        image = image.filter(ImageFilter.UnsharpMask(1, 60, 0))
        image.save(after / f"{name}.jpeg", qtables=tables, subsampling="4:4:4", progressive=True)
    fitted = launder.calibrate(before, after)
    assert fitted.chain == f"fit:48,lanczos|sharpen:1,60|jpeg_tables:{text_of(tables)},444,progressive"
    assert fitted.residual < 0.5 * fitted.runner_up and fitted.residual < 0.5 * fitted.untouched


def test_a_step_that_the_search_does_not_know_leaves_a_residual(folders):
    before, after = folders
    post(after, "fit:48|contrast:1.5|jpeg:90")
    fitted = launder.calibrate(before, after)
    assert fitted.residual > 5 and fitted.pipeline("mine").confidence == "low"


def test_the_commonest_encoding_counts_and_the_share_is_told(folders):
    before, after = folders
    post(after, "jpeg:80", ("wide", "tall", "small"))
    post(after, "jpeg:50", ("square",))
    fitted = launder.calibrate(before, after)
    assert fitted.chain == "jpeg:80,420,baseline" and fitted.agreement == 0.75
    assert fitted.pipeline("mine").confidence == "low"


def test_what_no_chain_can_be_fitted_to_is_refused(folders):
    before, after = folders
    with pytest.raises(InputError, match="same name"):
        launder.calibrate(before, after)
    with pytest.raises(InputError, match="no folder"):
        launder.calibrate(before, after / "none")
    post(after, "crop:0.5|jpeg:80")
    post(after, "to:40,64|jpeg:80", ("wide",))
    with pytest.raises(InputError, match="another shape: 96 x 64 became 40 x 64"):
        launder.calibrate(before, after)
    for name, factor in (("wide", 0.5), ("tall", 0.9), ("square", 0.7), ("small", 1.0)):
        post(after, f"resize:{factor}|jpeg:80", (name,))
    with pytest.raises(InputError, match="neither a longest side nor a factor"):
        launder.calibrate(before, after)
    Image.fromarray(ORIGINALS["wide"]).save(after / "tall.png")
    with pytest.raises(InputError, match="have one name"):
        launder.calibrate(before, after)
    (after / "tall.jpg").unlink()
    with pytest.raises(InputError, match="no JPEG"):
        launder.calibrate(before, after)
