"""The half ResNet in plain numpy, from the table of its layers: the oracle of the torch network."""

from __future__ import annotations

import numpy as np


def forward(pixels: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """`(n, 3, h, w)` network input to `(n, logits)`, in float64."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    x = relu(norm(convolve(pixels.astype(np.float64), w["conv1.weight"], 2, 1), w, "bn1"))
    x = max_pool(x)
    for layer, blocks in (("layer1", 3), ("layer2", 4)):
        for i in range(blocks):
            x = bottleneck(x, w, f"{layer}.{i}.", stride=2 if layer == "layer2" and i == 0 else 1)
    return x.mean((2, 3)) @ w["fc1.weight"].T + w["fc1.bias"]


def bottleneck(x: np.ndarray, w: dict[str, np.ndarray], name: str, stride: int) -> np.ndarray:
    shortcut = x
    if f"{name}downsample.0.weight" in w:
        shortcut = norm(convolve(x, w[f"{name}downsample.0.weight"], stride, 0), w, f"{name}downsample.1")
    x = relu(norm(convolve(x, w[f"{name}conv1.weight"], 1, 0), w, f"{name}bn1"))
    x = relu(norm(convolve(x, w[f"{name}conv2.weight"], stride, 1), w, f"{name}bn2"))
    return relu(norm(convolve(x, w[f"{name}conv3.weight"], 1, 0), w, f"{name}bn3") + shortcut)


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int, pad: int) -> np.ndarray:
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    size = kernel.shape[-1]
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,ocij->nohw", views, kernel, optimize=True)


def norm(x: np.ndarray, w: dict[str, np.ndarray], name: str) -> np.ndarray:
    shape = (1, -1, 1, 1)
    scale = w[f"{name}.weight"] / np.sqrt(w[f"{name}.running_var"] + 1e-5)
    return x * scale.reshape(shape) + (w[f"{name}.bias"] - w[f"{name}.running_mean"] * scale).reshape(shape)


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def max_pool(x: np.ndarray) -> np.ndarray:
    x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))[:, :, ::2, ::2].max((4, 5))
