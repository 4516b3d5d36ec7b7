"""The commands of the command line that work on the store: a thin face of `admin.verbs`."""
