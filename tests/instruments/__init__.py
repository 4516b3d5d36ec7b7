"""Instruments of the tests: a real browser, a real gateway process, a certificate authority."""
