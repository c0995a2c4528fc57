"""StudioGAN's names of tensors, so that the checkpoints that it publishes load strictly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor, nn

from fauxto.generate.gan.dcgan import DCGANBody, DCGANGenerator, Halving
from fauxto.generate.gan.deep_blocks import DeepDownBlock, DeepUpBlock
from fauxto.generate.gan.residual_blocks import DownBlock, FirstDownBlock, UpBlock
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn import stylegan2_layouts, stylegan3_layout
from fauxto.nn.conditional_norm import ConditionalBatchNorm
from fauxto.nn.self_attention import SelfAttention
from fauxto.nn.style_network import StyleNetwork
from fauxto.nn.stylegan2_discriminator import StyleBody, StyleDownBlock
from fauxto.nn.stylegan3 import AliasFreeSynthesis

TOP = {
    "start": "linear0",
    "conditions.embedding": "shared",
    "conditions.mix": "info_mix_linear",
    "conditions.project": "info_proj_linear",
    "norm.norm": "bn4",
    "to_rgb": "conv2d5",
    "head.logit": "linear1",
    "head.classifier": "linear2",
    "head.embed": "linear2",
    "head.classes": "embedding",
    "head.proxies": "embedding",
    "head.twin": "linear_mi",
    "head.twin_embed": "linear_mi",
    "head.twin_proxies": "embedding_mi",
    "head.mapping": "mapping",
    "code_head.discrete": "info_discrete_linear",
    "code_head.mean": "info_conti_mu_linear",
    "code_head.log_variance": "info_conti_var_linear",
}
"""Modules outside the blocks, ours to StudioGAN's."""

RESIDUAL = {
    "shortcut": "conv2d0",
    "conv1": "conv2d1",
    "conv2": "conv2d2",
    "norm0": "bn0",
    "norm1": "bn1",
    "norm2": "bn2",
}
DEEP = {"shortcut": "conv2d0"}
DEEP |= {f"convolutions.{k}": f"conv2d{k + 1}" for k in range(4)} | {f"norms.{k}": f"bn{k + 1}" for k in range(4)}
INSIDE: dict[type[nn.Module], dict[str, str]] = {
    UpBlock: RESIDUAL,
    FirstDownBlock: RESIDUAL,
    DownBlock: RESIDUAL,
    DeepUpBlock: DEEP,
    DeepDownBlock: DEEP,
    Halving: {"keep": "conv0", "shrink": "conv1", "norm_kept": "bn0", "norm_shrunk": "bn1"},
    StyleDownBlock: {"conv0": "conv0", "conv1": "conv1", "shortcut": "skip"},
    SelfAttention: {
        "query": "conv1x1_theta",
        "key": "conv1x1_phi",
        "value": "conv1x1_g",
        "out": "conv1x1_attn",
        "strength": "sigma",
    },
}
"""Inside blocks."""

SPECTRAL = {
    "parametrizations.weight.original": "weight_orig",
    "parametrizations.weight.0._u": "weight_u",
    "parametrizations.weight.0._v": "weight_v",
}


def load_studiogan(network: nn.Module, path: str | Path) -> None:
    """Fill a generator or a discriminator from StudioGAN's checkpoint of it, strictly. Errors: WeightError."""
    tensors = load_tensors(path)
    if isinstance(network, StyleNetwork):
        if isinstance(network.synthesis, AliasFreeSynthesis):
            load_strict(network, stylegan3_layout.from_nvidia(network, tensors), path)
        else:
            load_strict(network, stylegan2_layouts.from_nvidia(tensors), path)
    else:
        load_strict(network, from_studiogan(network, tensors), path)


