"""What attackers send, as tables: one row a case, with what must happen and where it is from."""
