"""Localizers: one published system a file. A mask is float32 in [0, 1], higher = more likely altered."""
