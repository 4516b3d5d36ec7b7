"""Worker processes: the line to them, their copy of the sessions, their end and replacement."""
