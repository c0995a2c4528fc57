"""`fauxto weights`: published checkpoints become safetensors, once, without running what is in them."""

from __future__ import annotations

from pathlib import Path

from fauxto.cli.check import require_lab


def convert(source: Path, target: Path, /) -> int:
    """Turn a legacy torch checkpoint into safetensors; anything in it that would run code is refused.

    Parameters
    ----------
    source
        The published file, such as NPR.pth; a flat state dict or one under "model".
    target
        The .safetensors file to write.
    """
    require_lab()
    from fauxto.errors import InputError, PolicyError  # noqa: PLC0415
    from fauxto.learn.checkpoint import save  # noqa: PLC0415
    from fauxto.learn.nvidia_pickle import open_nvidia  # noqa: PLC0415

    if target.suffix != ".safetensors":
        raise InputError(f"{target} would hold safetensors.", fix=f"Call it {target.with_suffix('.safetensors')}.")
    if target.exists():
        raise PolicyError(f"{target} exists.", fix="Give another name, or remove it first.")
    tensors = open_nvidia(source)
    digest = save(target, tensors, converted_from=source.name)
    print(f"{len(tensors)} tensor{'s' if len(tensors) > 1 else ''} written to {target} (sha256 {digest})")
    return 0
