"""The benchmark itself: its pure parts, and one very short run."""
