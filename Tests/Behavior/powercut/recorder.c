/* Preloaded into the appliance: writes down, in the order in which they happened, every change of the database's files, every sync of
 * them, and every answer 201 that was about to leave. `replay.py` makes from it what a power cut could have left behind.
 *
 * RECORD_DIRECTORY  the data directory; of it only files named pao.db*, without the shared memory, which no power cut leaves
 * RECORD_LOG        where the entries go
 *
 * An entry is a header and `length` bytes. A sync has two: what was written before it began is durable once it has ended. An answer is
 * noted before it leaves: from then on somebody may know it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MOST_DESCRIPTORS = 65536, MOST_NAME = 64 };
#define DIRECTORY "."

struct header {
    char operation; /* Create, Write, Truncate, Begin and End of a sync, Unlink, Rename, Answer */
    char name[MOST_NAME];
    uint64_t offset;
    uint32_t length;
} __attribute__((packed));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char names[MOST_DESCRIPTORS][MOST_NAME]; /* of the descriptors that are followed */
static char directory[PATH_MAX];
static int journal = -1;

#define REAL(function) ((__typeof__(&function))real(#function))

static void *real(const char *symbol) { return dlsym(RTLD_NEXT, symbol); }

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("RECORD_LOG");
    const char *watched = getenv("RECORD_DIRECTORY");
    if (!path || !watched || !realpath(watched, directory)) return;
    journal = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    unsetenv("LD_PRELOAD"); /* not into what the appliance starts */
}

/* One write for the whole entry: a process that is killed leaves whole ones, or the last one short. */
static void note(char operation, const char *name, uint64_t offset, const void *bytes, size_t length) {
    struct header header = {.operation = operation, .offset = offset, .length = (uint32_t)length};
    strncpy(header.name, name, sizeof header.name - 1);
    struct iovec parts[2] = {{&header, sizeof header}, {(void *)bytes, length}};
    if (REAL(writev)(journal, parts, length ? 2 : 1) < 0) abort();
}

/* The name below the watched directory; "." for itself, null for what is not followed. */
static const char *name_of(const char *path) {
    char absolute[PATH_MAX];
    size_t length = strlen(directory);
    if (journal < 0 || length == 0) return NULL;
    if (path[0] != '/') return NULL;
    if (!realpath(path, absolute)) strncpy(absolute, path, sizeof absolute - 1), absolute[sizeof absolute - 1] = 0;
    if (strncmp(absolute, directory, length) != 0) return NULL;
    if (absolute[length] == 0) return DIRECTORY;
    const char *name = path + strlen(path);
    while (name > path && name[-1] != '/') name--;
    if (absolute[length] != '/' || strchr(absolute + length + 1, '/')) return NULL;
    if (strncmp(name, "pao.db", 6) != 0 || strstr(name, "-shm") || strlen(name) >= MOST_NAME) return NULL;
    return name;
}

static const char *followed(int descriptor) {
    if (journal < 0 || descriptor < 0 || descriptor >= MOST_DESCRIPTORS || !names[descriptor][0]) return NULL;
    return names[descriptor];
}

/* MARK: Opening and closing */

