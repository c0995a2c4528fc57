"""From a folder of pictures to a model that scans: train, package, scan, by the command line's own verbs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from PIL import Image

from fauxto.cli.data import index
from fauxto.cli.train import package, train
from fauxto.cli.weights import convert
from fauxto.data.manifest import Sample, read, write
from fauxto.detect.house import House
from fauxto.errors import ContractError, InputError, PolicyError
from fauxto.launder import apply
from fauxto.learn import export
from fauxto.learn.appearance import VIEWS, weight_beside
from fauxto.learn.calibrate import fit_platt
from fauxto.learn.histories import HISTORIES
from fauxto.learn.package import SETTLE_FPR, SETTLE_RISK, settle
from fauxto.learn.package import package as make
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.appearance import AppearanceNetwork
from fauxto.run.model import load
from fauxto.score.roc import auc
from fauxto.verdict.conformal import threshold


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Noise photographs and the same noise doubled by nearest-neighbour up-sampling, in labelled folders."""
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for label in ("real", "fake"):
        (root / label / "maker").mkdir(parents=True)
        for i in range(8):
            pixels = rng.integers(60, 190, (288, 288, 3), dtype=np.uint8)
            if label == "fake":
                pixels = pixels[::2, ::2].repeat(2, axis=0).repeat(2, axis=1)
            Image.fromarray(pixels).save(root / label / "maker" / f"{i}.png")
    return root


def test_from_folder_to_scanning_model(pictures, tmp_path, capsys):
    manifest = tmp_path / "manifest.csv"
    assert index(pictures, out=manifest) == 0
    samples = [
        replace(s, family="noise", split="calibration" if "7.png" in s.path else "train") for s in read(manifest)
    ]
    write(samples, manifest)
    run, model = tmp_path / "run", tmp_path / "model"
    fast = {"steps": 30, "crop": 32, "batch_size": 8, "patches": 1, "workers": 0, "launder": False}
    assert train("house", data=manifest, out=run, **fast) == 0
    assert train("house", data=manifest, out=run, **fast) == 0
    assert json.loads((run / "training.json").read_text())["samples"] == 14
    write([replace(s, split="calibration") for s in samples], manifest)
    sentences = tmp_path / "populations.json"
    sentences.write_text('["noise"]')
    given = {"weights": run / "weights.safetensors", "data": manifest, "out": model, "describe": sentences}
    with pytest.raises(InputError, match="no object"):
        package("house", **given)
    sentences.write_text('{"noise": "Noise, drawn here."}')
    assert package("house", **given) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["skipped"] == {}
    assert report["parity"] < 2e-3
    assert load(model).populations["noise"]["n"] == 8
    assert load(model).populations["noise"]["description"] == "Noise, drawn here."


def test_an_upside_down_detector_is_refused(pictures, tmp_path):
    detector = House(CropSpec(256, 1))
    samples = [Sample(str(p), int("fake" in str(p)), family="noise") for p in sorted(pictures.rglob("*.png"))]
    prepare(detector, samples)
    with torch.no_grad():
        detector.network().classifier.head.weight.neg_()
    with pytest.raises(ContractError, match="ranks real above"):
        make(detector, samples, tmp_path / "model", version="test", descriptions={})


def test_packaged_model_scores_as_the_network(pictures, tmp_path):
    detector = House(CropSpec(256, 1))
    samples = [Sample(str(p), int("fake" in str(p)), family="noise") for p in sorted(pictures.rglob("*.png"))]
    prepare(detector, samples)
    wide = CropSpec(256, 1, (0.0, 1.0))
    made = make(detector, samples, tmp_path / "model", version="test", descriptions={"noise": "Noise."}, thorough=wide)
    thorough = load(tmp_path / "model", thorough=True)
    assert thorough.crop == wide
    references = sorted(made.thorough_logits[made.labels == 0])
    assert thorough.populations["noise"]["logits"] == pytest.approx(references, abs=1e-4)
    assert made.parity < 2e-3
    assert not (tmp_path / "model" / "model-float.onnx").exists()
    spread = made.float_logits.std()
    assert np.abs(made.float_logits - made.int8_logits).mean() < 0.1 * spread
    model = load(tmp_path / "model")
    assert model.populations["noise"]["description"] == "Noise."
    assert model.populations["noise"]["logits"] == sorted(model.populations["noise"]["logits"])
    assert sum(p["n"] for p in model.populations.values()) == 8


