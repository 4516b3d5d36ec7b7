"""Is everything well? Health answers and the surroundings' check."""
