"""Data sets: the manifest, patch stores, adapters of public sets, and worlds made on the machine."""
