"""Transports: TCP and TLS connections that send at once, on a loop of their own."""
