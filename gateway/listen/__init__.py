"""Ports, TLS contexts and certificates."""
