"""From the journal to requests, statements and rollups; one file for each table."""
