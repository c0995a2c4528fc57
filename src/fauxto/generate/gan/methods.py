"""Which conditionings an architecture can take, and why not the others."""

from __future__ import annotations

from fauxto.generate.gan.interface import Method

LABEL_METHODS: frozenset[Method] = frozenset(
    {
        "none",
        "concatenation",
        "projection",
        "multiple_outputs",
        "classifier",
        "contrastive",
        "data_to_data",
        "multi_hinge",
    }
)
"""Those of discriminators that sum their features: every one but StyleGAN's projection onto a mapped label."""

STYLE_METHODS: frozenset[Method] = (LABEL_METHODS - {"projection"}) | {"style_projection"}
"""Those of StyleGAN's discriminator: its projection is the style projection."""
