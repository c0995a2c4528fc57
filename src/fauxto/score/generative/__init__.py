"""How good is a generator? Metrics of two sets of features as pure functions of numpy arrays; rows are pictures."""
