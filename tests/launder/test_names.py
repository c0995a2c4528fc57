"""Named pipelines, mixtures and grids: all parse and run, seeds decide, and the laws are those that are said."""

from collections import Counter

import numpy as np
import pytest

from fauxto import launder
from fauxto.errors import InputError
from fauxto.launder.mixtures import FAMILIES
from fauxto.launder.rare_codecs import UNAVAILABLE

X = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", launder.GRIDS)
def test_every_chain_of_every_grid_runs(name):
    for chain in launder.GRIDS[name]:
        assert launder.apply(X, chain).dtype == np.uint8


@pytest.mark.parametrize("name", launder.MIXTURES)
def test_mixtures_draw_chains_that_run_and_seeds_decide(name):
    chains = [launder.draw(name, seed) for seed in range(12)]
    assert chains == [launder.draw(name, seed) for seed in range(12)]
    assert len(set(chains)) > 4
    for chain in chains[:6]:
        launder.apply(X, chain, seed=1)
    assert launder.MIXTURES[name].provenance


def test_an_unknown_mixture_is_refused_with_the_list():
    with pytest.raises(InputError, match="no mixture 'fodb'") as caught:
        launder.draw("fodb", 0)
    assert "openfake_social" in caught.value.fix


def test_the_social_compression_of_openfake_has_its_shares():
    kinds = Counter()
    for seed in range(2000):
        chain = launder.draw("openfake_social", seed)
        kinds["resize" if chain.startswith("fit") else chain.split(":")[0]] += 1
    share = {kind: count / 2000 for kind, count in kinds.items()}
    expected = {"jpeg": 0.45, "webp": 0.19, "png": 0.01, "avif": 0.10, "resize": 0.10, "none": 0.15}
    assert share.keys() == expected.keys()
    for kind, wanted in expected.items():
        assert abs(share[kind] - wanted) < 4 * (wanted * (1 - wanted) / 2000) ** 0.5, kind


def test_wild_takes_one_to_three_different_operators():
    for seed in range(100):
        names = [step.split(":")[0] for step in launder.draw("wild", seed).replace("|sharpen:1,60", "").split("|")]
        assert 1 <= len(names) <= 3


def test_fauxto36_is_six_times_six_operators_with_severities():
    names = [name for family in FAMILIES.values() for name in family]
    assert len(names) == len(set(names)) == 36 and all(len(family) == 6 for family in FAMILIES.values())
    assert all(launder.OPERATORS[name].severities for name in names)


def test_the_registry_of_the_sheet_is_there():
    wanted = {
        "codec": "jpeg jpeg_tables double_jpeg webp avif heif jpeg2000 quantise gif h264_frame",
        "geometry": "resize resize_plain resize_back crop pad rotate flip turn perspective barrel squash shift",
        "tone": "brightness contrast gamma saturation hue balance grey look autolevel clahe local_contrast",
        "filter": "blur box median motion bilateral nlm sharpen noise poisson salt speckle film",
        "overlay": "caption sticker watermark pad vignette phone_frame meme",
        "metadata": "strip keep forge_orientation",
        "capture": "screenshot screen_photo print_scan",
    }
    assert not {name for names in wanted.values() for name in names.split()} - set(launder.OPERATORS)
    assert set(UNAVAILABLE) == {"jpeg_ai"}
