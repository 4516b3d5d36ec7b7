"""What the gateway decides: pure functions of their arguments. Nothing here waits or looks."""
