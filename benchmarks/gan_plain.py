"""A GAN in the plain style of published code, for `gan_throughput.py`: SNGAN at 32 pixels with classes.

Networks of torch's own modules in their default memory layout, spectral norm by hooks, real and generated pictures in
two passes, Adam one weight at a time, the moving average one entry of the state dict at a time, losses read out at
every step.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils import spectral_norm


class ClassNorm(nn.Module):
    """Batch norm with gains and offsets from a one-hot class."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, eps=1e-4, affine=False)
        self.gain = nn.Linear(classes, width, bias=False)
        self.offset = nn.Linear(classes, width, bias=False)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """See the class; `y` is one-hot."""
        gain = (1 + self.gain(y)).view(y.size(0), -1, 1, 1)
        offset = self.offset(y).view(y.size(0), -1, 1, 1)
        return self.norm(x) * gain + offset


class UpBlock(nn.Module):
    """Norm, activation, doubling, convolution, twice but for the doubling; a 1x1 shortcut."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = ClassNorm(width, classes), ClassNorm(width, classes)
        self.act = nn.ReLU(inplace=True)
        self.shortcut = nn.Conv2d(width, width, 1)
        self.conv1, self.conv2 = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """See the class; `y` is one-hot."""
        h = nn.functional.interpolate(self.act(self.norm1(x, y)), scale_factor=2, mode="nearest")
        h = self.conv2(self.act(self.norm2(self.conv1(h), y)))
        return h + self.shortcut(nn.functional.interpolate(x, scale_factor=2, mode="nearest"))


class Generator(nn.Module):
    """A 4x4 map, three doublings, tanh."""

    def __init__(self, width: int, classes: int, latent: int = 128) -> None:
        super().__init__()
        self.classes, self.width = classes, 4 * width
        self.linear = nn.Linear(latent, 4 * width * 16)
        self.blocks = nn.ModuleList(UpBlock(4 * width, classes) for _ in range(3))
        self.norm, self.act = nn.BatchNorm2d(4 * width, eps=1e-4), nn.ReLU(inplace=True)
        self.last, self.tanh = nn.Conv2d(4 * width, 3, 3, 1, 1), nn.Tanh()

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        """Pictures in [-1, 1]."""
        y = nn.functional.one_hot(label, self.classes).float()
        x = self.linear(z).view(-1, self.width, 4, 4)
        for block in self.blocks:
            x = block(x, y)
        return self.tanh(self.last(self.act(self.norm(x))))


class DownBlock(nn.Module):
    """Two convolutions and a shortcut, perhaps averaged."""

    def __init__(self, before: int, after: int, down: bool, first: bool = False) -> None:
        super().__init__()
        self.down, self.first = down, first
        self.conv1 = spectral_norm(nn.Conv2d(before, after, 3, 1, 1), eps=1e-6)
        self.conv2 = spectral_norm(nn.Conv2d(after, after, 3, 1, 1), eps=1e-6)
        learned = first or down or before != after
        self.shortcut = spectral_norm(nn.Conv2d(before, after, 1), eps=1e-6) if learned else None
        self.act, self.pool = nn.ReLU(inplace=False), nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        if self.first:
            return self.pool(self.conv2(self.act(self.conv1(x)))) + self.shortcut(self.pool(x))
        x = self.act(x)
        h = self.conv2(self.act(self.conv1(x)))
        if self.shortcut is not None:
            x = self.shortcut(x)
        return self.pool(h) + self.pool(x) if self.down else h + x


class Discriminator(nn.Module):
    """Four blocks, the sum over places, a logit and the projection on the class."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        w = 2 * width
        self.blocks = nn.Sequential(
            DownBlock(3, w, True, first=True), DownBlock(w, w, True), DownBlock(w, w, False), DownBlock(w, w, False)
        )
        self.linear = spectral_norm(nn.Linear(w, 1), eps=1e-6)
        self.embedding = spectral_norm(nn.Embedding(classes, w), eps=1e-6)
        self.act = nn.ReLU(inplace=False)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Logits."""
        h = self.act(self.blocks(x)).sum((2, 3))
        return self.linear(h).squeeze(1) + (self.embedding(label) * h).sum(1)


class PlainLoop:
    """One step of the generator behind a few of the discriminator, as published loops write it."""

    def __init__(self, width: int, classes: int, batch: int, turns: int) -> None:
        self.batch, self.turns, self.classes = batch, turns, classes
        self.generator, self.discriminator = Generator(width, classes), Discriminator(width, classes)
        self.average = copy.deepcopy(self.generator)
        made = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-6}
        self.of_generator = torch.optim.Adam(self.generator.parameters(), foreach=False, **made)
        self.of_discriminator = torch.optim.Adam(self.discriminator.parameters(), foreach=False, **made)
        self.losses: list[tuple[float, float]] = []

    def draw(self) -> tuple[Tensor, Tensor]:
        """A batch of generated pictures and their classes."""
        label = torch.randint(self.classes, (self.batch,))
        return self.generator(torch.randn(self.batch, 128), label), label

    def step(self, pixels: Tensor, labels: Tensor) -> None:
        """`pixels` uint8 `(turns, n, 3, 32, 32)`."""
        relu = nn.functional.relu
        for p in self.generator.parameters():
            p.requires_grad_(False)
        for p in self.discriminator.parameters():
            p.requires_grad_(True)
        for turn in range(self.turns):
            self.of_discriminator.zero_grad()
            real = pixels[turn].float() / 127.5 - 1
            fake, label = self.draw()
            real_logit, fake_logit = self.discriminator(real, labels[turn]), self.discriminator(fake, label)
            d_loss = relu(1 - real_logit).mean() + relu(1 + fake_logit).mean()
            d_loss.backward()
            self.of_discriminator.step()
        for p in self.generator.parameters():
            p.requires_grad_(True)
        for p in self.discriminator.parameters():
            p.requires_grad_(False)
        self.of_generator.zero_grad()
        fake, label = self.draw()
        g_loss = -self.discriminator(fake, label).mean()
        g_loss.backward()
        self.of_generator.step()
        with torch.no_grad():
            state, average = self.generator.state_dict(), self.average.state_dict()
            for name in state:
                if state[name].is_floating_point():
                    average[name].copy_(average[name] * 0.9999 + state[name] * (1 - 0.9999))
        self.losses.append((d_loss.item(), g_loss.item()))
