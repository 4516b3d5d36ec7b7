"""The proxies under test: how each is found, configured, started."""
