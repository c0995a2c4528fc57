"""Make the example pictures: three photographs that scikit-image ships, and one that a toy network of ours redrew.

    python examples/make.py

The astronaut is a NASA photograph (public domain), the coffee and the cat are CC0 (scikit-image data/README.txt).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from skimage import data

from fauxto.data.worlds.toy_fakes import redraw, train_toy
from fauxto.media.encode import encode
from fauxto.provenance.mark import labelled_png

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write the four files beside this script."""
    photographs = {"astronaut": data.astronaut(), "coffee": data.coffee(), "cat": data.chelsea()}
    for name, pixels in photographs.items():
        (HERE / f"{name}.jpg").write_bytes(encode(pixels, "jpeg", quality=92))
    windows = [pixels[:288, :288] for pixels in photographs.values()]
    toy = train_toy(windows, "nearest", seed=0, steps=400)
    redrawn = redraw(toy, [np.ascontiguousarray(photographs["coffee"][:384, :592])])[0]
    (HERE / "coffee-redrawn.png").write_bytes(labelled_png(redrawn, "fauxto toy autoencoder"))


if __name__ == "__main__":
    main()
