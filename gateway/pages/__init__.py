"""How our own pages are made: templates, languages, nonces, and the one route decorator."""
