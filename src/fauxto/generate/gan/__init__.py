"""The GAN toolkit: architectures, conditionings, objectives and sampling as parts that combine freely."""
