"""The arms of the throughput benchmark: each does its work once or for some seconds and says what that cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fauxto.media.crops import CropSpec, band, cut, take
from fauxto.media.decode import decode, probe
from fauxto.run.appearance import Views
from fauxto.run.model import Model
from fauxto.run.pooling import middle
from machine import own_cpu

MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
"""ImageNet's, as every evaluation script normalises."""

COMMAND = (sys.executable, "-P", "-m", "fauxto")
FULL_DECODE = "import fauxto.media.codecs as codecs\ncodecs.decode_rectangle = lambda *_: None\n"
"""A `sitecustomize` module that has every process of a scan decode whole pictures."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Pictures (or windows), the wall seconds that they took, and the CPU seconds of all processes."""

    count: float
    wall: float
    cpu: float

    @property
    def rate(self) -> float:
        """A second of wall time."""
        return self.count / self.wall

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds each: what it takes of a machine that is busy."""
        return 1000 * self.cpu / self.count


class TorchLoop:
    """The loop of a published evaluation script: PIL, crop, tensor, normalise, batch, network, two threads.

    With `views` it computes all that a scan computes where nothing settles a picture: the windows by the detector's
    network, the whole and the middle window by an appearance network (of random weights: they take as long).
    """

    def __init__(self, detector: object, views: Views | None = None, threads: int = 2) -> None:
        import torch  # noqa: PLC0415  # the other arms, and their child processes, do without

        torch.set_num_threads(threads)
        self.torch, self.crop, self.views = torch, detector.crop, views
        self.networks = [detector.network().eval()]
        if views is not None:
            from fauxto.nn.appearance import AppearanceNetwork  # noqa: PLC0415

            self.networks.append(AppearanceNetwork().eval())

    def read(self, path: Path) -> list[np.ndarray]:
        """The windows that the scan reads and the views, float32 `(k, 3, size, size)` each, normalised."""
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        crops = take(pixels.shape[1], pixels.shape[0], self.crop, lambda box: cut(pixels, box))
        inputs = [crops, self.views.take(pixels, middle(crops))] if self.views else [crops]
        return [np.ascontiguousarray(((x.astype(np.float32) / 255 - MEAN) / STD).transpose(0, 3, 1, 2)) for x in inputs]

    def run(self, paths: Sequence[Path], batch: int, seconds: float) -> Cost:
        """Pictures one after the other, `batch` windows a forward pass (at least one picture's), for some seconds."""
        count, waiting = 0.0, [[] for _ in self.networks]
        cpu, start = own_cpu(), time.perf_counter()
        while True:
            for held, inputs in zip(waiting, self.read(paths[int(count) % len(paths)]), strict=True):
                held += list(inputs)
            count += 1
            if len(waiting[0]) >= batch:
                with self.torch.no_grad():
                    for held, network in zip(waiting, self.networks, strict=True):
                        network(self.torch.from_numpy(np.stack(held))).sigmoid().tolist()
                        held.clear()
                if time.perf_counter() - start >= seconds:
                    break
        return Cost(count, time.perf_counter() - start, own_cpu() - cpu)


@dataclass(frozen=True, slots=True)
class Work:
    """What the scan computes for one of some pictures, on average.

    `windows` go through the texture network and `views` through the appearance network; a share of `whole` is decoded
    whole.
    """

    windows: float
    whole: float
    views: float


def work_of(model: Model, paths: Sequence[Path]) -> Work:
    """The work for these pictures, counted."""
    model.open()
    texture, appearance, whole = Counted(model), Counted(model.appearance), 0
    for path in paths:
        data, seen = path.read_bytes(), []
        header = probe(data)
        crops = take(header.width, header.height, model.crop, lambda box, data=data: decode(data, box=box))
        model.score(crops, lambda data=data, seen=seen: seen.append(decode(data)) or seen[0])
        whole += len(seen)
    return Work(*(round(each / len(paths), 3) for each in (texture.windows, whole, appearance.windows)))


class Counted:
    """The network of a model or of its appearance, from now on counted; none counts none."""

    def __init__(self, owner: Any) -> None:
        self.windows = 0
        if owner is not None:
            self._network, owner._network = owner._network, self

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """What the network says."""
        self.windows += len(pixels)
        return self._network(pixels)


def scan(
    paths: Sequence[Path], repeats: int, workers: int, model: str, full_decode: Path | None = None
) -> dict[str, Cost]:
    """`fauxto scan --json` of a list, each picture `repeats` times: the whole command, and its steady state.

    The steady state is from a quarter of the rows to the last; its CPU time is that of the whole command less that of
    one picture a worker, which every scan pays once. `full_decode` is a folder with a `sitecustomize` module.
    """
    _check(paths)
    few = _scan([paths[0]] * workers, workers, model, full_decode)
    arrivals, cpu = _scan(list(paths) * repeats, workers, model, full_decode)
    head = len(arrivals) // 4
    return {
        "whole": Cost(len(arrivals), arrivals[-1], cpu),
        "steady": Cost(
            len(arrivals) - head,
            arrivals[-1] - arrivals[head - 1],
            max(0.0, cpu - few[1]) * (len(arrivals) - head) / (len(arrivals) - workers),
        ),
    }


def first_verdict(path: Path, model: str) -> Cost:
    """From typing the command to the first row, and the CPU time of all its processes."""
    arrivals, cpu = _scan([path], 1, model)
    return Cost(1, arrivals[0], cpu)


def help_text() -> Cost:
    """`fauxto --help`."""
    cpu, start = own_cpu(), time.perf_counter()
    subprocess.run([*COMMAND, "--help"], stdout=subprocess.DEVNULL, check=True)
    return Cost(1, time.perf_counter() - start, own_cpu() - cpu)


def _scan(paths: Sequence[Path], workers: int, model: str, site: Path | None = None) -> tuple[list[float], float]:
    """When each row came, in seconds since the start, and the CPU seconds of parent and workers."""
    search = [str(site)] if site else []
    search += [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(search)}
    cpu, start, arrivals = own_cpu(), time.perf_counter(), []
    with subprocess.Popen(
        [*COMMAND, "scan", "--json", "--model", model, "--workers", str(workers), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        process.stdin.write("\n".join(map(str, paths)).encode())
        process.stdin.close()
        rows = []
        for line in process.stdout:
            arrivals.append(time.perf_counter() - start)
            rows.append(line)
    failed = [row["error"] for row in map(json.loads, rows) if row["status"] != "ok"]
    if process.returncode or failed or len(rows) != len(paths):
        raise SystemExit(f"The scan failed: exit code {process.returncode}, {len(rows)} rows, {failed[:1]}.")
    return arrivals, own_cpu() - cpu


def _check(paths: Sequence[Path]) -> None:
    """Every picture is read as the scan reads it, bit-identical to a full decode by Pillow."""
    for path in paths[:2]:
        data = path.read_bytes()
        header = probe(data)
        box = band(header.width, header.height, CropSpec(256, 3))
        with Image.open(path) as image:
            if not np.array_equal(decode(data, box=box), cut(np.asarray(image.convert("RGB")), box)):
                raise SystemExit(f"{path.name} is not decoded as Pillow decodes it.")


def side_by_side(work: Callable[..., int], *arguments: object, seconds: float, processes: int = 2) -> Cost:
    """Repeat `work(*arguments)`, which returns how much it did, in several processes at once, a core each."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        costs = list(pool.map(_repeat, [(work, arguments, seconds)] * processes))
    wall = sum(cost.wall for cost in costs) / processes
    return Cost(sum(cost.count * wall / cost.wall for cost in costs), wall, sum(cost.cpu for cost in costs))


def _repeat(task: tuple[Callable[..., int], tuple[object, ...], float]) -> Cost:
    work, arguments, seconds = task
    work(*arguments)
    count, start, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        count += work(*arguments)
    return Cost(count, time.perf_counter() - start, time.process_time() - cpu)


def decode_pictures(paths: Sequence[str], crop: CropSpec | None) -> int:
    """Decode each picture, whole or only the band of a crop, as the scan does."""
    for path in paths:
        data = Path(path).read_bytes()
        if crop is None:
            decode(data)
        else:
            header = probe(data)
            take(header.width, header.height, crop, lambda box, data=data: decode(data, box=box))
    return len(paths)


_networks: dict[tuple[str, str], object] = {}


def run_network(backend: str, onnx: str, windows: int, size: int) -> int:
    """Score the windows of one picture by a backend on one thread; the network stays open between calls."""
    from importlib import import_module  # noqa: PLC0415

    if (backend, onnx) not in _networks:
        pixels = np.random.default_rng(0).random((windows, 3, size, size), dtype=np.float32)
        _networks[backend, onnx] = (import_module(f"fauxto.backends.{backend}").open_network(Path(onnx)), pixels)
    network, pixels = _networks[backend, onnx]
    network(pixels)
    return windows
