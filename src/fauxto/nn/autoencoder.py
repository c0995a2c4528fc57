"""The autoencoder of a latent diffusion model, through diffusers, from a local folder: picture to picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.towers import LARGEST_CONFIG, fingerprint, no_backbone

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
FIELDS = (
    "act_fn",
    "block_out_channels",
    "down_block_types",
    "in_channels",
    "latent_channels",
    "layers_per_block",
    "mid_block_add_attention",
    "norm_num_groups",
    "out_channels",
    "up_block_types",
    "use_post_quant_conv",
    "use_quant_conv",
)
"""What decides the network; everything else in a configuration is left unread."""

TINY: dict[str, Any] = {
    "block_out_channels": (8, 16),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "latent_channels": 4,
    "norm_num_groups": 4,
}


class LatentAutoencoder(nn.Module):
    """`(n, 3, h, w)` in [0, 1], sides whole multiples of `factor`, to the picture that the autoencoder makes of it.

    The mean of the posterior is decoded, not a sample, so the same picture always gives the same one.
    """

    def __init__(self, model: Any, identity: str) -> None:
        """`model` is a diffusers `AutoencoderKL`."""
        super().__init__()
        self.model = model
        self.identity = identity
        self.factor = 2 ** (len(model.config.block_out_channels) - 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """The reconstruction, clipped to [0, 1]."""
        mean = self.model.encode(2 * pixels - 1).latent_dist.mode()
        return (self.model.decode(mean).sample / 2 + 0.5).clamp(0, 1)


def open_autoencoder(backbone: str | Path | nn.Module | None) -> nn.Module:
    """A frozen autoencoder: a diffusers folder (or a pipeline with one under `vae`), "tiny", or a module of your own.

    Errors: WeightError when nothing is given, or what is given does not fit.
    """
    if isinstance(backbone, nn.Module):
        return backbone.requires_grad_(False).eval()
    if backbone is None:
        no_backbone("an autoencoder of a latent diffusion model", "stabilityai/sd-vae-ft-mse")
    if backbone == "tiny":
        return tiny_autoencoder().requires_grad_(False)
    folder = Path(backbone)
    if not (folder / CONFIG).is_file() and (folder / "vae" / CONFIG).is_file():
        folder = folder / "vae"
    values = _config(folder)
    tensors = {_current(name): tensor.float() for name, tensor in load_tensors(folder / WEIGHTS).items()}
    try:
        model = _model(**values)
    except Exception as error:  # whatever a stranger's configuration breaks inside diffusers
        raise WeightError(f"{folder / CONFIG} makes no autoencoder: {error}", fix="Download it again.") from error
    load_strict(model, {name: _squeezed(tensor, model, name) for name, tensor in tensors.items()}, folder)
    return LatentAutoencoder(model, fingerprint("autoencoder", tensors)).requires_grad_(False).eval()


def tiny_autoencoder(seed: int = 0) -> LatentAutoencoder:
    """A small autoencoder with random weights, for tests: factor 2."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LatentAutoencoder(_model(**TINY), f"tiny-autoencoder-seed{seed}").eval()


def _config(folder: Path) -> dict[str, Any]:
    """The fields that decide the network. Errors: WeightError."""
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise WeightError(
                f"{folder} holds no {name}.",
                fix=f"An autoencoder's folder holds {CONFIG} and {WEIGHTS}, as on its model page.",
            )
    with (folder / CONFIG).open("rb") as opened:
        text = opened.read(LARGEST_CONFIG)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightError(f"{folder / CONFIG} is not JSON: {error}", fix="Download it again.") from error
    if not isinstance(values, dict) or values.get("_class_name", "AutoencoderKL") != "AutoencoderKL":
        raise WeightError(
            f"{folder / CONFIG} describes no AutoencoderKL.",
            fix="Give the autoencoder of a Stable Diffusion model, such as stabilityai/sd-vae-ft-mse.",
        )
    return {name: values[name] for name in FIELDS if name in values}


OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


def _current(name: str) -> str:
    """Today's name of a tensor: the first releases called the projections of the attention otherwise."""
    parent, _, leaf = name.rpartition(".")
    stem, _, part = parent.rpartition(".")
    return f"{stem}.{OLD_ATTENTION[part]}.{leaf}" if part in OLD_ATTENTION and "attentions" in stem else name


def _squeezed(tensor: Tensor, model: nn.Module, name: str) -> Tensor:
    """A linear layer that an old file stores as a 1x1 convolution."""
    own = model.state_dict().get(name)
    return tensor[..., 0, 0] if own is not None and own.ndim == 2 and tensor.ndim == 4 else tensor


def _model(**values: Any) -> Any:
    from diffusers import AutoencoderKL  # noqa: PLC0415  takes seconds to import

    return AutoencoderKL(**values).eval()
