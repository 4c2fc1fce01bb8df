/*
 * What fanload publishes: JSON objects of a given size that begin with their number.
 *
 * In: the kind, the size, the number. Out: the bytes. `filler`: nothing else of interest. `records`: a list of records as an API
 * would answer with, others each time. `document`: always the same list, but that 100 letters of one record change each time.
 */
#ifndef FAN_DATA_H
#define FAN_DATA_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { CHANGED_BYTES = 100 };

typedef enum { FILLER, RECORDS, DOCUMENT } DataKind;

static const char NUMBER[] = "{\"s\":\"";

static inline uint32_t random_below(uint64_t *state, uint32_t limit) {
  *state = *state * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(*state >> 33) % limit;
}

/* RECORDS: one record. Returns its length. */
static inline int write_record(char *out, uint64_t *random) {
  static const char *NAMES[] = {"Ada", "Bela", "Carla", "Dora", "Emil", "Frida", "Georg", "Hanna"};
  static const char *TOWNS[] = {"Oslo", "Lyon", "Porto", "Graz", "Turin", "Ghent", "Malaga", "Tartu"};
  uint32_t id = random_below(random, 1000000), name = random_below(random, 8), town = random_below(random, 8);
  uint32_t whole = random_below(random, 1000), cents = random_below(random, 100), on = random_below(random, 2);
  return sprintf(out, "{\"id\":%u,\"name\":\"%s\",\"town\":\"%s\",\"price\":%u.%02u,\"active\":%s},", id, NAMES[name], TOWNS[town],
    whole, cents, on ? "true" : "false");
}

static inline void write_letters(char *out, uint64_t *random) {
  for (int i = 0; i < CHANGED_BYTES; i++) out[i] = (char)('a' + random_below(random, 26));
}

/* DOCUMENT: one record. Returns its length. */
static inline int write_text_record(char *out, uint64_t *random) {
  int length = sprintf(out, "{\"id\":%u,\"text\":\"", random_below(random, 1000000));
  write_letters(out + length, random);
  return length + CHANGED_BYTES + sprintf(out + length + CHANGED_BYTES, "\"},");
}

/* Writes publication `number` over the one before: `data` has `bytes` bytes, at least 48. */
static inline void write_data(char *data, size_t bytes, DataKind kind, uint64_t number) {
  static const char START[] = "\",\"records\":[", END[] = "],\"x\":\"";
  static size_t places[4096], count;
  char record[256];
  uint64_t random = kind == DOCUMENT ? 1 : number;
  size_t at = sizeof NUMBER - 1 + 16;
  if (kind == FILLER || (kind == DOCUMENT && count)) at = bytes;
  else {
    memcpy(data + at, START, sizeof START - 1);
    at += sizeof START - 1;
    for (count = 0; count < 4096; count++) {
      size_t length = (size_t)(kind == RECORDS ? write_record(record, &random) : write_text_record(record, &random));
      if (at + length + sizeof END + 2 > bytes) break;
      memcpy(data + at, record, length);
      at += length;
      places[count] = at - 3 - CHANGED_BYTES; /* the letters */
    }
    at -= count > 0; /* the last comma */
    memcpy(data + at, END, sizeof END - 1);
    at += sizeof END - 1;
    memset(data + at, 'x', bytes - at);
  }
  if (kind == FILLER) memset(data, 'x', bytes);
  random = number;
  if (kind == DOCUMENT && count) write_letters(data + places[number % count], &random);
  memcpy(data + bytes - 2, "\"}", 2);
  sprintf(record, "%s%016lx%s", NUMBER, number, kind == FILLER ? "\",\"x\":\"" : "");
  memcpy(data, record, strlen(record));
}

#endif
