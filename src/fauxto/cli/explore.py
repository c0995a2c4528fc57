"""`fauxto generate explore`: one labelled sheet of pictures that shows what a trained GAN has learned."""

from __future__ import annotations

import json as _json
from pathlib import Path
from typing import Literal

from fauxto.cli.check import require_lab
from fauxto.cli.parameters import Seed


def explore(
    what: Literal["ways", "directions", "neighbours"],
    /,
    *,
    model: Path,
    out: Path,
    rows: int = 4,
    columns: int = 8,
    seed: Seed = 0,
    reach: float = 3.0,
    best: bool = False,
    backbone: str | None = None,
    weights: Path | None = None,
) -> int:
    """Write a sheet of pictures: ways between two of them, SeFa's directions, or the real ones nearest to each.

    Parameters
    ----------
    what
        ways: from one picture to another. directions: the middle one, moved along what the weights stretch most.
        neighbours: first in each row a new picture, behind it the training pictures nearest to it.
    model
        The folder of a run.
    out
        The PNG to write; it says that it is generated.
    rows
        How many ways, directions, or new pictures.
    columns
        Pictures in a row; of neighbours, how many training pictures.
    seed
        Another seed, other pictures.
    reach
        Of directions: how far the ends lie from the middle.
    best
        The best generator of the run instead of the last one.
    backbone
        Of neighbours: compare features of this network, such as efficientnet-lite, instead of pixels.
    weights
        The weights of the backbone.
    """
    require_lab()
    from fauxto.data.picture_set import kept_pixels  # noqa: PLC0415
    from fauxto.generate.gan import explore as sheets  # noqa: PLC0415
    from fauxto.generate.gan.run_folder import RunFolder  # noqa: PLC0415
    from fauxto.generate.gan.watch import features_of  # noqa: PLC0415
    from fauxto.learn.resume import whole_or_not  # noqa: PLC0415
    from fauxto.nn.feature_network import open_feature_network  # noqa: PLC0415
    from fauxto.provenance.mark import labelled_png  # noqa: PLC0415

    trained = RunFolder(model).load(best=best)
    report: dict[str, object] = {"sheet": str(out), "rows": rows, "columns": columns, "step": trained.step}
    if what == "ways":
        made = sheets.ways(trained, rows, columns, seed)
    elif what == "directions":
        made = sheets.along_directions(trained, rows, columns, seed, reach)
    else:
        features = None if backbone is None else features_of(open_feature_network(backbone, weights))
        pool = kept_pixels(model, trained.data, trained.generator.resolution)
        made, distance = sheets.beside_the_learned(trained, pool, rows, columns, seed, features=features)
        report |= {"distances": [[round(float(value), 4) for value in row] for row in distance]}
    partial = out.with_suffix(".partial")
    with whole_or_not(out, partial):
        out.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(labelled_png(sheets.sheet_of(made), f"fauxto studiogan {trained.pair.recipe.architecture}"))
        partial.replace(out)
    print(_json.dumps(report))
    return 0
