/*
 * Looks for the names of objects in a JSON text, without parsing it: the text comes from a server that is trusted to write valid JSON.
 *
 * In: the text. Out: one name after the other, how many objects and arrays it is in, and where its value begins. Included by crowd.c.
 */
#ifndef JSON_NAMES_H
#define JSON_NAMES_H

#include <stdint.h>
#include <string.h>

/* At first all 0 but `at` and `end`. */
typedef struct { const uint8_t *at, *end; int depth; const uint8_t *name; size_t length; const uint8_t *value; } Names;

/* Goes to the next name; 0: there is none. */
static inline int next_name(Names *names) {
  while (names->at < names->end) {
    uint8_t byte = *names->at++;
    if (byte == '{' || byte == '[') names->depth++;
    if (byte == '}' || byte == ']') names->depth--;
    if (byte != '"') continue;
    names->name = names->at;
    while (names->at < names->end && *names->at != '"') names->at += *names->at == '\\' ? 2 : 1;
    names->length = (size_t)(names->at - names->name);
    names->value = names->at + 2;
    if (++names->at < names->end && *names->at == ':') return 1;
  }
  return 0;
}

static inline int is_name(const Names *names, int depth, const char *name) {
  return names->depth == depth && names->length == strlen(name) && !memcmp(names->name, name, names->length);
}

/* The whole number that is the value. */
static inline uint64_t number_at(const Names *names) {
  uint64_t number = 0;
  for (const uint8_t *at = names->value; at < names->end && *at >= '0' && *at <= '9'; at++) number = number * 10 + *at - '0';
  return number;
}

#endif
