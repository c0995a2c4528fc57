"""Detectors: one published system a file. A score is one logit, higher = more likely generated."""