def test_a_scan_scores_texture_and_appearance_as_packaging_did(pictures, tmp_path):
    detector = House(CropSpec(256, 1))
    samples = [Sample(str(p), int("fake" in str(p)), family="noise") for p in sorted(pictures.rglob("*.png"))]
    prepare(detector, samples)
    torch.manual_seed(0)
    network = AppearanceNetwork().eval()
    shipped = [
        apply(np.asarray(Image.open(s.path)), HISTORIES[i % len(HISTORIES)], seed=i) for i, s in enumerate(samples)
    ]
    with torch.no_grad():
        views = np.stack([VIEWS.take(pixels, detector_windows(pixels)) for pixels in shipped])
        means = torch.stack([network.moments(torch.from_numpy(to_network(each))) for each in views])
        labels = torch.tensor([s.label for s in samples])
        way = means[labels == 1].mean((0, 1)) - means[labels == 0].mean((0, 1))
        network.head.weight.copy_(torch.stack([way, way]) / means.std() / way.norm())
    wide = CropSpec(256, 1, (0.0, 1.0))
    made = make(detector, samples, tmp_path, version="test", descriptions={}, thorough=wide, appearance=network)
    assert made.appearance is not None
    assert made.appearance.parity < 2e-3
    for logits, thorough in ((made.scan_logits, False), (made.thorough_logits, True)):
        model = load(tmp_path, thorough=thorough)
        assert model.appearance is not None
        for pixels, logit in zip(shipped, logits, strict=True):
            crops = take(pixels.shape[1], pixels.shape[0], model.crop, lambda box, own=pixels: cut(own, box))
            assert model.score(crops, lambda own=pixels: own).logit == pytest.approx(logit, abs=1e-3)


def detector_windows(pixels: np.ndarray) -> np.ndarray:
    return take(pixels.shape[1], pixels.shape[0], CropSpec(256, 1), lambda box: cut(pixels, box))


def test_an_appearance_that_contradicts_the_texture_is_refused():
    labels = np.repeat([0, 1], 200)
    rng = np.random.default_rng(0)
    texture, appearance = labels + rng.normal(size=400), labels + rng.normal(size=400)
    assert weight_beside(texture, appearance / 3, labels) == pytest.approx(
        3 * weight_beside(texture, appearance, labels), rel=0.05
    )
    with pytest.raises(ContractError, match="contradict"):
        weight_beside(texture, -appearance, labels)


def prepare(detector: House, samples) -> None:
    """A few passes in training mode so that batch norm has statistics, and a head that points the right way."""
    network = detector.network()
    batch = torch.from_numpy(np.concatenate([detector.preprocess(np.asarray(Image.open(s.path))) for s in samples]))
    labels = torch.tensor([s.label for s in samples]).float()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(6):
        optimizer.zero_grad()
        detector.loss(network.train()(batch[:, :, :64, :64]), labels).backward()
        optimizer.step()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    with torch.no_grad():
        network(batch)
        network.eval()
        if network(batch)[labels == 1].mean() < network(batch)[labels == 0].mean():
            network.classifier.head.weight.neg_()
            network.classifier.head.bias.neg_()


def test_each_step_that_settles_loses_no_more_than_its_risk():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 3000)
    first = rng.normal(0, 1, 6000) + 2 * labels
    second = first + rng.normal(0.5, 0.5, 6000)
    logits = second + rng.normal(0.25, 0.25, 6000)
    populations = {"drawn": {"logits": sorted(logits[labels == 0])}}
    steps, scanned, shares = settle(logits, [first, second], labels, populations)
    bar = threshold(populations, SETTLE_FPR)
    called = (labels == 1) & (logits > bar)
    for known, step in zip((first, second), steps, strict=True):
        assert 0.5 * SETTLE_RISK < (known[called] < step["below"]).mean() <= SETTLE_RISK
    by_first, by_second = first < steps[0]["below"], (first >= steps[0]["below"]) & (second < steps[1]["below"])
    assert shares == pytest.approx([by_first.mean(), by_second.mean()])
    assert by_first[labels == 0].mean() > 0.5
    np.testing.assert_array_equal(scanned[~by_first & ~by_second], logits[~by_first & ~by_second])
    for settled, known, step in ((by_first, first, steps[0]), (by_second, second, steps[1])):
        np.testing.assert_allclose(scanned[settled], known[settled] + step["instead"])
        real = settled & (labels == 0)
        assert scanned[real].mean() == pytest.approx(logits[real].mean(), abs=1e-3)
    assert auc(scanned[labels == 0], scanned[labels == 1]) > auc(logits[labels == 0], logits[labels == 1]) - 0.01
    nothing = settle(logits[:3000], [first[:3000]], labels[:3000], populations)
    assert (nothing[0], nothing[2]) == ([], [])


