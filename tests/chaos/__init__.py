"""Chaos: whoever is killed at whatever moment, nothing that was acknowledged is lost or doubled."""
