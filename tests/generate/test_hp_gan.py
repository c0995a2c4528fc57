"""HP-GAN: its two losses against numpy, who learns from what, and its runs: resumed to the bit, loaded, refused."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from fauxto.errors import FauxtoError, InputError, PolicyError
from fauxto.generate.gan.class_vectors import class_vectors
from fauxto.generate.gan.interface import Conditioning
from fauxto.generate.gan.networks import make
from fauxto.generate.gan.plan import Plan
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.hp_gan import HPGAN, Judges, Play, Weighing, disagreement, perturbed
from fauxto.learn.resume import make_fabric
from fauxto.nn.pyramid import Pyramid
from tests.generate.gan.tiny import colours, tiny

RECIPE = replace(tiny(RECIPES["fastgan"]), resolution=32)
CLASSES = replace(RECIPE, conditioning=Conditioning("projection"), generator_conditioning="norm")


class Plain(Pyramid):
    """Two maps of 8 and 4 pixels through untrained filters."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(32)
        random = torch.Generator().manual_seed(seed)
        self.filters = torch.nn.Conv2d(3, 4, 4, 4, bias=False)
        with torch.no_grad():
            self.filters.weight.copy_(torch.randn(self.filters.weight.shape, generator=random))
        self.frozen()

    def maps(self, pixels):
        first = self.filters(pixels).relu()
        return [first, torch.nn.functional.avg_pool2d(first, 2)]


def pyramids():
    return [Plain(0), Plain(1)]


def judges(**weighing) -> Judges:
    return Judges(make(RECIPE, 0), pyramids(), Weighing(**weighing), width=4)


def play(recipe=RECIPE, **weighing) -> Play:
    start = partial(Judges, pyramids=pyramids(), weighing=Weighing(**weighing), width=4)
    return Play(make_fabric(1, "32-true"), recipe, colours(classes=1), Plan(), {}, judges=start)


REAL = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_disagreement_is_that_of_the_mean_logits():
    rng = np.random.default_rng(0)
    tables = [rng.standard_normal((5, patches)) for patches in (3, 7, 4)]
    a, b, c = (table.mean(1) for table in tables)
    some = [torch.from_numpy(table) for table in tables]
    assert float(disagreement(some[:2])) == pytest.approx(((a - b) ** 2).mean())
    expected = (((a - b) ** 2).mean() + ((a - c) ** 2).mean() + ((b - c) ** 2).mean()) / 3
    assert float(disagreement(some)) == pytest.approx(expected)
    assert float(disagreement(some[:1])) == 0


def test_noise_goes_with_the_size_of_each_number():
    torch.manual_seed(0)
    latents = torch.tensor([0.0, 1.0, -2.0, 9.0]).repeat(20_000, 1)
    moved = perturbed(latents, 0.1) - latents
    np.testing.assert_allclose(moved.mean(0), np.zeros(4), atol=0.01)
    np.testing.assert_allclose(moved.std(0), [0, 0.1, 0.2, 0.3], rtol=0.02)


def test_the_losses_are_sums_of_their_parts(monkeypatch):
    game = judges(consistency=3.0, twins=0.5, summed=2.0)
    rng = np.random.default_rng(1)
    said = [[torch.from_numpy(rng.standard_normal((4, p))) for p in (5, 6)] for _ in range(2)]
    views = [torch.randn(4, 8, generator=torch.Generator().manual_seed(k)) for k in (1, 2)]
    answers = iter([said[0], said[1], said[0]])
    monkeypatch.setattr(game.discriminator, "forward", lambda *_: next(answers))
    monkeypatch.setattr(game, "views", lambda *_: tuple(views))
    latents = torch.randn(4, 8)
    (real, fake) = [[table.numpy() for table in tables] for tables in said]

    def apart(tables):
        return ((tables[0].mean(1) - tables[1].mean(1)) ** 2).mean()

    hinge = sum(np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean() for r, f in zip(real, fake, strict=True))
    assert float(game.judged(REAL, latents)) == pytest.approx(2 * hinge + 3 * (apart(real) + apart(fake)))
    with torch.no_grad():
        a, b = (game.projector(view).double().numpy() for view in views)
    correlation = np.corrcoef(a.T, b.T)[: a.shape[1], a.shape[1] :]
    off = (correlation**2).sum() - (np.diag(correlation) ** 2).sum()
    twins = ((np.diag(correlation) - 1) ** 2).sum() + 0.0051 * off
    expected = -2 * sum(table.mean() for table in real) + 3 * apart(real) + 0.5 * twins
    assert float(game.pleased(latents).detach()) == pytest.approx(expected, rel=1e-2)


