/*
 * Inflates messages of permessage-deflate (RFC 1951, RFC 7692), for a client that looks at some of them.
 *
 * In: a payload, and the messages before it on the connection. Out: the message, or -1 if the payload is invalid or the message too
 * long. Included by fanload.c. It is written to be short: a code is read bit by bit.
 */
#ifndef INFLATE_H
#define INFLATE_H

#include <stdint.h>
#include <string.h>

enum {
  WINDOW_BYTES = 32 * 1024,
  INFLATED_MAX = 128 * 1024,
  CODE_BITS_MAX = 15,
  LITERALS = 288,
  DISTANCES = 32,
};

/* A connection's messages: the last ones in front, for a server that refers to them, then the one that is inflated. */
typedef struct {
  size_t history;               /* bytes of earlier messages, at most WINDOW_BYTES */
  size_t end;                   /* behind what is inflated */
  uint8_t bytes[WINDOW_BYTES + INFLATED_MAX];
} Inflated;

/* The codes of an alphabet: how many have each length, and the symbols in the order of their codes. */
typedef struct { uint16_t counts[CODE_BITS_MAX + 1], symbols[LITERALS]; } Codes;

typedef struct { const uint8_t *at, *end; uint32_t bits; int count; int is_short; } Bits;

static inline uint32_t take_bits(Bits *b, int wanted) {
  while (b->count < wanted) {
    if (b->at == b->end) { b->is_short = 1; return 0; }
    b->bits |= (uint32_t)*b->at++ << b->count;
    b->count += 8;
  }
  uint32_t value = b->bits & ((1u << wanted) - 1);
  b->bits >>= wanted;
  b->count -= wanted;
  return value;
}

static inline void make_codes(Codes *codes, const uint8_t *lengths, int count) {
  uint16_t next[CODE_BITS_MAX + 2] = {0};
  memset(codes->counts, 0, sizeof codes->counts);
  for (int i = 0; i < count; i++) codes->counts[lengths[i]]++;
  codes->counts[0] = 0;
  for (int i = 1; i <= CODE_BITS_MAX; i++) next[i + 1] = (uint16_t)(next[i] + codes->counts[i]);
  for (int i = 0; i < count; i++) if (lengths[i]) codes->symbols[next[lengths[i]]++] = (uint16_t)i;
}

/* RFC 1951 section 3.2.2: the codes of a length follow those of the length before. */
static inline int take_symbol(Bits *b, const Codes *codes) {
  int code = 0, first = 0, index = 0;
  for (int length = 1; length <= CODE_BITS_MAX && !b->is_short; length++) {
    code |= (int)take_bits(b, 1);
    int count = codes->counts[length];
    if (code - first < count) return codes->symbols[index + code - first];
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return -1;
}

/* Section 3.2.7. */
static inline int take_code_lengths(Bits *b, Codes *literals, Codes *distances) {
  static const uint8_t ORDER[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[LITERALS + DISTANCES] = {0};
  int literal_count = (int)take_bits(b, 5) + 257, distance_count = (int)take_bits(b, 5) + 1, count = (int)take_bits(b, 4) + 4;
  if (literal_count > LITERALS) return -1;
  for (int i = 0; i < count; i++) lengths[ORDER[i]] = (uint8_t)take_bits(b, 3);
  make_codes(literals, lengths, 19);
  memset(lengths, 0, sizeof lengths);
  for (int i = 0; i < literal_count + distance_count;) {
    int symbol = take_symbol(b, literals), repeats = 1;
    if (symbol < 0) return -1;
    uint8_t length = (uint8_t)symbol;
    if (symbol >= 16) {
      if (symbol == 16 && i == 0) return -1;
      length = symbol == 16 ? lengths[i - 1] : 0;
      repeats = symbol == 16 ? 3 + (int)take_bits(b, 2) : symbol == 17 ? 3 + (int)take_bits(b, 3) : 11 + (int)take_bits(b, 7);
    }
    if (i + repeats > literal_count + distance_count) return -1;
    while (repeats--) lengths[i++] = length;
  }
  make_codes(literals, lengths, literal_count);
  make_codes(distances, lengths + literal_count, distance_count);
  return 0;
}

/* Section 3.2.6. */
static inline void fixed_codes(Codes *literals, Codes *distances) {
  uint8_t lengths[LITERALS];
  for (int i = 0; i < LITERALS; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
  make_codes(literals, lengths, LITERALS);
  memset(lengths, 5, 30);
  make_codes(distances, lengths, 30);
}

/* Section 3.2.5. */
static inline int inflate_codes(Bits *b, Inflated *out, const Codes *literals, const Codes *distances) {
  static const uint16_t LENGTHS[29] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  for (int symbol; (symbol = take_symbol(b, literals)) != 256;) {
    if (symbol < 0 || symbol > 285 || b->is_short || out->end + 258 > sizeof out->bytes) return -1;
    if (symbol < 256) { out->bytes[out->end++] = (uint8_t)symbol; continue; }
    int at = symbol - 257, extra = at < 8 || at == 28 ? 0 : at / 4 - 1;
    size_t length = LENGTHS[at] + take_bits(b, extra);
    int place = take_symbol(b, distances);
    if (place < 0 || place > 29) return -1;
    extra = place < 4 ? 0 : place / 2 - 1;
    size_t distance = (place < 4 ? (size_t)place : (size_t)(2 + (place & 1)) << extra) + 1 + take_bits(b, extra);
    if (distance > out->end) return -1;
    for (; length; length--, out->end++) out->bytes[out->end] = out->bytes[out->end - distance];
  }
  return 0;
}

/* Section 3.2.4. */
static inline int inflate_stored(Bits *b, Inflated *out) {
  b->bits = 0; /* fewer than 8: take_bits reads no byte before it is needed */
  b->count = 0;
  uint32_t length = take_bits(b, 8);
  length |= take_bits(b, 8) << 8;
  take_bits(b, 16);
  if (b->is_short || (size_t)(b->end - b->at) < length || out->end + length > sizeof out->bytes) return -1;
  memcpy(out->bytes + out->end, b->at, length);
  b->at += length;
  out->end += length;
  return 0;
}

/* Inflates a payload; the message is bytes[history, end). Returns 0, or -1. */
static inline int inflate_message(Inflated *out, const uint8_t *payload, size_t length) {
  static uint8_t input[INFLATED_MAX];
  static Codes literals, distances;
  size_t kept = out->end < WINDOW_BYTES ? out->end : WINDOW_BYTES;
  memmove(out->bytes, out->bytes + out->end - kept, kept);
  out->history = out->end = kept;
  if (length + 4 > sizeof input) return -1;
  memcpy(input, payload, length);
  memcpy(input + length, "\0\0\xff\xff", 4); /* RFC 7692 section 7.2.2 */
  Bits bits = {input, input + length + 4, 0, 0, 0};
  while (bits.at < bits.end) {
    int is_last = (int)take_bits(&bits, 1), kind = (int)take_bits(&bits, 2), failed = kind == 3;
    if (kind == 0) failed = inflate_stored(&bits, out);
    if (kind == 1) fixed_codes(&literals, &distances);
    if (kind == 2) failed = take_code_lengths(&bits, &literals, &distances);
    if (!failed && (kind == 1 || kind == 2)) failed = inflate_codes(&bits, out, &literals, &distances);
    if (failed) return -1;
    if (is_last) break;
  }
  return 0;
}

#endif
