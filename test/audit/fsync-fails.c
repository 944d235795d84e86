/* A preload shim for tests: flushing to disk fails with EIO while the file named by FSYNC_FAILS exists. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int told_to_fail(void) {
  const char *flag = getenv("FSYNC_FAILS");
  return flag != NULL && access(flag, F_OK) == 0;
}

int fsync(int fd) {
  if (told_to_fail()) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd) {
  if (told_to_fail()) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
