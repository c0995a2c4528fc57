"""The claim of ARIA's detector: in-distribution detection is easy, transfer between generators and methods is not.

Two "generators" (resamplers) work in two methods: from text, a picture drawn from the statistics of all photographs,
and from a picture, a photograph redrawn. The second shares content with the real one that it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import torch
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from torch import nn

from fauxto.claims import Check, ClaimResult, Scale
from fauxto.claims.experiment import compare, fit, laptop_result, seeded, smoke_result, to_tensor
from fauxto.claims.resampled_corpus import SEEDS_APART, Resampler, redraw
from fauxto.claims.spectral_bands import band_powers, fit_bands
from fauxto.data.worlds.camera import photograph
from fauxto.detect.aria import ARIA, CARD, ARIANetwork
from fauxto.errors import InputError
from fauxto.launder import apply

SEEDS = (0, 1, 2)
SIDE = 64
GENERATORS: tuple[Resampler, ...] = ("nearest", "lanczos")
METHODS = ("text", "picture")
FAMILIES = tuple(product(GENERATORS, METHODS))
ENCODING = "jpeg:90"
"""Real and generated pictures are saved alike."""

Judge = Callable[[Sequence[np.ndarray]], np.ndarray]
"""Pictures to logits, higher = generated."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Reals, and the fakes of each family; those made from a picture stand at the index of their original."""

    real: list[np.ndarray]
    fake: dict[tuple[Resampler, str], list[np.ndarray]]


