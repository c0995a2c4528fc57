"""The mark that fauxto leaves is what fauxto reads."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from fauxto import provenance
from fauxto.provenance.mark import labelled_png


@pytest.mark.parametrize(
    ("made", "summary"),
    [("trainedAlgorithmicMedia", "ai_generated"), ("compositeWithTrainedAlgorithmicMedia", "ai_edited")],
)
def test_a_labelled_picture_is_read_as_such(made, summary):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    data = labelled_png(pixels, "fauxto toy generator", made)
    found = provenance.read(data)
    assert found.summary == summary
    assert not found.decisive
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)
