"""Speed side by side with peers: `python -m benchmarks.proxy`. Not part of the product."""
