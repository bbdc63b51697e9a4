"""A database with many requests in it, made in bulk of one that has gone its way."""
import sqlite3


def fill(directory, count):
    """Copies a completed request with its steps and its event so often; no server may run. Neither audit rows (they form a chain) nor
    effects (nobody outside would know them) are copied."""
    database = sqlite3.connect(directory.database, isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        original, name = database.execute("SELECT id, request_id FROM service_requests WHERE status = 'completed' LIMIT 1").fetchone()
        number = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {int(count)})"
        copy(database, number, "service_requests", "id = ?", original,
             id="printf('copy-%08d', i)", request_id="printf('req-copy%08d', i)", instance_id="NULL", instance_name="NULL")
        copy(database, number, "request_steps", "request_id = ?", original,
             request_id="printf('copy-%08d', i)")
        database.execute(
            f"{number} INSERT INTO events(at, type, subject_type, subject_id, request_id, new, team, correlation_id)"
            " SELECT '2026-01-01T00:00:00.000Z', 'request.status', 'request', s, s, 'completed', 'platform', 'c'"
            " FROM (SELECT printf('req-copy%08d', i) s FROM n)")
        database.execute("COMMIT")
    finally:
        database.close()


def copy(database, number, table, condition, value, **changed):
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changed.get(column, f"t.{column}") for column in columns)
    database.execute(f"{number} INSERT INTO {table}({', '.join(columns)}) SELECT {values} FROM {table} t, n WHERE {condition}", [value])
