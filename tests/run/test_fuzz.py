"""A few hundred mutated files through the whole scan; `python -m tests.run.fuzz` runs as many as are wanted."""

from tests.media.fuzz import made_seeds
from tests.run.fuzz import run, seeds_with_metadata


def test_every_mutated_file_is_one_row_and_costs_no_worker(model: str):
    report = run([*made_seeds(), *seeds_with_metadata()], count=400, seed=2, model=model, workers=1)
    assert sum(report["rows"].values()) == 400
    assert {"truncated", "corrupt", "unknown_format"} < set(report["rows"])
    assert report["files_that_cost_a_worker"] == []
