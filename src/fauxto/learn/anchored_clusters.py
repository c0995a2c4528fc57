"""Single-sample clustering: two clusters of unlabelled features, named by one labelled sample (FakeLocator, 2022)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from fauxto.errors import InputError

FEWEST_FOR_TSNE = 50
"""Below this the neighbourhoods of t-SNE are mostly noise: two principal components are taken instead."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """`labels` are 0 or 1; `margin` is the distance to the other centre less that to its own, signed towards label 1.

    `embedding` is the two-dimensional map, `(n, 2)`, and `method` says how it was made.
    """

    labels: np.ndarray
    margin: np.ndarray
    embedding: np.ndarray
    method: str


def cluster(features: np.ndarray, anchor: int, label: int, seed: int = 0) -> Clustered:
    """Label all rows of `features` `(n, d)` from the one row `anchor`, whose `label` is known.

    t-SNE to two dimensions (perplexity 30 or (n - 1) / 3, initialised by principal components), then k-means with two
    centres: the anchor's cluster gets its label. Transductive: it needs all rows at once, and with three natural groups
    two centres mislead. Errors: InputError for fewer than 4 rows.
    """
    count = len(features)
    if count < 4 or not 0 <= anchor < count:
        raise InputError(
            f"Expected at least 4 features and an anchor among them; got {count} and {anchor}.",
            fix="Give more pictures.",
        )
    if count < FEWEST_FOR_TSNE:
        embedding, method = PCA(2, random_state=seed).fit_transform(features), "pca"
    else:
        perplexity = min(30.0, (count - 1) / 3)
        embedding = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(features)
        method = "t-sne"
    centres = KMeans(2, n_init=10, random_state=seed).fit(embedding)
    own = centres.labels_[anchor]
    labels = np.where(centres.labels_ == own, label, 1 - label)
    distances = np.linalg.norm(embedding[:, None] - centres.cluster_centers_[None], axis=2)
    towards = own if label == 1 else 1 - own
    return Clustered(labels, distances[:, 1 - towards] - distances[:, towards], embedding, method)
