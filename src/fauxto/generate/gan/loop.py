"""The loop that every GAN is trained by, whatever its networks and its data are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from fauxto.errors import FauxtoError


class Game(Protocol):
    """Two networks at play, as the loop sees them."""

    @property
    def number(self) -> int:
        """Steps that are done."""
        ...

    def step(self) -> None:
        """A turn of each, or as many as the method wants."""
        ...

    def unsound(self) -> list[str]:
        """The names of losses and weights that are no numbers any more: none while all is well."""
        ...


def play(
    game: Game,
    steps: int,
    *,
    due: Callable[[int], bool] | None = None,
    look: Callable[[], None] | None = None,
    told: Callable[[int, int], object] | None = None,
    checkpoint: Path | None = None,
) -> None:
    """Play until `steps` are done.

    After the steps at which `due(step)` holds (None: each of them), and after the last, the game has to be sound, and
    `look()` may record it. `told(done, of)` is called after each step; `checkpoint` is where `look` leaves its own.
    Errors: FauxtoError with code "diverged" when the game is unsound.
    """
    while game.number < steps:
        game.step()
        if told is not None:
            told(game.number, steps)
        if game.number < steps and due is not None and not due(game.number):
            continue
        if bad := game.unsound():
            there = checkpoint is not None and checkpoint.exists()
            kept = f"{checkpoint} keeps an earlier step" if there else "no checkpoint had been written"
            raise FauxtoError(
                f"Training diverged by step {game.number}: {', '.join(bad)} not finite; {kept}.",
                fix="Lower the learning rates, add R1 or spectral norm, or use another seed; into another --out.",
                code="diverged",
            )
        if look is not None:
            look()
