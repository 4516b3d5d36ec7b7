"""One suite of promises for every way to put the app behind the gateway."""
