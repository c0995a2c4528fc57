"""The heads of every conditioning against their formulas in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.errors import InputError
from fauxto.generate.gan.discriminator import head_for
from fauxto.generate.gan.heads.codes import CodeHead
from fauxto.generate.gan.heads.projection import StyleProjectionHead
from fauxto.generate.gan.heads.style_layers import STYLED
from fauxto.generate.gan.interface import Codes, Conditioning, Judgement
from fauxto.nn.mapping import LabelMapping

torch.manual_seed(0)
FEATURES, LABELS, CLASSES = torch.randn(6, 5), torch.tensor([0, 1, 2, 3, 1, 0]), 4


def judged(method: str, auxiliary: str = "none", **more) -> tuple[torch.nn.Module, Judgement]:
    head = head_for(5, CLASSES, Conditioning(method, auxiliary, 7, **more))
    return head, Judgement(*(None if x is None else x.detach() for x in head(FEATURES, LABELS)))


def linear(layer: torch.nn.Linear) -> np.ndarray:
    bias = 0 if layer.bias is None else layer.bias.detach().numpy()
    return FEATURES.numpy() @ layer.weight.detach().numpy().T + bias


FILLED = {
    ("none", "none"): set(),
    ("projection", "none"): set(),
    ("multiple_outputs", "none"): set(),
    ("multi_hinge", "none"): {"margins"},
    ("classifier", "none"): {"class_logits"},
    ("classifier", "twin"): {"class_logits", "twin_logits"},
    ("classifier", "discriminative"): {"class_logits"},
    ("contrastive", "none"): {"embedding", "proxy"},
    ("contrastive", "twin"): {"embedding", "proxy", "twin_embedding", "twin_proxy"},
    ("data_to_data", "none"): {"embedding", "proxy"},
    ("data_to_data", "discriminative"): {"embedding", "proxy", "fake_proxy"},
}


@pytest.mark.parametrize(("method", "auxiliary"), FILLED)
def test_each_conditioning_fills_its_fields_alone(method, auxiliary):
    _, said = judged(method, auxiliary)
    filled = {name for name, value in said._asdict().items() if value is not None}
    assert filled == FILLED[method, auxiliary] | {"adversarial", "features"}
    assert said.adversarial.shape == (6,)
    assert torch.equal(said.features, FEATURES)


def test_the_logit_of_each_conditioning():
    rows = np.arange(6)
    head, said = judged("none")
    np.testing.assert_allclose(said.adversarial, linear(head.logit)[:, 0], rtol=1e-5, atol=1e-6)
    head, said = judged("projection")
    projected = (head.classes.weight.detach().numpy()[LABELS] * FEATURES.numpy()).sum(1)
    np.testing.assert_allclose(said.adversarial, linear(head.logit)[:, 0] + projected, rtol=1e-4, atol=1e-6)
    head, said = judged("multiple_outputs")
    np.testing.assert_allclose(said.adversarial, linear(head.logit)[rows, LABELS], rtol=1e-5, atol=1e-6)
    head, said = judged("multi_hinge")
    margins = linear(head.logit)
    assert margins.shape == (6, CLASSES + 1)
    np.testing.assert_allclose(said.margins, margins, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(said.adversarial, margins[rows, LABELS] - margins[:, -1], rtol=1e-4, atol=1e-6)


def test_style_projection():
    head = StyleProjectionHead(5, 3, LabelMapping(CLASSES, 3, 2), STYLED)
    mapped = head.mapping(LABELS).detach().numpy()
    image = FEATURES.numpy() @ head.logit.weight.detach().numpy().T / np.sqrt(5)
    found = head(FEATURES, LABELS).adversarial.detach()
    np.testing.assert_allclose(found, (image * mapped).sum(1) / np.sqrt(3), rtol=1e-4, atol=1e-7)


def test_classifiers_and_their_doubles():
    head, said = judged("classifier", "twin")
    np.testing.assert_allclose(said.class_logits, linear(head.classifier), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(said.twin_logits, linear(head.twin), rtol=1e-5, atol=1e-6)
    assert judged("classifier", "discriminative")[1].class_logits.shape == (6, 2 * CLASSES)


def test_embeddings_and_proxies_lie_on_the_sphere_and_fakes_have_their_own():
    head, said = judged("data_to_data", "discriminative")
    for vectors in (said.embedding, said.proxy, said.fake_proxy):
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(6))
    proxies = torch.nn.functional.normalize(head.proxies.weight.detach(), dim=1)
    torch.testing.assert_close(said.proxy, proxies[2 * LABELS])
    torch.testing.assert_close(said.fake_proxy, proxies[2 * LABELS + 1])
    head, said = judged("contrastive", normalised=False)
    np.testing.assert_allclose(said.embedding, linear(head.embed), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(said.proxy, head.proxies.weight.detach()[LABELS])


def test_codes_are_read_from_the_mean_of_the_positions():
    head = CodeHead(5, Codes(2, 3, 4), positions=16)
    said = head(FEATURES)
    np.testing.assert_allclose(said.logits.detach().flatten(1), linear(head.discrete) / 16, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(said.mean.detach(), linear(head.mean) / 16, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(said.variance.detach(), np.exp(linear(head.log_variance) / 16), rtol=1e-5, atol=1e-6)
    only = CodeHead(5, Codes(continuous=2))(FEATURES)
    assert only.logits is None and only.mean.shape == (6, 2)


def test_a_conditional_head_wants_labels():
    for method in ("projection", "multiple_outputs", "multi_hinge", "contrastive"):
        with pytest.raises(InputError, match="no labels"):
            head_for(5, CLASSES, Conditioning(method))(FEATURES, None)
    with pytest.raises(InputError, match="double"):
        head_for(5, CLASSES, Conditioning("projection", "twin"))