def make_pairs(seed: int, count: int) -> Pairs:
    """`count` photographs and as many fakes of each family, uint8 `(SIDE, SIDE, 3)`; a seed shares no scene."""
    first = seed * SEEDS_APART
    originals = [photograph(first + i, SIDE) for i in range(count)]
    lessons = [photograph(first + SEEDS_APART // 2 + i, SIDE // 2) for i in range(200)]
    drawn = _dream(lessons, count, np.random.default_rng((0xA21A, seed)))
    fake = {}
    for generator, method in FAMILIES:
        if method == "picture":
            made = [redraw(picture, generator, 1.0) for picture in originals]
        else:
            kind = Image.Resampling[generator.upper()]
            made = [np.asarray(Image.fromarray(half).resize((SIDE, SIDE), kind)) for half in drawn]
        fake[generator, method] = [apply(picture, ENCODING) for picture in made]
    return Pairs([apply(picture, ENCODING) for picture in originals], fake)


def run(scale: Scale) -> ClaimResult:
    """The transfer table of a logistic regression ("smoke"), or of a small ResNet over seeds ("laptop")."""
    if scale == "smoke":
        return smoke()
    if scale == "laptop":
        return laptop()
    raise InputError("The full claim needs the ARIA set, which fauxto cannot fetch by itself.", fix="Use laptop.")


def exact_checks() -> tuple[Check, ...]:
    """The size of the published network, and that its difference of logits is its softmax."""
    with torch.device("meta"):
        parameters = sum(p.numel() for p in ARIA().network().parameters())
    network = seeded(lambda: ARIANetwork((1, 1, 1, 1), 8), 0).eval()
    pixels = torch.rand(4, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        both = network.get_submodule("classifier")(network.get_submodule("normalise")(pixels)).softmax(1)[:, 1]
        apart = float((torch.sigmoid(network(pixels)) - both).abs().max())
    return (
        Check("23,512,130 parameters", parameters == 23_512_130, f"{parameters:,}"),
        Check("sigmoid of the logit is the softmax of both outputs", apart < 1e-6, f"differs by {apart:.1e}"),
    )


def smoke() -> ClaimResult:
    """The transfer table of a logistic regression on band powers."""
    checks = exact_checks()
    train, test = make_pairs(0, 60), make_pairs(1, 60)

    def teach(reals: list[np.ndarray], fakes: list[np.ndarray]) -> Judge:
        model = fit_bands([*reals, *fakes], np.repeat([0, 1], [len(reals), len(fakes)]))
        return lambda images: model.decision_function(band_powers(images))

    table = transfer(train, test, teach)
    content = {method: content_area(train, test, ("nearest", method)) for method in METHODS}
    measured, control = inside(table), outside(table)
    return smoke_result(
        CARD,
        measured,
        control,
        statement="A classifier trained on one generator and method loses accuracy on the others.",
        unit="mean accuracy at logit 0, real and generated in equal number; control: families it was not trained on",
        rule="every exact check passes and measured > control",
        holds=measured > control,
        checks=checks,
        details={"accuracy, trained on by tested on": _plain(table), "AUC of 8 px thumbnails alone": content},
        note="Smoke trains a logistic regression on band powers; the network is what laptop trains.",
    )


def laptop(seeds: tuple[int, ...] = SEEDS, train: int = 120, test: int = 100, epochs: int = 5) -> ClaimResult:
    """The transfer table of the small sibling of the network, and what a thumbnail tells of each method."""
    checks = exact_checks()
    tables, content = [], []
    for seed in seeds:
        lessons, exam = make_pairs(2 * seed + 10, train), make_pairs(2 * seed + 11, test)
        tables.append(transfer(lessons, exam, partial(_network, seed=seed, epochs=epochs)))
        content.append({method: content_area(lessons, exam, ("nearest", method)) for method in METHODS})
    margin = compare([inside(table) for table in tables], [outside(table) for table in tables])
    return laptop_result(
        CARD,
        margin,
        unit="mean accuracy at logit 0, real and generated in equal number; control: families it was not trained on",
        rule="every exact check passes and the gap is larger than the seed spread",
        seeds=seeds,
        checks=checks,
        details={
            "accuracy, trained on by tested on, by seed": [_plain(table) for table in tables],
            "AUC of 8 px thumbnails alone, by seed": content,
            "set-up": f"{train} + {train} pictures of {SIDE} px, {epochs} epochs of 4 passes, {test} test pictures a "
            "class, a ResNet of one block a layer and an eighth of the width, AdamW",
        },
        note="Reals are camera-world photographs, fakes resampled photographs or pictures drawn from their principal "
        "components: no commercial generator was asked.",
    )


Table = dict[tuple[tuple[Resampler, str], tuple[Resampler, str]], float]
"""(trained on, tested on) to accuracy."""


def transfer(train: Pairs, test: Pairs, teach: Callable[[list[np.ndarray], list[np.ndarray]], Judge]) -> Table:
    """Train on each family, test on all; no scene of `train` is in `test`, so no fake's original is either."""
    table: Table = {}
    for own in FAMILIES:
        judge = teach(train.real, train.fake[own])
        right_on_reals = float((judge(test.real) < 0).mean())
        for other in FAMILIES:
            table[own, other] = (right_on_reals + float((judge(test.fake[other]) > 0).mean())) / 2
    return table


def inside(table: Table) -> float:
    """Mean accuracy on the family trained on."""
    return float(np.mean([value for (own, other), value in table.items() if own == other]))


def outside(table: Table) -> float:
    """Mean accuracy on the families not trained on."""
    return float(np.mean([value for (own, other), value in table.items() if own != other]))


def content_area(train: Pairs, test: Pairs, family: tuple[Resampler, str]) -> float:
    """AUC of a random forest that sees thumbnails only: what content and layout give away, and no fine trace."""

    def thumbnails(images: Sequence[np.ndarray]) -> np.ndarray:
        small = [np.asarray(Image.fromarray(i).resize((8, 8), Image.Resampling.BOX), float) for i in images]
        return np.stack(small).reshape(len(small), -1)

    labels = np.repeat([0, 1], [len(train.real), len(train.fake[family])])
    forest = RandomForestClassifier(100, random_state=0)
    forest.fit(thumbnails([*train.real, *train.fake[family]]), labels)
    chances = forest.predict_proba(thumbnails([*test.real, *test.fake[family]]))[:, 1]
    answers = np.repeat([0, 1], [len(test.real), len(test.fake[family])])
    return round(float(roc_auc_score(answers, chances)), 4)


def _dream(lessons: list[np.ndarray], count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Pictures drawn from the mean and the first 60 principal components of the lessons, uint8, of their size."""
    flat = np.stack(lessons).reshape(len(lessons), -1).astype(np.float64)
    model = PCA(60, random_state=0).fit(flat)
    codes = rng.standard_normal((count, 60)) * np.sqrt(model.explained_variance_)
    drawn = model.inverse_transform(codes).reshape(count, *lessons[0].shape)
    return list(np.clip(np.rint(drawn), 0, 255).astype(np.uint8))


def _network(reals: list[np.ndarray], fakes: list[np.ndarray], seed: int, epochs: int) -> Judge:
    detector = ARIA(**ARIA.small)
    pictures = [*reals, *fakes]
    labels = np.tile(np.repeat([0, 1], [len(reals), len(fakes)]), 4)
    network: nn.Module = seeded(lambda: ARIANetwork((1, 1, 1, 1), 8), seed)
    fit(
        network,
        lambda index, rng: detector.augment(pictures[index % len(pictures)], rng),
        labels,
        detector.loss,
        seed=seed,
        epochs=epochs,
        learning_rate=3e-3,
    )

    def judge(images: Sequence[np.ndarray]) -> np.ndarray:
        with torch.inference_mode():
            return network(to_tensor(images)).numpy()

    return judge


def _plain(table: Table) -> dict[str, dict[str, float]]:
    names = {family: " from ".join(family) for family in FAMILIES}
    return {names[own]: {names[other]: round(table[own, other], 4) for other in FAMILIES} for own in FAMILIES}
