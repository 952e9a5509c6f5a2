/* Stands between a program and the C library: counts the calls that change a disk.

   It is loaded with LD_PRELOAD and does nothing until a process sets DISK_FOLDERS. Then every call
   that changes something below one of these folders (of DISK_FOLDERS, with ":" between them)

   - is a step, and a write is two: before it, and when half of it is written. The process ends by
     SIGKILL at the step DISK_KILL_AT, counted from 1;
   - is a line in the file DISK_LOG, with tabs: its last step, call, inode, path, offset or new
     path, bytes in hex;
   - fails if DISK_FAIL names it: "<call> <part of the path> <error number> <calls before>". A part
     that ends with "$" ends the path; the calls before are those that match and do not fail. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static long steps;

static void step(void) {
    const char *wanted = getenv("DISK_KILL_AT");
    long now = __atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST);
    if (wanted && now == atol(wanted)) kill(getpid(), SIGKILL);
}

static int is_watched(const char *path) {
    const char *folders = getenv("DISK_FOLDERS");
    while (folders && *folders) {
        size_t length = strcspn(folders, ":");
        if (length && !strncmp(path, folders, length) && strchr("/", path[length])) return 1;
        folders += length + (folders[length] == ':');
    }
    return 0;
}

static int is_at_work(void) { return getenv("DISK_FOLDERS") != NULL; }

/* The absolute path of a name in a directory; whether it is watched. */
static int locate(int directory, const char *name, char path[PATH_MAX]) {
    char link[64];
    ssize_t length = 0;
    if (!is_at_work()) return 0;
    if (*name != '/') {
        if (directory == AT_FDCWD) strcpy(link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
        length = readlink(link, path, PATH_MAX - 1);
        if (length < 0) return 0;
        path[length++] = '/';
    }
    snprintf(path + length, PATH_MAX - length, "%s", name);
    return is_watched(path);
}

/* Likewise of an open file. */
static int locate_open(int file, char path[PATH_MAX]) {
    char link[64];
    if (!is_at_work()) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_watched(path);
}

/* Report a call, before or after it: whoever reads the log wants the inode. */
static void record(const char *call, ino_t inode, const char *path, const char *more,
                   const unsigned char *bytes, size_t length) {
    const char *name = getenv("DISK_LOG");
    int kept = errno;
    if (!name) return;
    FILE *line = NULL;
    char *text = NULL;
    size_t size = 0;
    if (!(line = open_memstream(&text, &size))) abort();
    fprintf(line, "%ld\t%s\t%lu\t%s\t%s\t", steps, call, (unsigned long)inode, path, more);
    for (size_t at = 0; at < length; at++) fprintf(line, "%02x", bytes[at]);
    fprintf(line, "\n");
    fclose(line);
    int log = REAL(open64)(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log < 0 || REAL(write)(log, text, size) != (ssize_t)size) abort();
    REAL(close)(log);
    free(text);
    errno = kept;
}

static int contains(const char *path, char *part) {
    size_t length = strlen(part), whole = strlen(path);
    if (part[length - 1] != '$') return strstr(path, part) != NULL;
    part[--length] = 0;
    return whole >= length && !strcmp(path + whole - length, part);
}

static int must_fail(const char *call, const char *path) {
    const char *wanted = getenv("DISK_FAIL");
    static int matches;
    char name[32], part[256];
    int number, before;
    if (!wanted || sscanf(wanted, "%31s %255s %d %d", name, part, &number, &before) != 4) return 0;
    if (strcmp(name, call) || !contains(path, part) || matches++ < before) return 0;
    errno = number;
    return 1;
}

static ino_t inode_at(const char *path) {
    struct stat found;
    return lstat(path, &found) ? 0 : found.st_ino;
}

static ino_t inode_of(int file) {
    struct stat found;
    return fstat(file, &found) ? 0 : found.st_ino;
}

/* Calls for names */

static int open_watched(int directory, const char *name, int flags, mode_t mode,
                        int (*usual)(int, const char *, int, ...)) {
    char path[PATH_MAX];
    int is_tmpfile = (flags & O_TMPFILE) == O_TMPFILE;
    int changes = flags & (O_CREAT | O_TRUNC) || is_tmpfile;
    if (!changes || !locate(directory, name, path)) return usual(directory, name, flags, mode);
    int is_new = !is_tmpfile && !inode_at(path);
    if (is_new || is_tmpfile || flags & O_TRUNC) step();
    if (must_fail("open", path)) return -1;
    int file = usual(directory, name, flags, mode);
    if (file >= 0 && is_new) record("create", inode_of(file), path, "", NULL, 0);
    else if (file >= 0 && flags & O_TRUNC) record("truncate", inode_of(file), path, "0", NULL, 0);
    return file;
}

#define MODE(last) \
    va_list rest; va_start(rest, last); mode_t mode = va_arg(rest, mode_t); va_end(rest)

int open(const char *name, int flags, ...) {
    MODE(flags);
    return open_watched(AT_FDCWD, name, flags, mode, REAL(openat));
}
int open64(const char *name, int flags, ...) {
    MODE(flags);
    return open_watched(AT_FDCWD, name, flags, mode, REAL(openat64));
}
int openat(int directory, const char *name, int flags, ...) {
    MODE(flags);
    return open_watched(directory, name, flags, mode, REAL(openat));
}
int openat64(int directory, const char *name, int flags, ...) {
    MODE(flags);
    return open_watched(directory, name, flags, mode, REAL(openat64));
}

int renameat(int from, const char *name, int to, const char *new_name) {
    char path[PATH_MAX], new_path[PATH_MAX];
    if (!locate(to, new_name, new_path)) return REAL(renameat)(from, name, to, new_name);
    locate(from, name, path);
    step();
    if (must_fail("rename", new_path)) return -1;
    ino_t inode = inode_at(path);
    int result = REAL(renameat)(from, name, to, new_name);
    if (!result) record("rename", inode, path, new_path, NULL, 0);
    return result;
}
int rename(const char *name, const char *new_name) {
    return renameat(AT_FDCWD, name, AT_FDCWD, new_name);
}

int unlinkat(int directory, const char *name, int flags) {
    char path[PATH_MAX];
    if (!locate(directory, name, path)) return REAL(unlinkat)(directory, name, flags);
    step();
    if (must_fail("unlink", path)) return -1;
    ino_t inode = inode_at(path);
    int result = REAL(unlinkat)(directory, name, flags);
    if (!result) record("unlink", inode, path, "", NULL, 0);
    return result;
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

int mkdirat(int directory, const char *name, mode_t mode) {
    char path[PATH_MAX];
    if (!locate(directory, name, path)) return REAL(mkdirat)(directory, name, mode);
    step();
    if (must_fail("mkdir", path)) return -1;
    int result = REAL(mkdirat)(directory, name, mode);
    if (!result) record("mkdir", inode_at(path), path, "", NULL, 0);
    return result;
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

/* Calls for bytes */

static ssize_t write_watched(int file, const void *bytes, size_t length, off64_t offset) {
    char path[PATH_MAX], text[32];
    int has_offset = offset >= 0;
    if (!locate_open(file, path))
        return has_offset ? REAL(pwrite64)(file, bytes, length, offset)
                          : REAL(write)(file, bytes, length);
    step();
    if (must_fail("write", path)) return -1;
    off64_t at = has_offset ? offset : lseek64(file, 0, SEEK_CUR);
    size_t half = length / 2;
    const char *wanted = getenv("DISK_KILL_AT");
    if (wanted && steps + 1 == atol(wanted)) REAL(pwrite64)(file, bytes, half, at);
    step();
    ssize_t written = has_offset ? REAL(pwrite64)(file, bytes, length, offset)
                                 : REAL(write)(file, bytes, length);
    snprintf(text, sizeof text, "%lld", (long long)at);
    if (written > 0) record("write", inode_of(file), path, text, bytes, written);
    return written;
}
ssize_t write(int file, const void *bytes, size_t length) {
    return write_watched(file, bytes, length, -1);
}
ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    return write_watched(file, bytes, length, offset);
}
ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    return write_watched(file, bytes, length, offset);
}

static int truncate_watched(int file, off64_t length) {
    char path[PATH_MAX], text[32];
    if (!locate_open(file, path)) return REAL(ftruncate64)(file, length);
    step();
    if (must_fail("truncate", path)) return -1;
    int result = REAL(ftruncate64)(file, length);
    snprintf(text, sizeof text, "%lld", (long long)length);
    if (!result) record("truncate", inode_of(file), path, text, NULL, 0);
    return result;
}
int ftruncate(int file, off_t length) { return truncate_watched(file, length); }
int ftruncate64(int file, off64_t length) { return truncate_watched(file, length); }

static int sync_watched(int file, int (*usual)(int)) {
    char path[PATH_MAX];
    if (!locate_open(file, path)) return usual(file);
    step();
    if (must_fail("fsync", path)) return -1;
    int result = usual(file);
    if (!result) record("fsync", inode_of(file), path, "", NULL, 0);
    return result;
}
int fsync(int file) { return sync_watched(file, REAL(fsync)); }
int fdatasync(int file) { return sync_watched(file, REAL(fdatasync)); }

int close(int file) {
    char path[PATH_MAX];
    int is_failing = getenv("DISK_FAIL") && locate_open(file, path) && must_fail("close", path);
    int number = errno, result = REAL(close)(file);
    if (!is_failing) return result;
    errno = number;
    return -1;
}
