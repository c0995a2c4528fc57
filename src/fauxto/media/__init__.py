"""Bytes to pixels: sniff, limits, containers, decode, JPEG domain, crops. Imports nothing of fauxto but
`errors`."""
