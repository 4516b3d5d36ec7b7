"""Letters to people, by way of a mail server."""
