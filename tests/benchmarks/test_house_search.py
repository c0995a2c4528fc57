"""The table of recipes: means over seeds, and nothing where a recipe was not run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import house_search


def row(recipe: str, seed: int, **areas: float) -> dict:
    return {"recipe": recipe, "seed": seed, "auc_tpr5": {family: [area, 0.0] for family, area in areas.items()}}


def test_a_table_has_the_means_over_seeds_and_gaps_where_nothing_was_run():
    rows = [row("npr", 0, ldm=0.6, sd1=0.8), row("npr", 1, ldm=0.7, sd1=0.9), row("house", 0, sd1=0.5)]
    assert house_search.markdown(rows).splitlines() == [
        "| left out | npr | house |",
        "| --- | --- | --- |",
        "| ldm | 0.650 |  |",
        "| sd1 | 0.850 | 0.500 |",
        "| **mean** | 0.750 (0.700 to 0.800) | 0.500 (0.500 to 0.500) |",
    ]
