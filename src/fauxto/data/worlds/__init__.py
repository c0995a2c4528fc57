"""Worlds: labelled pictures made on the machine, unlimited, deterministic by seed, with exact truth."""
