"""Real third-party web apps behind the gateway, used by real clients."""
