"""The generator's side of conditioning: latents, codes and labels become a latent and a vector for the norms."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.generate.gan.interface import Codes, GeneratorMethod


class Conditions(nn.Module):
    """`(latents, labels)` to the latent `(n, latent_width)` and the norms' condition `(n, norm_width)` or None.

    With "concatenation" the one-hot label stands behind the latent (Mirza and Osindero, 2014). With "norm" it goes to
    the norms: one-hot, or as a learned embedding of `shared` numbers (BigGAN). Codes are mixed into the latent by a
    linear layer, or projected to `code_width` numbers for the norms, in front of the label.
    """

    def __init__(
        self,
        latent_size: int,
        classes: int,
        method: GeneratorMethod,
        codes: Codes | None,
        *,
        shared: int = 0,
        code_width: int = 0,
    ) -> None:
        super().__init__()
        if method != "none" and classes < 1:
            raise InputError(
                f'A generator with conditioning "{method}" needs classes; got {classes}.',
                fix='Give classes=N, or conditioning="none".',
            )
        self.method, self.classes, self.latent_size = method, classes, latent_size
        self.latent_width = latent_size + (classes if method == "concatenation" else 0)
        in_norms = codes is not None and codes.injection == "norm"
        self.norm_width = code_width if in_norms else 0
        self.mix = self.project = self.embedding = None
        if codes is not None and in_norms:
            self.project = nn.Linear(codes.width, code_width)
        elif codes is not None:
            self.mix = nn.Linear(latent_size + codes.width, latent_size)
        if method == "norm":
            self.norm_width += shared or classes
            self.embedding = nn.Embedding(classes, shared) if shared else None

    def forward(self, latents: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """See the class. Errors: InputError when a conditional generator gets no labels."""
        norms = []
        if self.mix is not None:
            latents = self.mix(latents)
        elif self.project is not None:
            latents, codes = latents[:, : self.latent_size], latents[:, self.latent_size :]
            norms.append(self.project(codes))
        if self.method != "none":
            if labels is None:
                raise InputError(
                    "A conditional generator got no labels.", fix="Give labels, int64 of shape (n,), in [0, classes)."
                )
            if self.embedding is not None:
                norms.append(self.embedding(labels))
            else:
                one_hot = functional.one_hot(labels, self.classes).to(latents.dtype)
                if self.method == "norm":
                    norms.append(one_hot)
                else:
                    latents = torch.cat([latents, one_hot], 1)
        return latents, torch.cat(norms, 1) if norms else None
