"""What the service remembers: scans, jobs, keys and the audit log, in SQLite or PostgreSQL."""
