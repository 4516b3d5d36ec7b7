"""What must outlive a restart, behind one interface; memory and SQLite keep it."""
