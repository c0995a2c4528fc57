"""AdaptiveMix (CVPR 2023): a discriminator that judges mixtures, and pulls their features to the mixed features.

The idea is `gan.mixing`, a part of the toolkit; this is the system that it makes of StyleGAN2.
"""

from __future__ import annotations

from pathlib import Path

from fauxto.catalog import Card, Input
from fauxto.generate.gan import StudioGAN
from fauxto.generate.gan.recipe import Recipe

CARD = Card(
    slug="adaptivemix",
    kinds=("generator",),
    title="AdaptiveMix: improving GAN training via feature space shrinkage",
    venue="CVPR",
    year=2023,
    idea="Mix pairs of pictures before the discriminator and pull the features of each mixture to the same mixture of "
    "the two features: the region that pictures take up among the features shrinks, and training steadies.",
    input=Input(size=None, resize="required", crop="whole pictures of 32 to 512 pixels", range="RGB in [-1, 1]"),
    output="pictures, uint8 RGB",
    claim="In the same budget mixing lowers the FID by at least 10 % against no mixing and against plain mixup of what "
    "the discriminator sees, and steadies it; a mixture's features come at least twice as near to the mixed features "
    "and classes scatter less, and goals of other samples do not do both.",
    choices=(
        "One share for a whole batch, drawn evenly from [0, 1], as the released code has it.",
        "The features of the partners are taken from those of the batch: the same values for one pass less.",
        "R1 goes through the sum of both logits, so that the same number weighs more than without mixing; the recipe "
        "keeps the published 1.",
        "In evaluation nothing is mixed: twice the logit of the picture.",
        "Unconditional only: the released code gives a mixture the first picture's label.",
        "Gradients are averaged over processes; the released code goes around what would do so.",
        "Any body that is a row of blocks can be wrapped; recipes offer it with StyleGAN's discriminator.",
        "The classifier with orthogonal weights, the paper's second use, is not built.",
    ),
    fails_on=(
        "The noise on the goals is absolute: against features of large norm it does nothing.",
        "The generator pays the penalty too; whether that helps is not established.",
    ),
    source="https://github.com/WentianZhang-ML/AdaptiveMix",
)


class AdaptiveMix(StudioGAN):
    """StyleGAN2-ADA's `paper256` with mixing, or another recipe whose discriminator has it.

    `fauxto generate train --recipe adaptivemix` is the same; `--recipe paper256` is its control.
    """

    card = CARD

    def __init__(self, recipe: str | Path | Recipe = "adaptivemix") -> None:
        super().__init__(recipe)
