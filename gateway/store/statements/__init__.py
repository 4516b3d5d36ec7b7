"""What is said to SQLite, a module for each kind of record; `sqlite.SQLiteStore` has them all."""
