"""Pictures altered in one region, with exact masks and untouched twins that went through the same encoding.

Made on the machine from any photographs, deterministic by seed: splicing, copy-move, three inpaintings, patches of an
autoencoder, swapped face regions. Needs the `lab` extra (scipy), and OpenCV for two of the inpaintings.
"""

from fauxto.data.worlds.tampering.maker import KINDS, Composite, Kind, Tampered, compose, journey, past, ship

__all__ = ["KINDS", "Composite", "Kind", "Tampered", "compose", "journey", "past", "ship"]
