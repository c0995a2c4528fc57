"""ImagiNet: both released layouts, the two heads, the three stages of training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.cli.weights import convert
from fauxto.data.manifest import Sample
from fauxto.data.patches import PatchStore
from fauxto.detect.imaginet import PUBLISHED_GENERATORS, ImagiNet, contrastive_loss, generator_loss
from fauxto.errors import WeightError
from fauxto.learn.fit import Plan, fit, initial_state
from fauxto.nn.contrastive import supervised_contrastive


def small(seed: int = 0, **more) -> ImagiNet:
    return initial_state(lambda: ImagiNet(**{**ImagiNet.small, **more}), seed)


def picture(seed: int, height: int = 64, width: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def released(detector: ImagiNet, head: str) -> dict[str, dict[str, torch.Tensor]]:
    """The weights of a detector under the names of the published files, from the table in their description."""
    model, classifier = {}, {}
    for name, value in detector._model.state_dict().items():
        if name.startswith("detection.feature.encoder."):
            rest = name.removeprefix("detection.feature.encoder.").replace("downsample", "shortcut")
            model[f"encoder.{rest}"] = value
        elif name.startswith("exit."):
            model[f"encoder.selfcon_layer.1.{name.removeprefix('exit.')}"] = value
        elif name.startswith("head."):
            model[name] = value
        elif name.startswith("sub_head."):
            model[name.replace("sub_head.", "sub_heads.0.")] = value
        elif name.startswith(f"{head}."):
            classifier[name.removeprefix(f"{head}.")] = value
    return {"model": model, "classifier": classifier, "optimizer": {"state": {}}, "epoch": 5}


def test_the_published_network_has_the_parameters_of_the_card():
    with torch.device("meta"):
        detector = ImagiNet()
        assert sum(p.numel() for p in detector.network().parameters()) == ImagiNet.card.parameters
        assert detector._model.exit.weight.shape == (2048, 512)
        assert [tuple(detector._model.head[i].weight.shape) for i in (0, 2)] == [(2048, 2048), (128, 2048)]


@pytest.mark.parametrize("converted", [False, True])
def test_the_released_detection_file_loads_strictly(tmp_path, converted):
    trained, fresh = small(1), small(2)
    file = tmp_path / "imaginet_weights.pt"
    torch.save(released(trained, "detection.classifier"), file)
    if converted:
        convert(file, tmp_path / "converted.safetensors")
        file = tmp_path / "converted.safetensors"
    fresh.load(str(file))
    assert fresh.score([picture(0)]) == trained.score([picture(0)])
    with pytest.raises(WeightError, match="name no generators"):
        fresh.identify([picture(0)])


def test_the_released_identification_file_loads_strictly(tmp_path):
    trained, fresh = small(1), small(2, generators=("a", "b"))
    torch.save(released(trained, "identification"), tmp_path / "ckpt_model_detection.pth")
    fresh.load(str(tmp_path / "ckpt_model_detection.pth"))
    assert fresh.generators == PUBLISHED_GENERATORS
    assert fresh.identify([picture(0)]) == trained.identify([picture(0)])
    with pytest.raises(WeightError, match="only name generators"):
        fresh.score([picture(0)])


def test_a_file_without_the_exit_is_refused_by_name(tmp_path):
    file = released(small(), "detection.classifier")
    del file["model"]["encoder.selfcon_layer.1.bias"]
    torch.save(file, tmp_path / "short.pt")
    with pytest.raises(WeightError, match=r"missing: exit\.bias"):
        small().load(str(tmp_path / "short.pt"))


def test_identification_is_a_distribution_over_the_names_on_the_unit_feature():
    detector = small(generators=("x", "y", "z"))
    (chances,) = detector.identify([picture(3)])
    assert list(chances) == ["x", "y", "z"]
    feature = detector.features([picture(3)])[0]
    first, last = detector._model.identification[1], detector._model.identification[3]
    hidden = np.maximum(
        first.weight.detach().numpy() @ (feature / np.linalg.norm(feature)) + first.bias.detach().numpy(), 0
    )
    logits = last.weight.detach().numpy() @ hidden + last.bias.detach().numpy()
    expected = np.exp(logits) / np.exp(logits).sum()
    assert list(chances.values()) == pytest.approx(expected.tolist(), abs=1e-5)
    assert detector.identify([]) == []


def test_the_loss_is_the_sum_of_both_tasks_over_both_outputs():
    outputs = torch.randn(6, 2, 5, generator=torch.Generator().manual_seed(0))
    labels, generators = torch.tensor([0.0, 1, 1, 0, 1, 1]), torch.tensor([-1, 0, 1, -1, 1, 0])
    fake = [1, 2, 4, 5]
    origin = supervised_contrastive(torch.cat((outputs[:, 0], outputs[:, 1])), labels.repeat(2))
    model = supervised_contrastive(torch.cat((outputs[fake, 0], outputs[fake, 1])), generators[fake].repeat(2))
    torch.testing.assert_close(contrastive_loss(outputs, labels, generators), origin + model)
    changed = generators.clone()
    changed[[0, 3]] = 1  # a real picture has no generator, whatever stands there
    torch.testing.assert_close(contrastive_loss(outputs, labels, changed), origin + model)
    logits = outputs[:, 0, :2]
    expected = torch.nn.functional.cross_entropy(logits[fake], generators[fake])
    torch.testing.assert_close(generator_loss(logits, labels, generators), expected)


@pytest.fixture(scope="module")
def store() -> PatchStore:
    """Noise, noise doubled, and noise in columns: a real class and two generators that anything tells apart."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(60, 190, (36, 32, 32, 3), dtype=np.uint8)
    pixels[12:24] = pixels[12:24, ::4, ::4].repeat(4, axis=1).repeat(4, axis=2)
    pixels[24:] = pixels[24:, :1]
    makers = ("", "doubled", "columns")
    samples = [Sample(f"/{i}.png", int(i >= 12), generator=makers[i // 12], source="s") for i in range(36)]
    return PatchStore(pixels, np.arange(36), samples)


PLAN = Plan(steps=60, crop=32, batch_size=12, learning_rate=0.02, workers=0, laundering=None, save_every=60)


@pytest.fixture(scope="module")
def trained(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    detector = small(blocks=(1, 1), width=4)
    detector.head_recipe = {**ImagiNet.head_recipe, "learning_rate": 1e-2}
    fit(detector, store, PLAN, folder)
    return detector, folder


def test_three_stages_teach_both_heads(store, trained):
    detector, _ = trained
    logits = detector.score(list(store.pixels))
    assert np.mean(logits[12:]) > np.mean(logits[:12])
    assert detector.generators == ("columns", "doubled")
    named = [max(row, key=row.get) for row in detector.identify(list(store.pixels[12:]))]
    right = ["doubled"] * 12 + ["columns"] * 12
    assert np.mean([a == b for a, b in zip(named, right, strict=True)]) > 0.8


def test_a_run_that_stopped_in_a_later_stage_ends_with_the_same_weights(store, trained, tmp_path):
    whole, _ = trained

    class Stopping(ImagiNet):
        def loss(self, logits, labels):
            self.left = getattr(self, "left", 4) - 1
            if not self.left:
                raise KeyboardInterrupt
            return super().loss(logits, labels)

    arguments = {**ImagiNet.small, "blocks": (1, 1), "width": 4}
    recipe = {**ImagiNet.head_recipe, "learning_rate": 1e-2}
    stopped, again = (initial_state(lambda kind=kind: kind(**arguments), 0) for kind in (Stopping, ImagiNet))
    stopped.head_recipe = again.head_recipe = recipe
    plan = Plan(**{**{name: getattr(PLAN, name) for name in PLAN.__slots__}, "save_every": 2})
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, store, plan, tmp_path)
    fit(again, store, plan, tmp_path)
    for name, value in whole._model.state_dict().items():
        assert torch.equal(value, again._model.state_dict()[name]), name


def test_our_own_file_carries_the_names(trained, tmp_path):
    detector, _ = trained
    detector.save(str(tmp_path / "own.safetensors"))
    fresh = small(3, blocks=(1, 1), width=4)
    fresh.load(str(tmp_path / "own.safetensors"))
    assert fresh.generators == detector.generators
    assert fresh.identify([picture(5)]) == detector.identify([picture(5)])
    assert fresh.score([picture(5)]) == detector.score([picture(5)])
