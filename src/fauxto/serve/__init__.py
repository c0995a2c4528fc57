"""The HTTP service: pictures in over the wire, the same Findings out; `fauxto serve` starts it."""
