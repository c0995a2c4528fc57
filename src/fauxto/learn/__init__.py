"""Training: the fit loop, checkpoints, calibration and export. Needs the `lab` extra (torch)."""
