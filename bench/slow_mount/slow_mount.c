/*
 * Makes one folder of this machine answer as slowly as a mount across a network, for one command:
 *
 *     LD_PRELOAD=./slow_mount.so SLOW_MOUNT=/folder SLOW_MOUNT_MICROSECONDS=300 SLOW_MOUNT_COUNTS=file command
 *
 * A look is a call of the command that a file server would have to answer: stat and its variants, open,
 * opendir, and each part of a directory that readdir fetches. A look at the folder, or at a path below it,
 * lasts longer by the given time, in the thread that makes it; all others go on meanwhile. With 0 microseconds,
 * looks are only counted. Calls that need nothing but an open descriptor, such as fstat, are not looks.
 *
 * SLOW_MOUNT_COUNTS names an existing file of at least 40 bytes, all zero. All processes of the command map it
 * into memory, and count in it: five 64-bit numbers in the order of `struct counts`.
 *
 * The folder has to be named as the command names it: an absolute path, without links, and without . or .. in
 * it. What does not go through the C library (programs that are linked statically, system calls of their own)
 * is not seen.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct counts {
    _Atomic uint64_t stats, opens, parts, in_flight, most_in_flight;
};

/* What is known of a descriptor. It is found out when it is first needed, and forgotten when it is closed. */
enum place { UNKNOWN, IN_FOLDER, ABOVE_FOLDER, ELSEWHERE };

#define DESCRIPTORS 65536
/* glibc fetches a directory in parts of at least this size, see sysdeps/unix/sysv/linux/opendir.c. */
#define PART_BYTES 32768

static const char *folder;
static size_t folder_length;
static struct timespec delay;
static struct counts unmapped, *counts = &unmapped;
static _Atomic unsigned char places[DESCRIPTORS];
/* The number of bytes that readdir can still return of the part that it fetched last. */
static _Atomic int rest_of_part[DESCRIPTORS];

/* Declares `real`, the C library's own function of the same name. */
#define REAL(result, name, parameters)             \
    static result(*_Atomic found) parameters;      \
    result(*real) parameters = found;              \
    if (!real) {                                   \
        *(void **)&real = dlsym(RTLD_NEXT, #name); \
        found = real;                              \
    }

__attribute__((constructor)) static void read_environment(void)
{
    const char *microseconds = getenv("SLOW_MOUNT_MICROSECONDS"), *file = getenv("SLOW_MOUNT_COUNTS");
    long total = microseconds ? atol(microseconds) : 0;
    delay.tv_sec = total / 1000000;
    delay.tv_nsec = total % 1000000 * 1000;
    if (file) {
        REAL(int, open, (const char *, int, ...))
        int descriptor = real(file, O_RDWR | O_CLOEXEC);
        void *mapped = descriptor < 0 ? MAP_FAILED : mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE,
                                                          MAP_SHARED, descriptor, 0);
        if (mapped == MAP_FAILED) {
            perror(file);
            _exit(126);
        }
        close(descriptor);
        counts = mapped;
    }
    folder = getenv("SLOW_MOUNT");
    folder_length = folder ? strlen(folder) : 0;
}

static int is_in_folder(const char *path)
{
    return folder_length && strncmp(path, folder, folder_length) == 0 &&
           (path[folder_length] == '/' || path[folder_length] == '\0');
}

static enum place place_of(const char *path)
{
    size_t length = strlen(path);
    if (is_in_folder(path))
        return IN_FOLDER;
    if (length == 1 || (length && strncmp(path, folder, length) == 0 && folder[length] == '/'))
        return ABOVE_FOLDER;
    return ELSEWHERE;
}

/* Stores the path of a directory, by a link of /proc to it; "" if it has none. */
static void read_link(const char *link, char *path)
{
    int before = errno;
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    errno = before;
    path[length < 0 ? 0 : length] = '\0';
}

static enum place place_of_descriptor(int descriptor)
{
    char link[64], path[PATH_MAX];
    if (descriptor < 0 || descriptor >= DESCRIPTORS)
        return ELSEWHERE;
    if (places[descriptor] == UNKNOWN) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        read_link(link, path);
        places[descriptor] = place_of(path);
    }
    return places[descriptor];
}

