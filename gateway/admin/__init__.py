"""The verbs of administration, implemented once."""