def from_studiogan(network: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under our names; those that `network` has no place for keep theirs. Not for style generators."""
    ours = {theirs: own for own, theirs in studiogan_names(network).items()}
    return {ours.get(name, name): value for name, value in tensors.items() if not name.endswith("resample_filter")}


def studiogan_names(network: nn.Module) -> dict[str, str]:
    """What StudioGAN calls each tensor of the network's state dict."""
    places = dict(_places(network))
    names = {}
    for own in network.state_dict():
        place = next(own[:end] for end in _ends(own) if own[:end] in places)
        leaf = own[len(place) + 1 :]
        names[own] = ".".join(part for part in (places[place], SPECTRAL.get(leaf, leaf)) if part)
    return names


def _ends(name: str) -> Iterator[int]:
    """Where a prefix of whole words ends, the longest first."""
    end = len(name)
    while end > 0:
        yield end
        end = name.rfind(".", 0, end)


def _places(network: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of modules, ours and StudioGAN's."""
    yield from TOP.items()
    body = getattr(network, "body", None)
    if isinstance(network, DCGANGenerator):
        yield "to_rgb", "conv4"
        for number, norm in enumerate(network.norms):
            yield f"ups.{number}", f"blocks.{number}.0.deconv0"
            yield from _norm(f"norms.{number}", norm, f"blocks.{number}.0.bn0")
        return
    if isinstance(body, DCGANBody):
        yield from (("body.last", "conv1"), ("body.norm", "bn1"))
    if isinstance(body, StyleBody):
        yield from (("body.conv", "b4.conv"), ("body.hidden", "b4.fc"))
        for owner, theirs in (("mapping", "mapping"), ("proxies", "embedding"), ("twin_proxies", "embedding_mi")):
            yield from ((f"head.{owner}.layers.{k}", f"{theirs}.fc{k}") for k in range(8))
        side = int(network.resolution)  # type: ignore[arg-type]
        yield "body.blocks.0", f"b{side}.fromrgb"
        for number, block in enumerate(list(body.blocks)[1:]):
            yield from _inside(f"body.blocks.{number + 1}", block, f"b{side >> number}")
        return
    number = 0
    for path, block in _blocks(network):
        if isinstance(block, nn.Conv2d):
            yield path, "input_conv"
        else:
            yield from _inside(path, block, f"blocks.{number}.0")
            number += 1


def _blocks(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Blocks and attentions in the order in which they are passed, with our names."""
    body = getattr(network, "body", None)
    if body is not None:
        for number, block in enumerate(body.blocks):
            inner = enumerate(block) if isinstance(block, nn.Sequential) else None
            yield from ((f"body.blocks.{number}.{k}", part) for k, part in inner or ())
            if inner is None:
                yield f"body.blocks.{number}", block
        return
    stages = getattr(network, "stages", None)
    attention: nn.ModuleDict = network.attention  # type: ignore[assignment]
    for number, stage in enumerate(network.blocks if stages is None else stages, 1):  # type: ignore[arg-type]
        if stages is None:
            yield f"blocks.{number - 1}", stage
        else:
            yield from ((f"stages.{number - 1}.{k}", block) for k, block in enumerate(stage))
        if str(number) in attention:
            yield f"attention.{number}", attention[str(number)]


def _inside(path: str, block: nn.Module, theirs: str) -> Iterator[tuple[str, str]]:
    """The parts of a block."""
    for own, name in INSIDE[type(block)].items():
        part = block
        for word in own.split("."):
            part = getattr(part, word, None)  # type: ignore[assignment]
        if isinstance(part, ConditionalBatchNorm):
            yield from _norm(f"{path}.{own}", part, f"{theirs}.{name}")
        elif part is not None:
            yield f"{path}.{own}", f"{theirs}.{name}"


def _norm(path: str, norm: nn.Module, theirs: str) -> Iterator[tuple[str, str]]:
    """A batch norm, conditional or with weights of its own."""
    conditional = norm.gain is not None
    yield f"{path}.norm", f"{theirs}.bn" if conditional else theirs
    if conditional:
        yield from ((f"{path}.gain", f"{theirs}.gain"), (f"{path}.offset", f"{theirs}.bias"))
