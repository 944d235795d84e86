/*
 * Preloaded into the processes of a test: moves the wall clock by the seconds that the file SITE_CLOCK holds, the wall and boot clocks
 * by those that it holds for a sleep, and all three by those in which time merely passed (8 bytes each, mapped, so that a change counts
 * at once and in every thread). All other clocks are the machine's.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct offsets {
  volatile int64_t set;
  volatile int64_t slept;
  volatile int64_t passed;
};

static const struct offsets *offset;

__attribute__((constructor)) static void map_offset(void) {
  const char *path = getenv("SITE_CLOCK");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) _exit(97);
  void *map = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) _exit(97);
  offset = map;
  close(file);
}

static time_t passed(void) { return offset == NULL ? 0 : (time_t)offset->passed; }

static time_t slept(void) { return offset == NULL ? 0 : (time_t)(offset->slept + offset->passed); }

static time_t moved(void) { return offset == NULL ? 0 : (time_t)offset->set + slept(); }

int clock_gettime(clockid_t clock, struct timespec *out) {
  if (syscall(SYS_clock_gettime, clock, out) != 0) return -1;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) out->tv_sec += moved();
  if (clock == CLOCK_BOOTTIME) out->tv_sec += slept();
  if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE) out->tv_sec += passed();
  return 0;
}

/* Node has no boot clock: the agent asks the C library itself, by name. */
void *dlsym(void *restrict library, const char *restrict name) {
  static void *(*real)(void *, const char *);
  if (real == NULL) real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
  if (real == NULL) _exit(97);
  return strcmp(name, "clock_gettime") == 0 ? (void *)&clock_gettime : real(library, name);
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
