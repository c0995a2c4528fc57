"""CNNDetection and ARIA: preprocessing by hand, official layouts, conversion, augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from fauxto.bench.contender import contenders
from fauxto.cli.weights import convert
from fauxto.detect.aria import ARIA
from fauxto.detect.cnndetection import CNNDetection
from fauxto.detect.imaginet import ImagiNet
from fauxto.errors import InputError, WeightError
from fauxto.learn.augment import blur_and_jpeg
from fauxto.learn.checkpoint import save

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


def small(system, **more):
    torch.manual_seed(0)
    detector = system(**{**system.small, **more})
    with torch.no_grad():
        for name, value in detector.network().classifier.state_dict().items():
            if name.endswith("running_mean"):
                value.add_(0.3)
    return detector


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)


def logits(detector, pixels: np.ndarray) -> np.ndarray:
    """What the classifier gives for uint8 pixels that are normalised here."""
    x = ((pixels / np.float32(255) - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)
    with torch.inference_mode():
        return detector.network().classifier.eval()(torch.from_numpy(x)).numpy()[0]


def test_cnndetection_crops_the_middle_and_never_resizes():
    detector, image = small(CNNDetection), picture(100, 140)
    assert detector.score([image])[0] == pytest.approx(logits(detector, image[18:82, 38:102])[0], abs=1e-5)


def test_aria_squeezes_the_whole_picture_and_subtracts_its_logits():
    detector, image = small(ARIA), picture(100, 140)
    squeezed = np.asarray(Image.fromarray(image).resize((64, 64), Image.Resampling.BILINEAR))
    real, generated = logits(detector, squeezed)
    assert detector.score([image])[0] == pytest.approx(generated - real, abs=1e-5)


def test_aria_loss_is_the_cross_entropy_of_both_logits():
    both = torch.randn(8, 2, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(8) % 2
    expected = torch.nn.functional.cross_entropy(both, labels)
    torch.testing.assert_close(small(ARIA).loss(both[:, 1] - both[:, 0], labels.float()), expected)


@pytest.mark.parametrize("system", [CNNDetection, ARIA])
def test_the_published_network_has_the_parameters_of_the_card(system):
    with torch.device("meta"):
        assert sum(p.numel() for p in system().network().parameters()) == system.card.parameters


def published(state):
    return {"model": {"module." + k: v for k, v in state.items()}, "optimizer": {"state": {}}, "total_steps": 9}


@pytest.mark.parametrize("system", [CNNDetection, ARIA])
@pytest.mark.parametrize("wrap", [published, lambda s: s, lambda s: {"state_dict": s}])
def test_released_layouts_load_strictly_also_after_conversion(tmp_path, system, wrap):
    trained = small(system)
    torch.save(wrap(trained.network().classifier.state_dict()), tmp_path / "released.pth")
    convert(tmp_path / "released.pth", tmp_path / "converted.safetensors")
    image = picture(90, 90)
    for name in ("released.pth", "converted.safetensors"):
        torch.manual_seed(1)
        fresh = system(**system.small)
        fresh.load(str(tmp_path / name))
        assert fresh.score([image]) == trained.score([image])


def test_a_checkpoint_of_the_other_system_is_refused_by_name(tmp_path):
    small(ARIA).save(str(tmp_path / "aria.safetensors"))
    with pytest.raises(WeightError, match=r"fc\.weight: expected \(1, 256\), got \(2, 256\)"):
        small(CNNDetection).load(str(tmp_path / "aria.safetensors"))


@pytest.mark.parametrize("system", [CNNDetection, ARIA])
def test_training_starts_from_a_backbone_of_another_task(tmp_path, system):
    source = small(system).network().classifier
    tensors = {name: value for name, value in source.state_dict().items() if not name.startswith("fc.")}
    save(tmp_path / "imagenet.safetensors", {**tensors, "fc.weight": torch.zeros(1000, 256)})
    torch.manual_seed(9)
    started = system(**system.small, backbone=str(tmp_path / "imagenet.safetensors"))
    assert torch.equal(started.network().classifier.layer3[0].conv2.weight, source.layer3[0].conv2.weight)


@pytest.mark.parametrize("system", [CNNDetection, ARIA, ImagiNet])
@pytest.mark.parametrize("name", ["tiny", "efficientnet-lite0"])
def test_the_name_of_a_backbone_is_refused_by_a_system_that_stands_on_none(system, name):
    with pytest.raises(InputError, match=f"stands on no backbone.*{name}") as caught:
        system(**system.small, backbone=name)
    assert "Leave the backbone out" in caught.value.fix
    with pytest.raises(InputError, match="stands on no backbone"):
        contenders([f"{system.card.slug}@{name}"])


def test_blur_and_jpeg_come_with_their_probability_and_independently():
    crop, rng = picture(16, 16), np.random.default_rng(0)
    changed = [not np.array_equal(blur_and_jpeg(crop, 0.5, rng), crop) for _ in range(1000)]
    assert np.mean(changed) == pytest.approx(0.75, abs=0.05)  # one minus a half times a half
    assert np.array_equal(blur_and_jpeg(crop, 0.0, np.random.default_rng(0)), crop)
    out = blur_and_jpeg(crop, 1.0, np.random.default_rng(0))
    assert out.shape == crop.shape and out.dtype == np.uint8
    assert np.array_equal(out, blur_and_jpeg(crop, 1.0, np.random.default_rng(0)))


def test_the_grid_of_the_jpeg_lies_anywhere():
    """The strongest step between neighbouring columns, modulo 8, is where the blocks of a coarse JPEG meet."""
    crop = np.repeat(np.arange(64, dtype=np.uint8)[None, :, None] * 3, 64, axis=0).repeat(3, axis=2)
    phases = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        steps = np.abs(np.diff(blur_and_jpeg(crop, 1.0, rng).astype(int), axis=1)).sum((0, 2))
        phases.add(int(np.argmax([steps[i::8].mean() for i in range(8)])))
    assert len(phases) >= 5
