"""FID's Inception against reference values of another program, its quirks one by one, and the strict loader."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.errors import WeightError
from fauxto.nn.inception_v3 import InceptionV3, inception_v3, inner_average, random_inception_v3
from fauxto.score.generative.resize import legacy_tensorflow

NETWORK, _ = random_inception_v3(7)
PICTURE = np.random.default_rng(7).integers(0, 256, (1, 3, 8, 8), dtype=np.uint8)[0].transpose(1, 2, 0)


def test_features_and_logits_equal_those_of_torch_fidelity():
    """Stored: torch-fidelity 0.4.0, FeatureExtractorInceptionV3 with these weights on this picture, resized by it."""
    resized = torch.from_numpy(legacy_tensorflow(PICTURE, 299)).permute(2, 0, 1)[None]
    with torch.no_grad():
        features = NETWORK((resized - 128) / 128)
        biased, unbiased = NETWORK.fc(features)[0, :3], (features @ NETWORK.fc.weight.T)[0, :3]
    expected = torch.tensor([0.129624143242836, 4.811853408813477, 0.0, 0.013369296677410603, 0.0])
    torch.testing.assert_close(features[0, :5], expected, rtol=1e-4, atol=1e-5)
    assert features.mean().item() == pytest.approx(0.962990403175354, rel=1e-5)
    torch.testing.assert_close(biased, torch.tensor([-3.361104965209961, 5.279493808746338, 5.529194355010986]))
    torch.testing.assert_close(unbiased, torch.tensor([-3.4362621307373047, 5.153162002563477, 5.57441520690918]))


def test_the_layout_is_the_published_one():
    with torch.device("meta"):
        network = InceptionV3()
    names = {name for name in network.state_dict() if not name.endswith("num_batches_tracked")}
    assert sum(p.numel() for p in network.parameters()) == 23_850_960
    assert len(names) == 94 * 5 + 2
    assert {
        "Conv2d_1a_3x3.conv.weight",
        "Mixed_5b.branch1x1.bn.running_var",
        "Mixed_6e.branch7x7dbl_5.conv.weight",
    } < names
    assert network.state_dict()["fc.weight"].shape == (1008, 2048)
    assert [m.largest for n, m in network.named_modules() if n in ("Mixed_7b", "Mixed_7c")] == [False, True]


def test_the_average_leaves_the_padding_out():
    found = inner_average(torch.ones(1, 1, 4, 4))
    torch.testing.assert_close(found, torch.ones(1, 1, 4, 4))


def test_weights_load_strictly(tmp_path):
    """Each tensor is one number here, repeated, so that the files are small."""
    state = NETWORK.state_dict().items()
    tensors = {name: torch.tensor(float(i)).expand(t.shape) for i, (name, t) in enumerate(state) if t.ndim}
    torch.save(tensors, tmp_path / "inception.pth")
    loaded, identity = inception_v3(tmp_path / "inception.pth")
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in tensors.items())
    assert identity.startswith("inception-v3-")
    assert not loaded.training
    del tensors["Mixed_7c.branch_pool.bn.bias"]
    torch.save(tensors | {"AuxLogits.fc.bias": torch.zeros(1008)}, tmp_path / "other.pth")
    with pytest.raises(WeightError, match=r"missing: Mixed_7c\.branch_pool\.bn\.bias; unexpected: AuxLogits"):
        inception_v3(tmp_path / "other.pth")


def test_torchscript_is_refused_with_the_file_to_take_instead(tmp_path):
    with pytest.raises(WeightError, match="TorchScript") as caught:
        inception_v3(tmp_path / "inception-2015-12-05.pt")
    assert "pt_inception-2015-12-05-6726825d.pth" in caught.value.fix
