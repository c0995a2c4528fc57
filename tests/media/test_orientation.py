"""Boxes of the displayed picture land on the right stored pixels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fauxto.media.crops import Box
from fauxto.media.orientation import stored_box, upright


@given(st.data())
def test_cutting_then_turning_is_turning_then_cutting(data):
    height, width = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    stored = np.arange(height * width * 3).reshape(height, width, 3)
    orientation = data.draw(st.integers(1, 8))
    shown = upright(stored, orientation)
    x, y = data.draw(st.integers(0, shown.shape[1] - 1)), data.draw(st.integers(0, shown.shape[0] - 1))
    box = Box(x, y, data.draw(st.integers(1, shown.shape[1] - x)), data.draw(st.integers(1, shown.shape[0] - y)))
    there = stored_box(box, width, height, orientation)
    part = stored[there.y : there.y + there.height, there.x : there.x + there.width]
    np.testing.assert_array_equal(
        upright(part, orientation), shown[box.y : box.y + box.height, box.x : box.x + box.width]
    )