def test_only_heads_generator_and_projector_learn():
    game = play()
    network, generator = game.judges.discriminator, game.judges.generator
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first = {name: value.clone() for name, value in generator.named_parameters()}
    game.step()
    after = network.state_dict()
    frozen = [name for name in after if not name.startswith("heads.")]
    assert frozen and all(torch.equal(after[name], before[name]) for name in frozen)
    assert all(not torch.equal(after[n], before[n]) for n, _ in network.heads.named_parameters("heads"))
    assert all(not torch.equal(value, first[name]) for name, value in generator.named_parameters())
    assert not any(p.requires_grad for p in network.pyramids.parameters())
    assert game.number == 1 and game.notes()["pictures"] == 4 and game.unsound() == []


def test_the_second_view_passes_no_gradient_and_leaves_no_trace():
    game = judges(reach=0.5)
    latents = torch.randn(4, 8)
    fake = game.pair.generate(latents, None)
    statistics = [buffer.clone() for buffer in game.generator.buffers()]
    first, second = game.views(latents, fake)
    assert first.requires_grad and not second.requires_grad and first.shape == (4, 8)
    norms = [m for m in game.generator.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    kept = {id(norm.running_mean) for norm in norms} | {id(norm.running_var) for norm in norms}
    pairs = zip(game.generator.buffers(), statistics, strict=True)
    assert all(torch.equal(now, then) for now, then in pairs if id(now) in kept) and kept


def test_each_network_sees_an_augmentation_of_its_own():
    game = Judges(make(RECIPE, 0), [Plain(0), Plain(0)], Weighing(), width=4)
    for part in (game.discriminator.projections, game.discriminator.heads):
        part[1].load_state_dict(part[0].state_dict())
    game.discriminator.eval()
    with torch.no_grad():
        first, second = game.discriminator(REAL)
        assert not torch.allclose(first, second)
        game.discriminator.cutout = 0.0
        first, second = game.discriminator(REAL)
        torch.testing.assert_close(first, second)


def test_the_blur_fades_and_both_kinds_are_blurred_alike(monkeypatch):
    game = play(replace(RECIPE, augmentation=replace(RECIPE.augmentation, blur=2.0)), blurred_for=40.0, twins=0.0)
    seen = []
    original = game.judges.discriminator.forward
    monkeypatch.setattr(
        game.judges.discriminator, "forward", lambda *told: seen.append(game.judges.blur) or original(*told)
    )
    for number in (0, 5, 10, 12):
        game.number = number
        game.step()
    assert seen == [2.0] * 3 + [1.0] * 3 + [0.0] * 6  # the generator's fakes, then real and generated ones


def test_a_run_is_resumed_to_the_bit_loaded_and_drawn_from(tmp_path):
    gan = HPGAN(RECIPE, pyramids(), width=4)
    gan.train(colours(classes=1), tmp_path / "a", Plan(steps=2, save_every=2, grid=4))
    done = gan.train(colours(classes=1), tmp_path / "a", Plan(steps=4, save_every=2, grid=4))
    scores = iter([2.0, 1.0])
    plan = Plan(steps=4, save_every=2, evaluate_every=2, grid=4)
    whole = gan.train(colours(classes=1), tmp_path / "b", plan, evaluate=lambda _: next(scores))
    assert (done.step, whole.step, whole.best, whole.best_step) == (4, 4, 1.0, 4)
    a, b = (load_file(tmp_path / name / "generator.safetensors") for name in "ab")
    assert all(torch.equal(a[name], b[name]) for name in b)
    pictures = gan.load(tmp_path / "a").sample(3, seed=1)
    assert pictures.shape == (3, 32, 32, 3) and np.array_equal(pictures, gan.load(tmp_path / "b").sample(3, seed=1))
    with pytest.raises(PolicyError, match="another run"):
        HPGAN(RECIPE, pyramids()[::-1], width=4).train(colours(classes=1), tmp_path / "a", Plan(steps=6))


def test_what_does_not_fit_is_refused_and_divergence_said(tmp_path, monkeypatch):
    gan = HPGAN(RECIPE, pyramids(), width=4)
    with pytest.raises(InputError, match="fewer than one batch"):
        gan.train(colours(count=3), tmp_path)
    with pytest.raises(InputError, match="FastGAN's norms"):
        HPGAN("sngan", pyramids())
    for other in ("stylegan2-uncond", "ggan", "wgan-gp"):
        with pytest.raises(InputError, match="no regularizers but its own"):
            HPGAN(other, pyramids())
    nothing = torch.full((), torch.nan)
    monkeypatch.setattr(Judges, "judged", lambda self, real, *_: self.discriminator(real)[0].mean() * nothing)
    with pytest.raises(FauxtoError, match="diverged by step 1: discriminator not finite"):
        gan.train(colours(), tmp_path, Plan(steps=1, grid=4))
    assert not (tmp_path / "last.ckpt").exists()


def test_with_classes_both_players_begin_with_what_is_known_and_are_told(tmp_path, monkeypatch):
    data, seen = colours(classes=3), []
    known = class_vectors(pyramids()[0], data.pixels, data.labels, 3)
    monkeypatch.setattr(Play, "__init__", watched(seen, Play.__init__))
    gan = HPGAN(CLASSES, pyramids(), width=4)
    gan.train(data, tmp_path / "a", Plan(steps=1, save_every=1, grid=4))
    tables = [value for name, value in seen[0].items() if name.endswith("vectors")]
    assert len(tables) == 1 + 2 * 2 and all(torch.equal(table, known) for table in tables)  # generator, four heads
    after = [value for name, value in learners_of(seen[1]).items() if name.endswith("vectors")]
    assert len(after) == 5 and not any(torch.equal(table, known) for table in after)
    drawn = gan.load(tmp_path / "a")
    assert drawn.trained.classes == data.classes and drawn.recipe.generator["vectors"] == 4
    first, other = (drawn.sample(2, seed=1, condition=k) for k in (0, 1))
    assert first.shape == (2, 32, 32, 3) and not np.array_equal(first, other)
    gan.train(data, tmp_path / "a", Plan(steps=2, save_every=1, grid=4))
    HPGAN(CLASSES, pyramids(), width=4).train(data, tmp_path / "b", Plan(steps=2, save_every=2, grid=4))
    a, b = (load_file(tmp_path / name / "generator.safetensors") for name in "ab")
    assert all(torch.equal(a[name], b[name]) for name in b)


def learners_of(play: Play) -> dict[str, torch.Tensor]:
    """The weights of both players by name."""
    judges = play.judges
    parts = {**dict(judges.generator.named_parameters()), **dict(judges.discriminator.named_parameters())}
    return {name: value.detach().clone() for name, value in parts.items()}


def watched(seen, original):
    """`Play.__init__` that keeps the weights at the start, and the play itself."""

    def begin(self, *told, **more):
        original(self, *told, **more)
        seen.extend((learners_of(self), self))

    return begin


def test_the_discriminator_judges_each_picture_as_one_of_its_class(monkeypatch):
    vectors, told = torch.randn(3, 5, generator=torch.Generator().manual_seed(0)), []
    game = Judges(make(CLASSES, 3), pyramids(), Weighing(), width=4, vectors=vectors)
    original = game.discriminator.forward
    monkeypatch.setattr(game.discriminator, "forward", lambda x, labels: told.append(labels) or original(x, labels))
    labels, drawn = torch.tensor([0, 1, 2, 0]), torch.tensor([2, 2, 1, 0])
    game.judged(REAL, torch.randn(4, 8), labels, drawn)
    game.pleased(torch.randn(4, 8), drawn)
    assert [t.tolist() for t in told] == [labels.tolist(), drawn.tolist(), drawn.tolist()]


def test_vectors_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(InputError, match="for a recipe with classes"):
        HPGAN(RECIPE, pyramids(), vectors=torch.zeros(3, 4))
    with pytest.raises(InputError, match="vectors of 2 classes, and pictures of 3"):
        HPGAN(CLASSES, pyramids(), width=4, vectors=torch.zeros(2, 4)).train(colours(classes=3), tmp_path)
    with pytest.raises(InputError, match="needs pictures with classes"):
        HPGAN(CLASSES, pyramids(), width=4).train(colours(classes=1), tmp_path)
