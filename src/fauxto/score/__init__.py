"""Metrics as pure functions of numpy arrays. Label 1 = generated is the positive class everywhere."""
