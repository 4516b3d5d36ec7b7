"""What is measured of a running proxy, one kind a module."""
