#pragma once

#include <sqlite3.h>

/* What Swift's importer leaves out: SQLITE_TRANSIENT (a cast) and variadic functions. */

/* SQLite copies the bytes before this returns. An empty text is a text, never NULL. */
static inline int pao_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 length) {
    return sqlite3_bind_text64(statement, index, text ? text : "", length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* SQLite copies the bytes before this returns. An empty blob is a blob, never NULL. */
static inline int pao_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 length) {
    return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", length, SQLITE_TRANSIENT);
}

/* Before the first connection of the process: no counting of memory, which would take a lock for each allocation. */
static inline int pao_sqlite_configure(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

/* Small allocations of the connection come from a pool of its own; before its first statement. */
static inline int pao_sqlite_reserve(sqlite3 *database, int bytes, int count) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_LOOKASIDE, (void *)0, bytes, count);
}

/* No writable schema, no "text" in double quotes. The schema stays trusted: SQLite before 3.41 counts json_valid() among the functions that
   an untrusted one may not use in a CHECK, and no function of ours or of an extension is there to be abused. */
static inline int pao_sqlite_harden(sqlite3 *database) {
    int result = sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
    if (result == SQLITE_OK) result = sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0);
    if (result == SQLITE_OK) result = sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
    return result;
}