static int opened(int (*function)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    const char *name = name_of(path);
    if (!name) return function(path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat status;
    int is_new = (flags & O_CREAT) && stat(path, &status) != 0;
    int descriptor = function(path, flags, mode);
    int error = errno;
    if (descriptor >= 0 && descriptor < MOST_DESCRIPTORS) {
        strcpy(names[descriptor], name);
        if (is_new) note('C', name, 0, NULL, 0);
        if (flags & O_TRUNC) note('T', name, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return descriptor;
}

#define OPEN(function)                                          \
    int function(const char *path, int flags, ...) {            \
        mode_t mode = 0;                                        \
        if (flags & (O_CREAT | O_TMPFILE)) {                    \
            va_list arguments;                                  \
            va_start(arguments, flags);                         \
            mode = va_arg(arguments, mode_t);                   \
            va_end(arguments);                                  \
        }                                                       \
        return opened(REAL(function), path, flags, mode);       \
    }

OPEN(open)
OPEN(open64)

int close(int descriptor) {
    if (followed(descriptor)) names[descriptor][0] = 0;
    return REAL(close)(descriptor);
}

/* MARK: Changing */

static ssize_t written(const char *name, uint64_t offset, const void *bytes, ssize_t count) {
    if (count > 0) note('W', name, offset, bytes, (size_t)count);
    return count;
}

#define PWRITE(function, offset_type)                                                           \
    ssize_t function(int descriptor, const void *bytes, size_t length, offset_type offset) {    \
        const char *name = followed(descriptor);                                                \
        if (!name) return REAL(function)(descriptor, bytes, length, offset);                    \
        pthread_mutex_lock(&lock);                                                              \
        ssize_t count = written(name, (uint64_t)offset, bytes, REAL(function)(descriptor, bytes, length, offset)); \
        pthread_mutex_unlock(&lock);                                                            \
        return count;                                                                           \
    }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int descriptor, const void *bytes, size_t length) {
    const char *name = followed(descriptor);
    if (!name) return REAL(write)(descriptor, bytes, length);
    pthread_mutex_lock(&lock);
    off_t offset = lseek(descriptor, 0, SEEK_CUR);
    ssize_t count = written(name, (uint64_t)offset, bytes, REAL(write)(descriptor, bytes, length));
    pthread_mutex_unlock(&lock);
    return count;
}

#define TRUNCATE(function, size_type)                                      \
    int function(int descriptor, size_type size) {                         \
        const char *name = followed(descriptor);                           \
        if (!name) return REAL(function)(descriptor, size);                \
        pthread_mutex_lock(&lock);                                         \
        int result = REAL(function)(descriptor, size);                     \
        if (result == 0) note('T', name, (uint64_t)size, NULL, 0);         \
        pthread_mutex_unlock(&lock);                                       \
        return result;                                                     \
    }

TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(function)                                                     \
    int function(int descriptor) {                                         \
        const char *name = followed(descriptor);                           \
        if (!name) return REAL(function)(descriptor);                      \
        char kept[MOST_NAME];                                              \
        pthread_mutex_lock(&lock);                                         \
        strcpy(kept, name);                                                \
        note('B', kept, 0, NULL, 0);                                       \
        pthread_mutex_unlock(&lock);                                       \
        int result = REAL(function)(descriptor);                           \
        pthread_mutex_lock(&lock);                                         \
        if (result == 0) note('E', kept, 0, NULL, 0);                      \
        pthread_mutex_unlock(&lock);                                       \
        return result;                                                     \
    }

SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    const char *name = name_of(path);
    if (!name) return REAL(unlink)(path);
    pthread_mutex_lock(&lock);
    int result = REAL(unlink)(path);
    int error = errno;
    if (result == 0) note('U', name, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int rename(const char *from, const char *to) {
    const char *name = name_of(from);
    const char *target = name_of(to);
    if (!name || !target) return REAL(rename)(from, to);
    pthread_mutex_lock(&lock);
    int result = REAL(rename)(from, to);
    if (result == 0) note('R', name, 0, target, strlen(target));
    pthread_mutex_unlock(&lock);
    return result;
}

/* MARK: Answering */

/* The head of an answer is in one piece; what its Location names has been promised. */
static void note_answer(const char *bytes, size_t length) {
    static const char status[] = "HTTP/1.1 201", field[] = "\r\nLocation: ";
    if (journal < 0 || length < sizeof status || memcmp(bytes, status, sizeof status - 1) != 0) return;
    const char *place = memmem(bytes, length, field, sizeof field - 1);
    if (!place) return;
    place += sizeof field - 1;
    const char *end = memchr(place, '\r', length - (size_t)(place - bytes));
    if (!end) return;
    pthread_mutex_lock(&lock);
    note('A', "", 0, place, (size_t)(end - place));
    pthread_mutex_unlock(&lock);
}

ssize_t send(int descriptor, const void *bytes, size_t length, int flags) {
    note_answer(bytes, length);
    return REAL(send)(descriptor, bytes, length, flags);
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    if (message->msg_iovlen > 0) note_answer(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
    return REAL(sendmsg)(descriptor, message, flags);
}
