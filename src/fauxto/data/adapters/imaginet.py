"""ImagiNet (Boychev and Cholakov, 2024): lines `path,origin,content,model,specific_model` of documented codes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from fauxto.data.adapters.layout import Layout, sample
from fauxto.data.adapters.tables import Refused, Row, csv_samples, inside, of_word
from fauxto.data.manifest import Sample
from fauxto.data.walk import Problems, files
from fauxto.errors import InputError

SLUG = "imaginet"
COLUMNS = ("path", "origin", "content", "model", "specific_model")
CONTENT = ("photo", "painting", "face", "other")
FAMILIES = ("gan", "diffusion", "diffusion", "diffusion", "real")
GENERATORS = (
    *("progan", "stylegan-xl", "stylegan3", "stable-diffusion-2.1", "sdxl-1.0", "animagine-xl", "midjourney"),
    *("dalle-3", "real"),
)

KINDS = dict(zip(GENERATORS, (0, 0, 0, 1, 1, 1, 2, 3, 4), strict=True))
"""The code of the column `model` of each generator."""


def read(root: Path, problems: Problems) -> Iterator[Sample]:
    """The lines of every list; those of `test_calibration.txt`, which the metric is fitted on, count only as that."""
    lists = [path for path in files(root, problems, {".txt"}) if _split(path)]
    calibration: set[str] = set()
    for path in sorted(lists, key=lambda path: (_split(path) != "calibration", path)):
        split = _split(path)
        for one in csv_samples(root, path, partial(_sample, root, root / path), problems, COLUMNS):
            if split == "calibration":
                calibration.add(one.path)
            elif one.path in calibration:
                continue
            yield replace(one, split=split)


def _split(path: str) -> str:
    name = Path(path).name.lower()
    return next((word for word in ("calibration", "train", "test", "val") if word in name), "")


def _sample(root: Path, table: Path, row: Row) -> Sample:
    label = of_word(row["origin"], {"0": 0, "1": 1})
    content, family, generator = (
        _code(row[name], words) for name, words in zip(COLUMNS[2:], (CONTENT, FAMILIES, GENERATORS), strict=True)
    )
    if (generator == "real") == bool(label) or (family == "real") == bool(label):
        raise Refused(f"origin is {row['origin']} but the model is {generator}")
    place = inside(root, row["path"], table.parent, root)
    if not label:
        source = "/".join([SLUG, *Path(row["path"]).parts[:-1][-1:]])
        return sample(place, SLUG, label=0, content=content, source=source)
    return sample(place, SLUG, label=1, content=content, generator=generator, family=family)


def annotation(sample: Sample, root: Path) -> str:
    """The line of a list that `read` makes this sample of; its path is written relative to `root`.

    Errors: InputError for a content or a generator that has no code.
    """
    generator = sample.generator if sample.label else "real"
    try:
        codes = (sample.label, CONTENT.index(sample.content), KINDS[generator], GENERATORS.index(generator))
    except (ValueError, KeyError):
        raise InputError(
            f"ImagiNet has no code for the content {sample.content!r} or the generator {generator!r}.",
            fix=f"Contents are {', '.join(CONTENT)}; generators {', '.join(GENERATORS)}.",
        ) from None
    return ",".join([Path(sample.path).relative_to(root).as_posix(), *map(str, codes)])


def _code(text: str, words: tuple[str, ...]) -> str:
    if not text.strip().isdigit() or int(text) >= len(words):
        raise Refused(f"the code {text!r} is not one of 0 to {len(words) - 1}")
    return words[int(text)]


LAYOUT = Layout(
    slug=SLUG,
    title="ImagiNet",
    read=read,
    signs=(r"test_calibration\.txt",),
    published="160,000 for training and 40,000 for the test (20,000 real)",
    license="CC BY 4.0 (generated), as each source (real)",
)
