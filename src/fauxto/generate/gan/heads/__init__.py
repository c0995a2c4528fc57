"""The discriminator's side of conditioning: one way to use a label a file, each from features to a Judgement."""
