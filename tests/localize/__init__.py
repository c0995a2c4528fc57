"""Localizers."""
