/*
 * What the load generators share: the clock, memory that must be there, descriptors, and a histogram of latencies.
 *
 * In: latencies in ns. Out: percentiles in µs, up to 10 s; longer ones count as 10 s. Included by wsload.c,
 * exchange.c, fanload.c and crowd.c, each a program of one file, so everything is static. The histogram has one counter for
 * each microsecond: pages that are never touched cost nothing.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { HISTOGRAM_US = 10 * 1000 * 1000 };

typedef struct {
  uint64_t total;
  uint32_t counts[HISTOGRAM_US + 1];
} Histogram;

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static inline void *must(void *memory) {
  if (!memory) { fprintf(stderr, "out of memory\n"); exit(1); }
  return memory;
}

static inline void record(Histogram *histogram, uint64_t ns) {
  uint64_t micros = ns / 1000;
  histogram->total++;
  histogram->counts[micros < HISTOGRAM_US ? micros : HISTOGRAM_US]++;
}

/* The latency in µs that `share` of the recorded ones do not exceed; 0 if there are none. */
static inline uint32_t percentile(const Histogram *histogram, double share) {
  uint64_t seen = 0;
  for (uint32_t i = 0; histogram->total && i <= HISTOGRAM_US; i++) {
    seen += histogram->counts[i];
    if (seen && (double)seen >= (double)histogram->total * share) return i;
  }
  return 0;
}

/* As many descriptors as the process may have. */
static inline void raise_descriptor_limit(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* CPU seconds of this process. */
static inline double own_cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

#endif
