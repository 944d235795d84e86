/*
 * A preload shim for tests: the process kills itself at a commit of SQLite, exactly before or exactly after it.
 * The file named by KILL_AT_COMMIT holds "before" or "after" and a marker; the commit is the one whose write-ahead log
 * frames hold the marker. "before": nothing of that frame is written. "after": the flush of that log has returned.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int seen = 0;

static int is_wal(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path);
  return length > 4 && memcmp(path + length - 4, "-wal", 4) == 0;
}

static int armed(char *when, char *marker) {
  const char *name = getenv("KILL_AT_COMMIT");
  FILE *file = name == NULL ? NULL : fopen(name, "r");
  if (file == NULL) return 0;
  int read = fscanf(file, "%15s %255s", when, marker);
  fclose(file);
  return read == 2;
}

static void look(int fd, const void *bytes, size_t length) {
  char when[16], marker[256];
  if (!is_wal(fd) || !armed(when, marker)) return;
  if (memmem(bytes, length, marker, strlen(marker)) == NULL) return;
  if (strcmp(when, "before") == 0) kill(getpid(), SIGKILL);
  seen = 1;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  look(fd, bytes, length);
  return ((ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write"))(fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  look(fd, bytes, length);
  return ((ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite"))(fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  look(fd, bytes, length);
  return ((ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64"))(fd, bytes, length, at);
}

static int flushed(const char *name, int fd) {
  int answer = ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
  if (seen && answer == 0 && is_wal(fd)) kill(getpid(), SIGKILL);
  return answer;
}

int fsync(int fd) { return flushed("fsync", fd); }
int fdatasync(int fd) { return flushed("fdatasync", fd); }