/* Whether a path that is relative to a directory above the folder leads into it. */
static int leads_into_folder(const char *link, const char *path)
{
    char whole[PATH_MAX];
    read_link(link, whole);
    size_t length = strlen(whole);
    if (place_of(whole) != ABOVE_FOLDER)
        return is_in_folder(whole);
    int added = snprintf(whole + length, sizeof whole - length, "/%s", path);
    return added < (int)(sizeof whole - length) && is_in_folder(length == 1 ? whole + 1 : whole);
}

/* Whether a path that may be relative to a directory is slow. */
static int is_slow(int directory, const char *path)
{
    char link[64];
    if (!folder_length || !path || !*path)
        return 0;
    if (*path == '/')
        return is_in_folder(path);
    if (directory == AT_FDCWD)
        return leads_into_folder("/proc/self/cwd", path);
    enum place place = place_of_descriptor(directory);
    if (place != ABOVE_FOLDER)
        return place == IN_FOLDER;
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    return leads_into_folder(link, path);
}

static void forget(int descriptor)
{
    if (descriptor >= 0 && descriptor < DESCRIPTORS) {
        places[descriptor] = UNKNOWN;
        rest_of_part[descriptor] = 0;
    }
}

static void sleep_for_delay(void)
{
    static _Thread_local int is_exact;
    struct timespec end;
    if (!is_exact) { /* else the kernel may add 50 microseconds */
        prctl(PR_SET_TIMERSLACK, 1);
        is_exact = 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += delay.tv_sec;
    end.tv_nsec += delay.tv_nsec;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    /* A signal does not shorten a look: neither does it on a mount. */
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
        ;
}

static void begin_look(_Atomic uint64_t *kind)
{
    int before = errno;
    uint64_t now = ++counts->in_flight, most = counts->most_in_flight;
    ++*kind;
    while (now > most && !atomic_compare_exchange_weak(&counts->most_in_flight, &most, now))
        ;
    if (delay.tv_sec || delay.tv_nsec)
        sleep_for_delay();
    errno = before;
}

static void end_look(void)
{
    --counts->in_flight;
}

/* Calls `real` with these arguments, as a look of this kind if it is slow; declares what it returned. */
#define LOOK(slow, kind, result, ...)     \
    int counted = (slow);                 \
    if (counted)                          \
        begin_look(&counts->kind);        \
    result returned = real(__VA_ARGS__);  \
    if (counted)                          \
        end_look();

/* The stat family. The names with __x are those of glibc before 2.33. */

#define STAT(name, slow, parameters, ...)    \
    int name parameters;                     \
    int name parameters                      \
    {                                        \
        REAL(int, name, parameters)          \
        LOOK(slow, stats, int, __VA_ARGS__)  \
        return returned;                     \
    }

#define STAT_PATH(name, type) \
    STAT(name, is_slow(AT_FDCWD, path), (const char *path, type *status), path, status)
#define STAT_AT(name, type)                                                                           \
    STAT(name, is_slow(directory, path), (int directory, const char *path, type *status, int flags), \
         directory, path, status, flags)
#define OLD_STAT_PATH(name, type)                                                            \
    STAT(name, is_slow(AT_FDCWD, path), (int version, const char *path, type *status), \
         version, path, status)
#define OLD_STAT_AT(name, type)                                                                \
    STAT(name, is_slow(directory, path),                                                       \
         (int version, int directory, const char *path, type *status, int flags),             \
         version, directory, path, status, flags)

STAT_PATH(stat, struct stat)
STAT_PATH(lstat, struct stat)
STAT_PATH(stat64, struct stat64)
STAT_PATH(lstat64, struct stat64)
STAT_AT(fstatat, struct stat)
STAT_AT(fstatat64, struct stat64)
OLD_STAT_PATH(__xstat, struct stat)
OLD_STAT_PATH(__lxstat, struct stat)
OLD_STAT_PATH(__xstat64, struct stat64)
OLD_STAT_PATH(__lxstat64, struct stat64)
OLD_STAT_AT(__fxstatat, struct stat)
OLD_STAT_AT(__fxstatat64, struct stat64)
STAT(statx, is_slow(directory, path),
     (int directory, const char *path, int flags, unsigned mask, struct statx *status),
     directory, path, flags, mask, status)

/* Opening. The names with _2 are those that programs call whose flags were checked by the compiler. */

#define NO_MODE
#define READ_MODE                               \
    mode_t mode = 0;                            \
    if (flags & (O_CREAT | __O_TMPFILE)) {      \
        va_list rest;                           \
        va_start(rest, flags);                  \
        mode = (mode_t)va_arg(rest, unsigned);  \
        va_end(rest);                           \
    }

#define OPEN(name, read_mode, slow, parameters, ...)  \
    int name parameters;                              \
    int name parameters                               \
    {                                                 \
        read_mode                                     \
        REAL(int, name, parameters)                   \
        LOOK(slow, opens, int, __VA_ARGS__)           \
        forget(returned);                             \
        return returned;                              \
    }

#define OPEN_PATH(name) \
    OPEN(name, READ_MODE, is_slow(AT_FDCWD, path), (const char *path, int flags, ...), path, flags, mode)
#define OPEN_AT(name)                                                                               \
    OPEN(name, READ_MODE, is_slow(directory, path), (int directory, const char *path, int flags, ...), \
         directory, path, flags, mode)
#define CHECKED_OPEN_PATH(name) \
    OPEN(name, NO_MODE, is_slow(AT_FDCWD, path), (const char *path, int flags), path, flags)
#define CHECKED_OPEN_AT(name)                                                                  \
    OPEN(name, NO_MODE, is_slow(directory, path), (int directory, const char *path, int flags), \
         directory, path, flags)

OPEN_PATH(open)
OPEN_PATH(open64)
OPEN_AT(openat)
OPEN_AT(openat64)
CHECKED_OPEN_PATH(__open_2)
CHECKED_OPEN_PATH(__open64_2)
CHECKED_OPEN_AT(__openat_2)
CHECKED_OPEN_AT(__openat64_2)

DIR *opendir(const char *path)
{
    REAL(DIR *, opendir, (const char *))
    LOOK(is_slow(AT_FDCWD, path), opens, DIR *, path)
    if (returned)
        forget(dirfd(returned));
    return returned;
}

/* Reading a directory: the first entry of each part is what waits. */

#define READ_DIRECTORY(name, type)                                                      \
    type *name(DIR *stream)                                                             \
    {                                                                                   \
        REAL(type *, name, (DIR *))                                                       \
        int descriptor = dirfd(stream), slow = folder_length && place_of_descriptor(descriptor) == IN_FOLDER;          \
        LOOK(slow && rest_of_part[descriptor] <= 0, parts, type *, stream)              \
        if (counted)                                                                    \
            rest_of_part[descriptor] = PART_BYTES;                                      \
        if (slow && returned)                                                           \
            rest_of_part[descriptor] -= returned->d_reclen;                             \
        return returned;                                                                \
    }

READ_DIRECTORY(readdir, struct dirent)
READ_DIRECTORY(readdir64, struct dirent64)

void rewinddir(DIR *stream)
{
    REAL(void, rewinddir, (DIR *))
    real(stream);
    forget(dirfd(stream));
}

/* What ends a descriptor, or gives it a new meaning. */

int close(int descriptor)
{
    REAL(int, close, (int))
    forget(descriptor);
    return real(descriptor);
}

int closedir(DIR *stream)
{
    REAL(int, closedir, (DIR *))
    forget(dirfd(stream));
    return real(stream);
}

int dup2(int from, int to)
{
    REAL(int, dup2, (int, int))
    forget(to);
    return real(from, to);
}

int dup3(int from, int to, int flags)
{
    REAL(int, dup3, (int, int, int))
    forget(to);
    return real(from, to, flags);
}