def test_weights_kept_as_half_give_the_same_logits_from_half_the_bytes(tmp_path):
    torch.manual_seed(0)
    network, path = AppearanceNetwork().eval(), tmp_path / "network.onnx"
    export.export_onnx(network, path, 64)
    crops, before = np.random.default_rng(0).random((2, 3, 64, 64), dtype=np.float32), path.stat().st_size
    expected = export.run_onnx(path, crops)
    export.halve(path)
    assert path.stat().st_size < 0.55 * before
    np.testing.assert_allclose(export.run_onnx(path, crops), expected, atol=0.01 * np.abs(expected).max())
    constants = {
        tensor.data_type for tensor in onnx.load(path).graph.initializer if np.prod(tensor.dims) >= export.SMALL
    }
    assert onnx.TensorProto.FLOAT not in constants


def test_fixed_filters_stay_in_float(tmp_path):
    detector = House(CropSpec(64, 1))
    export.export_onnx(detector.network(), tmp_path / "float.onnx", 64)
    crops = [np.random.default_rng(i).random((2, 3, 64, 64), dtype=np.float32) for i in range(3)]
    export.quantize(tmp_path / "float.onnx", tmp_path / "int8.onnx", crops)
    graph = onnx.load(tmp_path / "int8.onnx").graph
    quantized = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    for node in graph.node:
        if node.op_type == "Conv":
            grouped = any(a.name == "group" and a.i > 1 for a in node.attribute)
            assert (node.input[0] in quantized) != grouped


def test_no_pair_of_products_overflows_16_bits(tmp_path):
    """Processors without VNNI add two products of a pixel and a weight in 16 bits, and saturate silently."""
    detector = House(CropSpec(64, 1))
    export.export_onnx(detector.network(), tmp_path / "float.onnx", 64)
    crops = [np.random.default_rng(i).integers(0, 2, (2, 3, 64, 64)).astype(np.float32) for i in range(3)]
    export.quantize(tmp_path / "float.onnx", tmp_path / "int8.onnx", crops)
    weights = [numpy_helper.to_array(tensor) for tensor in onnx.load(tmp_path / "int8.onnx").graph.initializer]
    weights = [weight for weight in weights if weight.dtype == np.int8 and weight.ndim == 4]
    assert len(weights) == 8
    assert 2 * 255 * max(np.abs(weight.astype(int)).max() for weight in weights) <= 32767


def test_an_export_that_differs_is_refused(tmp_path):
    detector, other = House(CropSpec(64, 1)), House(CropSpec(64, 1))
    export.export_onnx(other.network(), tmp_path / "other.onnx", 64)
    crops = np.random.default_rng(0).random((2, 3, 64, 64), dtype=np.float32)
    assert export.check_parity(other.network(), tmp_path / "other.onnx", crops) < 1e-4
    with pytest.raises(ContractError, match="differs from the network"):
        export.check_parity(detector.network(), tmp_path / "other.onnx", crops)


def test_platt_recovers_a_known_logistic():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 20000)
    labels = rng.random(20000) < 1 / (1 + np.exp(-(1.5 * logits - 0.0)))
    fitted = fit_platt(logits, labels)
    assert fitted["slope"] == pytest.approx(1.5, abs=0.06)
    assert fitted["intercept"] == pytest.approx(0.0, abs=0.06)
    with pytest.raises(InputError, match="one class"):
        fit_platt(logits, np.ones(20000))


def test_convert_writes_safetensors_and_never_over_a_file(tmp_path):
    torch.save(House().network().classifier.state_dict(), tmp_path / "a.pth")
    assert convert(tmp_path / "a.pth", tmp_path / "a.safetensors") == 0
    first, second = House(), House()
    first.load(str(tmp_path / "a.pth"))
    second.load(str(tmp_path / "a.safetensors"))
    assert torch.equal(first.network().classifier.head.weight, second.network().classifier.head.weight)
    with pytest.raises(PolicyError, match="exists"):
        convert(tmp_path / "a.pth", tmp_path / "a.safetensors")
    with pytest.raises(InputError, match="would hold safetensors") as caught:
        convert(tmp_path / "a.pth", tmp_path / "a.txt")
    assert "a.safetensors" in caught.value.fix and not (tmp_path / "a.txt").exists()
