"""AdaptiveMix' classifier: its loss against numpy, the layer that never learns, and files of the released layout."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from fauxto.errors import WeightError
from fauxto.generate import adaptivemix
from fauxto.generate.adaptivemix import CIFAR10, CIFAR100, MixedClassifier, open_classifier, strangeness
from fauxto.generate.gan.mixing import Mixture
from fauxto.learn.lessons import Lessons, teach
from fauxto.nn.wide_resnet import WideResNet

PICTURES = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([1, 0, 2, 2])
MIXTURE = Mixture(torch.tensor(0.3), torch.tensor([2, 0, 3, 1]))


def classifier(classes: int = 5, **settings) -> MixedClassifier:
    torch.manual_seed(1)
    return MixedClassifier(classes, 10, 1, **settings)


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def test_the_loss_is_mixups_on_both_logits_and_the_square_to_the_mixed_features():
    network = classifier(noise=0.0).eval()  # batch norm by its own statistics, so that passes can be told apart
    with torch.no_grad():
        features = network.embed(PICTURES).double().numpy()
        hard = network.embed(0.3 * PICTURES + 0.7 * PICTURES[MIXTURE.partners]).double().numpy()
    weight, partners = network.linear.weight.detach().double().numpy(), MIXTURE.partners.numpy()
    easy = 0.3 * features + 0.7 * features[partners]
    said = log_softmax(np.abs(easy @ weight.T) + np.abs(hard @ weight.T))
    rows, labels = np.arange(4), LABELS.numpy()
    named = -0.3 * said[rows, labels].mean() - 0.7 * said[rows, labels[partners]].mean()
    expected = named + ((hard - easy) ** 2).mean()
    assert float(network.loss(PICTURES, LABELS, MIXTURE).detach()) == pytest.approx(expected, rel=1e-5)


def test_the_goal_is_noisy_and_held_still(monkeypatch):
    network, seen = classifier(), []
    original = adaptivemix.mse_loss
    monkeypatch.setattr(adaptivemix, "mse_loss", lambda *told: seen.append(told) or original(*told))
    network.loss(PICTURES, LABELS, MIXTURE).backward()
    hard, goal = seen[0]
    assert hard.requires_grad and not goal.requires_grad
    with torch.no_grad():
        easy = MIXTURE.of(network.embed(PICTURES))
    assert float((goal - easy).std()) == pytest.approx(0.05, rel=0.25)
    drawn = [float(network.loss(PICTURES, LABELS).detach()) for _ in range(2)]  # another mixture each
    assert drawn[0] != drawn[1]


def test_logits_lie_between_0_and_1_and_features_on_the_sphere():
    network = classifier().eval()
    with torch.no_grad():
        features, logits = network.embed(PICTURES), network(PICTURES)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(4))
    assert float(logits.min()) >= 0 and float(logits.max()) <= 1
    torch.testing.assert_close(logits, (features @ network.linear.weight.T).abs())
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in CIFAR10)
    plain = WideResNet(10, 1, closing=False)
    plain.load_state_dict({n: v for n, v in network.state_dict().items() if n != "linear.weight"})
    with torch.no_grad():
        expected = torch.nn.functional.normalize(plain.eval()((PICTURES - mean) / std))
    torch.testing.assert_close(features, expected)


def test_the_last_layer_is_orthonormal_and_all_but_it_learns():
    for classes in (5, 100):  # more classes than the 64 features: columns instead of rows
        weight = classifier(classes).linear.weight
        product = weight @ weight.T if classes == 5 else weight.T @ weight
        torch.testing.assert_close(product, torch.eye(len(product)), atol=1e-5, rtol=0)
    network = classifier()
    before = {name: value.clone() for name, value in network.named_parameters()}
    pixels = (PICTURES.permute(0, 2, 3, 1).numpy() * 255).astype(np.uint8)
    teach(network, network.loss, pixels, LABELS.numpy(), Lessons(steps=2, batch=4))
    still = {name for name, value in network.named_parameters() if torch.equal(value, before[name])}
    assert still == {"linear.weight", "bn1.weight", "bn1.bias"}  # the last norm is there for its name


def test_what_no_class_claims_is_strange():
    logits = torch.tensor([[0.9, 0.1, 0.2], [0.3, 0.4, 0.3], [0.8, 0.8, 0.8]])
    assert strangeness(logits).argsort().tolist() == [0, 2, 1]
    torch.testing.assert_close(strangeness(logits), torch.tensor([-0.9, -0.4, -0.8]))


@pytest.mark.parametrize(("classes", "by"), [(10, CIFAR10), (100, CIFAR100)])
def test_files_of_the_released_layout_are_read_strictly(tmp_path, classes, by):
    torch.manual_seed(2)
    original = MixedClassifier(classes, 16, 2, normalised_by=by).train()
    with torch.no_grad():
        original(PICTURES)  # statistics of its own
    assert {name.split(".")[0] for name in original.state_dict()} == {
        *("conv1", "layer1", "layer2", "layer3", "bn1", "linear"),
    }
    torch.save(original.state_dict(), tmp_path / "TOP_1_Net.pth")
    network = open_classifier(tmp_path / "TOP_1_Net.pth")
    assert not network.training and len(network.layer2) == 2 and network.features == 128
    with torch.no_grad():
        torch.testing.assert_close(network(PICTURES), original.eval()(PICTURES))
        told = open_classifier(tmp_path / "TOP_1_Net.pth", normalised_by=((0.5,) * 3, (0.5,) * 3))
        assert not torch.allclose(told(PICTURES), network(PICTURES))


def test_what_is_no_such_classifier_is_refused(tmp_path):
    tensors, path = classifier().state_dict(), tmp_path / "net.pth"

    def refused(match, **changed):
        changes = {name.replace("_", ".", name.count("_")): value for name, value in changed.items()}
        torch.save({n: v for n, v in {**tensors, **changes}.items() if v is not None}, path)
        with pytest.raises(WeightError, match=match):
            open_classifier(path)

    refused("linear.weight is missing", linear_weight=None)
    refused("linear.weight is missing", layer1_0_conv1_weight=torch.zeros(()))
    refused("width 0 with 1 blocks", layer1_0_conv1_weight=torch.zeros(8, 16, 3, 3))
    refused("width 50 with 1 blocks", layer1_0_conv1_weight=torch.zeros(800, 1, 1, 1))
    refused("missing: layer2.0.conv2.weight", layer2_0_conv2_weight=None)
    refused("unexpected: linear.bias", linear_bias=torch.zeros(5))
    refused("learned last layer", linear_weight=1.1 * tensors["linear.weight"])
    torch.save(classifier(), path)  # a whole pickled module would run code
    with pytest.raises(WeightError, match="could run code"):
        open_classifier(path)


def test_cross_entropy_of_one_share_is_that_of_one_label():
    logits = torch.randn(4, 5, generator=torch.Generator().manual_seed(4))
    whole = Mixture(torch.tensor(1.0), MIXTURE.partners)
    torch.testing.assert_close(adaptivemix.mixed_cross_entropy(logits, LABELS, whole), cross_entropy(logits, LABELS))
