"""Each conformance check can fail: a working detector, broken in one place, is caught by its own check.

The working one is the template of `fauxto new detector`; every break is a small edit of its text.
"""

import re
import sys
from types import ModuleType

import numpy as np
import pytest

from fauxto.cli.new import write_template
from fauxto.errors import ContractError, InputError
from fauxto.learn.conformance import CHECKS, run_check, subject, sweep
from fauxto.learn.conformance.pictures import awkward

PREPROCESS = "        return to_network(take(width, height, self.crop, lambda box: cut(image, box)))\n"
SCORE = "        return score_images(self._network, self.preprocess, images)\n"
HEAD = "        return self.head(features.mean((2, 3)))[:, 0]\n"
AUGMENT = "        return crop[:, ::-1] if rng.random() < 0.5 else crop\n"
SAVE = "        save(path, self._network.state_dict(), system=self.card.slug)\n"
LOSS = "        return functional.binary_cross_entropy_with_logits(logits, labels)\n"
LOAD = "        load_strict(self._network, load_tensors(path), path)\n"

DOC = '    """The detector: a native-resolution crop, the residual of 2x2 cells, a tiny residual network."""\n'
BUFFER = "        import torch\n        self.register_buffer('b', torch.zeros(1, dtype=torch.float64))\n"
RAW_SCORE = """        import torch
        with torch.inference_mode():
            logits = [self._network(torch.from_numpy(self.preprocess(image))).mean() for image in images]
        return np.array(logits, np.float32)
"""
CENTRED_SCORE = """        scores = score_images(self._network, self.preprocess, images)
        return scores - scores.mean()
"""

