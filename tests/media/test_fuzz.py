"""A few thousand mutations of the fuzz harness; `python -m tests.media.fuzz` runs as many as are wanted."""

import pytest

from tests.media.fuzz import made_seeds, run


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_mutated_files_of_every_format_give_pixels_or_one_clear_error():
    report = run(made_seeds(), count=3000, seed=1)
    assert sum(report["outcomes"].values()) == 3000
    assert {"ok", "truncated", "corrupt", "unknown_format"} <= set(report["outcomes"])
    assert report["parked_threads"] <= 4
