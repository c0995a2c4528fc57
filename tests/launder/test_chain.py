"""Chains as text: what parses, what is refused and how clearly, and that seeds and records hold."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fauxto import launder
from fauxto.errors import ContractError, InputError
from fauxto.launder.codecs import save

GRADED = [name for name, operator in launder.OPERATORS.items() if operator.severities]
AVAILABLE = [name for name, operator in launder.OPERATORS.items() if operator.available]


def picture(seed: int = 0, height: int = 40, width: int = 56) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def texture() -> np.ndarray:
    """Smooth shapes, fine detail and some noise, 128 x 128: something for every operator to lose."""
    rng = np.random.default_rng(3)
    smooth = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)).resize((128, 128), Image.BICUBIC)
    y, x = np.mgrid[:128, :128]
    waves = 25 * np.sin(x / 2.5)[..., None] + 25 * np.sin(y * x / 90)[..., None]
    return np.clip(np.asarray(smooth) * 0.7 + 40 + waves + rng.normal(0, 6, (128, 128, 3)), 0, 255).astype(np.uint8)


def test_values_go_by_place_then_by_name_then_by_default() -> None:
    assert [str(step) for step in launder.parse(" jpeg:60 | resize:0.5,kernel=box|jpeg:subsampling=444")] == [
        "jpeg:quality=60,subsampling=420,mode=baseline",
        "resize:factor=0.5,kernel=box",
        "jpeg:quality=75,subsampling=444,mode=baseline",
    ]


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("jpg:75", "no operator or pipeline 'jpg:75'"),
        ("jpeg:75|", "no operator or pipeline ''"),
        ("jpeg:0", "from 1 to 100"),
        ("jpeg:101", "from 1 to 100"),
        ("jpeg:seventy", "a whole number"),
        ("jpeg:75.5", "a whole number"),
        ("resize:nan", "from 0.01 to 8"),
        ("resize:inf", "from 0.01 to 8"),
        ("resize:-1", "from 0.01 to 8"),
        ("resize:0.5,cubic", "one of nearest"),
        ("jpeg:75,420,baseline,1", "cannot take '1'"),
        ("jpeg:75,quality=80", "cannot take 'quality=80'"),
        ("jpeg:quality=80,444", "cannot take '444'"),
        ("jpeg:colour=1", "cannot take 'colour=1'"),
        ("none:1", "parameters are, in order: none"),
        ("whatsapp:2", "no operator or pipeline"),
        ("jpeg_ai:50", "JPEG AI is a learned codec"),
        ("|".join(["none"] * 33), "at most 32 steps"),
    ],
)
def test_bad_text_is_one_clear_error(chain: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        launder.parse(chain)
    assert said in caught.value.what
    assert caught.value.fix


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="jpegrsiz:=|,.0123456789- \x00é", max_size=40))
def test_any_text_parses_or_is_an_input_error(chain: str) -> None:
    try:
        steps = launder.parse(chain)
    except InputError:
        return
    assert launder.parse("|".join(str(step) for step in steps)) == steps


@pytest.mark.parametrize("chain", [*AVAILABLE, *launder.PIPELINES])
def test_contract_of_every_operator_and_pipeline(chain: str) -> None:
    x = picture()
    before = x.copy()
    shipment = launder.ship(x, chain, seed=5, original=save(x, "PNG"))
    assert shipment.pixels.dtype == np.uint8 and shipment.pixels.ndim == 3 and shipment.pixels.shape[2] == 3
    assert np.array_equal(x, before)
    assert np.array_equal(launder.apply(x, chain, seed=5), shipment.pixels)
    assert np.array_equal(launder.replay(x, shipment.record), shipment.pixels)
    assert (shipment.data is None) == (shipment.record.steps[-1]["bytes"] is None)


@pytest.mark.parametrize("name", GRADED)
def test_severity_zero_is_the_identity_and_the_rest_grow(name: str) -> None:
    x = texture()
    assert np.array_equal(launder.apply(x, launder.at_severity(name, 0)), x)
    lengths = [launder.apply(x, launder.at_severity(name, severity)) for severity in range(1, 6)]
    if lengths[0].shape == x.shape:
        errors = [np.abs(out.astype(int) - x).mean() for out in lengths]
        assert errors == sorted(errors) and errors[0] > 0
    else:
        areas = [out.shape[0] * out.shape[1] for out in lengths]
        assert areas == sorted(areas, reverse=True) and areas[0] < x.shape[0] * x.shape[1]


@pytest.mark.parametrize(("name", "severity"), [("jpeg", 6), ("jpeg", -1), ("none", 1), ("jpg", 1)])
def test_a_severity_that_is_not_there_is_refused(name: str, severity: int) -> None:
    with pytest.raises(InputError, match="severities"):
        launder.at_severity(name, severity)


def test_seeds_decide_the_randomness_and_steps_draw_apart() -> None:
    x = np.full((32, 32, 3), 128, np.uint8)
    assert not np.array_equal(launder.apply(x, "noise:5", 1), launder.apply(x, "noise:5", 2))
    first = launder.apply(x, "noise:5", 1).astype(int) - 128
    both = launder.apply(x, "noise:5|noise:5", 1).astype(int) - 128
    assert not np.array_equal(both, 2 * first)


def test_a_prefix_draws_the_same_whatever_follows() -> None:
    x = picture()
    assert np.array_equal(
        launder.apply(launder.apply(x, "noise:5", 9), "jpeg:80"), launder.apply(x, "noise:5|jpeg:80", 9)
    )


def test_another_process_gives_the_same_pixels() -> None:
    chain = "crop:0.7|noise:4|screenshot:0.8|jpeg:70|webp:60"
    code = (
        "import numpy as np; from fauxto import launder;"
        "x = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8);"
        f"print(launder.ship(x, {chain!r}, 11).record.sha256)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == launder.ship(picture(), chain, 11).record.sha256


def test_a_record_is_json_and_replaying_it_on_another_picture_is_noticed() -> None:
    record = launder.ship(picture(), "whatsapp", 3).record
    row = json.loads(json.dumps(record.to_dict()))
    assert row["steps"][-1]["step"] == "jpeg:quality=80,subsampling=420,mode=baseline"
    assert (row["steps"][-1]["width"], row["steps"][-1]["height"]) == (56, 40)
    with pytest.raises(ContractError, match="other pixels"):
        launder.replay(picture(1), record)


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), float), np.zeros((0, 4, 3), np.uint8)]
)
def test_pixels_of_another_kind_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(InputError, match="uint8 pixels"):
        launder.apply(pixels, "none")


def test_social_networks_admit_that_they_are_guesses() -> None:
    assert {launder.PIPELINES[name].confidence for name in ("facebook_feed", "whatsapp", "x_large")} == {"low"}
    for pipeline in launder.PIPELINES.values():
        assert launder.parse(pipeline.name) == launder.parse(pipeline.chain)
        assert pipeline.provenance
