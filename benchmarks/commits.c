/* How many commits the disk and SQLite allow: `commits FILE SECONDS`. One row of 300 bytes per transaction, WAL, synchronous=FULL, one
   connection: what a server that answers after the fsync reaches without group commit. Prints commits per second. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void require(int result, sqlite3 *database)
{
    if (result == SQLITE_OK || result == SQLITE_DONE || result == SQLITE_ROW)
        return;
    fprintf(stderr, "commits: %s\n", sqlite3_errmsg(database));
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: commits FILE SECONDS\n");
        return 2;
    }
    double limit = atof(argv[2]);
    char body[300];
    memset(body, 'x', sizeof body);

    sqlite3 *database;
    sqlite3_stmt *insert;
    require(sqlite3_open(argv[1], &database), database);
    require(sqlite3_exec(database,
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                "CREATE TABLE IF NOT EXISTS entry(id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;",
                NULL, NULL, NULL), database);
    require(sqlite3_prepare_v2(database, "INSERT INTO entry(body) VALUES (?)", -1, &insert, NULL), database);
    require(sqlite3_bind_text(insert, 1, body, sizeof body, SQLITE_STATIC), database);

    long commits = 0;
    double began = seconds(), elapsed = 0;
    for (; elapsed < limit; elapsed = seconds() - began, commits++) {
        require(sqlite3_step(insert), database); /* autocommit: each row is a transaction */
        require(sqlite3_reset(insert), database);
    }
    printf("%.0f\n", (double)commits / elapsed);
    sqlite3_finalize(insert);
    sqlite3_close(database);
    return 0;
}
