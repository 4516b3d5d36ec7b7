"""The pretend groupware, by itself, and how other tests run it."""
