/*
 * Reads a document of a subscription with deltas: a JSON string, which is the document or a Fossil delta from the one before.
 *
 * In: the characters of the string, and the connection's document. Out: its next document, or -1. Included by fanload.c.
 */
#ifndef FOSSIL_H
#define FOSSIL_H

#include <stdint.h>
#include <string.h>

enum { DOCUMENT_MAX = 64 * 1024 };

typedef struct { size_t length; uint8_t bytes[DOCUMENT_MAX]; } Document;

/* Reads the characters of a JSON string up to its closing quote. Returns the count, or -1: the data has no other escapes. */
static inline long unescape(const uint8_t *at, const uint8_t *end, uint8_t *out, size_t room) {
  size_t count = 0;
  for (; at < end && *at != '"'; at++) {
    uint8_t character = *at;
    if (character == '\\') {
      if (++at == end || !strchr("\"\\/n", *at)) return -1;
      character = *at == 'n' ? '\n' : *at;
    }
    if (count == room) return -1;
    out[count++] = character;
  }
  return at < end ? (long)count : -1;
}

/* A number of 6 bits a digit. */
static inline size_t fossil_number(const uint8_t **at, const uint8_t *end) {
  static const char DIGITS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
  size_t value = 0;
  for (const char *digit; *at < end && **at && (digit = strchr(DIGITS, **at)); ++*at) value = value << 6 | (size_t)(digit - DIGITS);
  return value;
}

/* Applies a delta; what its checksum says is not compared: the caller knows the document. */
static inline int apply_delta(Document *document, const uint8_t *at, size_t length) {
  static Document next;
  const uint8_t *end = at + length;
  size_t wanted = fossil_number(&at, end);
  if (at == end || *at++ != '\n' || wanted > DOCUMENT_MAX) return -1;
  for (next.length = 0; at < end;) {
    size_t count = fossil_number(&at, end), from = 0;
    if (at == end) return -1;
    uint8_t mark = *at++;
    if (mark == ';') break;
    if (next.length + count > wanted) return -1;
    if (mark == ':') {
      if ((size_t)(end - at) < count) return -1;
      memcpy(next.bytes + next.length, at, count);
      at += count;
    } else if (mark == '@') {
      from = fossil_number(&at, end);
      if (at == end || *at++ != ',' || from > document->length || count > document->length - from) return -1;
      memcpy(next.bytes + next.length, document->bytes + from, count);
    } else return -1;
    next.length += count;
  }
  if (next.length != wanted) return -1;
  memcpy(document->bytes, next.bytes, wanted);
  document->length = wanted;
  return 0;
}

/* The next document of a connection, from the string behind `at`. */
static inline int read_document(Document *document, const uint8_t *at, const uint8_t *end, int is_delta) {
  static uint8_t delta[DOCUMENT_MAX];
  long count = unescape(at, end, is_delta ? delta : document->bytes, DOCUMENT_MAX);
  if (count < 0) return -1;
  if (is_delta) return apply_delta(document, delta, (size_t)count);
  document->length = (size_t)count;
  return 0;
}

#endif