BREAKS = {
    "the card is computed": ("card", 'venue="unpublished"', 'venue=str("unpublished")'),
    "the card is assigned twice": ("card", "class Block(", "CARD = CARD\n\n\nclass Block("),
    "the imported card differs": (
        "card",
        "class Block(",
        "import dataclasses\nglobals()['CARD'] = dataclasses.replace(CARD, year=1999)\n\n\nclass Block(",
    ),
    "no docstring": ("docstring", DOC, ""),
    "no loss": ("protocol", "def loss(", "def lost("),
    "no crop": ("protocol", "self.crop = crop or", "self.crops = crop or"),
    "no direction": ("direction", "one logit, higher = generated", "one logit"),
    "higher means real": ("direction", "one logit, higher = generated", "one logit, higher = real"),
    "the loss is upside down": ("direction", LOSS, LOSS.replace("labels)", "1 - labels)")),
    "the loss ignores reals": (
        "direction",
        LOSS,
        LOSS.replace("(logits, labels)", "(logits, labels, labels)"),
    ),
    "float64 windows": ("preprocess", PREPROCESS, PREPROCESS.replace("box)))", "box))).astype(float)")),
    "HWC windows": ("preprocess", PREPROCESS, PREPROCESS.replace("box)))", "box))).transpose(0, 2, 3, 1)")),
    "windows in 0..255": ("preprocess", PREPROCESS, PREPROCESS.replace("box)))", "box))) * 255")),
    "more windows than said": ("preprocess", PREPROCESS, PREPROCESS.replace("box)))", "box))).repeat(2, 0)")),
    "NaN on black": (
        "preprocess",
        PREPROCESS,
        "        values = image[None, :64, :64].transpose(0, 3, 1, 2).astype(np.float32)\n"
        "        with np.errstate(invalid='ignore'):\n            return values / values.max()\n",
    ),
    "small pictures crash": (
        "preprocess",
        PREPROCESS,
        f"        if height < 16:\n            raise ValueError('too small')\n{PREPROCESS}",
    ),
    "any array is taken": (
        "input",
        PREPROCESS,
        "        return to_network(np.resize(image, (1, 256, 256, 3)))\n",
    ),
    "preprocess writes": ("purity", PREPROCESS, f"        image[0, 0] = 255 - image[0, 0]\n{PREPROCESS}"),
    "augment writes": ("purity", AUGMENT, f"        crop[:] = 0\n{AUGMENT}"),
    "a view is misread": (
        "purity",
        PREPROCESS,
        "        if not image.flags.c_contiguous:\n            image = image[::-1]\n" + PREPROCESS,
    ),
    "augment draws elsewhere": ("augment", AUGMENT, AUGMENT.replace("rng.random()", "np.random.random()")),
    "augment changes the size": ("augment", AUGMENT, "        return crop[1:]\n"),
    "augment changes the type": ("augment", AUGMENT, "        return crop / 255\n"),
    "a column of logits": ("logits", HEAD, HEAD.replace("[:, 0]", "")),
    "float64 scores": ("logits", SCORE, SCORE.replace("images)\n", "images).astype(np.float64)\n")),
    "one score for all": ("logits", SCORE, SCORE.replace("images)\n", "images)[:1]\n")),
    "infinite scores": ("logits", HEAD, HEAD.replace("[:, 0]", "[:, 0] / 0")),
    "double weights": (
        "float32",
        "self._network = BrokenNetwork()",
        "self._network = BrokenNetwork().double()",
    ),
    "a double buffer": ("float32", "        self.head =", BUFFER + "        self.head ="),
    "half logits": ("float32", HEAD, HEAD.replace("[:, 0]", "[:, 0].half()")),
    "unseeded crops": (
        "determinism",
        PREPROCESS,
        f"        image = np.roll(image, np.random.randint(1, 9), 1)\n{PREPROCESS}",
    ),
    "dropout at evaluation": (
        "determinism",
        HEAD,
        "        features = functional.dropout(features, 0.5)\n" + HEAD,
    ),
    "the mode of training leaks": ("determinism", SCORE, RAW_SCORE),
    "seeded by hash()": (
        "fresh process",
        PREPROCESS,
        f"        image = np.roll(image, hash(str(image[0, 0])) % 97, 1)\n{PREPROCESS}",
    ),
    "batch statistics": ("batch invariance", SCORE, CENTRED_SCORE),
    "the network mixes its batch": (
        "batch invariance",
        HEAD,
        HEAD.replace("(2, 3))", "(2, 3)) - features.mean()"),
    ),
    "the order counts": (
        "batch invariance",
        SCORE,
        SCORE.replace("images)\n", "images) + np.arange(len(images), dtype=np.float32)\n"),
    ),
    "reseeds torch": ("no trace", SCORE, f"        import torch\n        torch.manual_seed(0)\n{SCORE}"),
    "reseeds numpy": ("no trace", SCORE, f"        np.random.seed(0)\n{SCORE}"),
    "reseeds random": ("no trace", SCORE, f"        import random\n        random.seed(0)\n{SCORE}"),
    "sets threads": ("no trace", SCORE, f"        import torch\n        torch.set_num_threads(2)\n{SCORE}"),
    "turns gradients off": (
        "no trace",
        SCORE,
        f"        import torch\n        torch.set_grad_enabled(False)\n{SCORE}",
    ),
    "sets the default type": (
        "no trace",
        SCORE,
        f"        import torch\n        torch.set_default_dtype(torch.bfloat16)\n{SCORE}",
    ),
    "writes the environment": (
        "no trace",
        PREPROCESS,
        f"        import os\n        os.environ['BROKEN_DETECTOR'] = '1'\n{PREPROCESS}",
    ),
    "an unused layer": (
        "gradients",
        "        self.head =",
        "        self.spare = nn.Linear(2, 2)\n        self.head =",
    ),
    "a detached trunk": ("gradients", HEAD, HEAD.replace("features.mean", "features.detach().mean")),
    "rounded pixels": (
        "input gradient",
        "self.residual(even(pixels))",
        "self.residual(even(pixels).round())",
    ),
    "detached pixels": ("input gradient", "even(pixels)", "even(pixels.detach())"),
    "a pickle of weights": (
        "save and load",
        SAVE,
        "        import torch\n        torch.save(self._network.state_dict(), path)\n",
    ),
    "running statistics are not saved": (
        "save and load",
        SAVE,
        "        kept = {k: v for k, v in self._network.state_dict().items() if 'running' not in k}\n"
        "        save(path, kept, system=self.card.slug)\n",
    ),
    "load does nothing": ("save and load", LOAD, "        return\n"),
    "a branch on the data": (
        "export",
        HEAD,
        "        features = features if pixels.mean() > 0.5 else -features\n" + HEAD,
    ),
    "numpy inside the network": (
        "export",
        HEAD,
        HEAD.replace(
            "self.head(features.mean((2, 3)))",
            "self.head(features.mean((2, 3))).new_tensor(self.head(features.mean((2, 3))).detach().numpy())",
        ),
    ),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return write_template("broken", tmp_path_factory.mktemp("template"))


def test_the_template_passes_every_check(template):
    outcomes = list(sweep(subject(template)))
    assert [o.name for o in outcomes] == list(CHECKS)
    assert [(o.name, o.measured) for o in outcomes if not o.passed] == []


@pytest.mark.parametrize("name", BREAKS)
def test_each_break_is_caught_by_its_check(template, tmp_path, monkeypatch, name):
    check, old, new = BREAKS[name]
    text = template.read_text()
    assert old in text
    path = tmp_path / "broken.py"
    path.write_text(text.replace(old, new, 1))
    monkeypatch.delenv("BROKEN_DETECTOR", raising=False)
    outcome = run_check(check, subject(path))
    assert not outcome.passed
    assert outcome.name == check
    assert outcome.measured and outcome.expected and outcome.fix


def test_every_check_but_the_printed_one_has_a_break():
    assert {check for check, _, _ in BREAKS.values()} == set(CHECKS) - {"throughput"}


def test_a_fresh_process_does_not_run_the_script_that_asks_for_it(template, tmp_path, monkeypatch):
    script = ModuleType("__main__")
    script.__file__ = str(tmp_path / "script.py")
    (tmp_path / "script.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.setitem(sys.modules, "__main__", script)
    assert run_check("fresh process", subject(template)).passed
    assert not (tmp_path / "ran").exists()


def test_an_error_of_the_code_under_check_is_a_failed_outcome(template, tmp_path):
    path = tmp_path / "broken.py"
    path.write_text(template.read_text().replace(SCORE, "        raise KeyError('lost')\n"))
    outcome = run_check("logits", subject(path))
    assert not outcome.passed
    assert re.search("KeyError.*lost", outcome.measured)


def test_a_constructor_that_needs_arguments_fails_every_check_that_builds(template, tmp_path):
    path = tmp_path / "broken.py"
    path.write_text(template.read_text().replace("crop: CropSpec | None = None", "crop: CropSpec"))
    assert "TypeError" in run_check("protocol", subject(path)).measured


def test_what_is_no_detector_is_refused(template, tmp_path):
    path = tmp_path / "broken.py"
    path.write_text(template.read_text().replace('kinds=("detector",)', 'kinds=("attack",)'))
    with pytest.raises(InputError, match="attack"):
        subject(path)
    seeding = "import torch\n\ntorch.manual_seed(torch.initial_seed() + 1)\n\nCARD = Card("
    path.write_text(template.read_text().replace("CARD = Card(", seeding))
    with pytest.raises(ContractError, match="seed"):
        subject(path)


def test_a_training_free_detector_needs_no_recipe(template, tmp_path):
    text = template.read_text()
    start, end = text.index("    def augment"), len(text)
    text = (text[:start] + text[end:]).replace(
        "self._network = BrokenNetwork()", "self._network = BrokenNetwork().requires_grad_(False)"
    )
    path = tmp_path / "free.py"
    path.write_text(text)
    under_check = subject(path)
    for name in (
        "protocol",
        "direction",
        "purity",
        "augment",
        "gradients",
        "input gradient",
        "save and load",
    ):
        outcome = run_check(name, under_check)
        assert outcome.passed, outcome


def test_the_pictures_cover_the_awkward_sizes():
    shapes = {picture.shape[:2] for _, picture in awkward()}
    assert {(8, 8), (3000, 4000), (2400, 40), (40, 2400), (251, 333)} <= shapes
    assert all(picture.dtype == np.uint8 for _, picture in awkward())
