/*
 * Inflates messages of permessage-deflate (RFC 7692) by zlib, for a client that looks at some of them.
 *
 * In: a payload, and the messages before it on the connection. Out: the message, or -1 if the payload is invalid or the message too
 * long. Included by fanload.c, which is linked with zlib.
 */
#ifndef INFLATE_H
#define INFLATE_H

#include <stdint.h>
#include <zlib.h>

enum {
  INFLATED_MAX = 128 * 1024,    /* a message has fewer bytes */
  WINDOW_BITS = 15,
};

/* The messages of a connection. All bytes are 0 at first. */
typedef struct {
  z_stream stream;              /* has the end of earlier messages, for a server that refers to them */
  int is_open;
  size_t length;
  uint8_t bytes[INFLATED_MAX];
} Inflated;

/* RFC 7692 section 7.2.3.4: a message may end with a last block. What came before may be referred to nevertheless. */
static inline int begin_again(z_stream *stream) {
  uint8_t window[1 << WINDOW_BITS];
  uInt count = 0;
  return inflateGetDictionary(stream, window, &count) == Z_OK && inflateReset(stream) == Z_OK &&
    inflateSetDictionary(stream, window, count) == Z_OK ? 0 : -1;
}

/* Inflates a payload; the message is bytes[0, length). Returns 0, or -1. */
static inline int inflate_message(Inflated *out, const uint8_t *payload, size_t payload_bytes, int has_context) {
  static const uint8_t TAIL[4] = {0, 0, 0xff, 0xff}; /* section 7.2.2 */
  const struct { const uint8_t *bytes; size_t count; } parts[2] = {{payload, payload_bytes}, {TAIL, sizeof TAIL}};
  z_stream *stream = &out->stream;
  if (!out->is_open && inflateInit2(stream, -WINDOW_BITS) != Z_OK) return -1;
  if (out->is_open && !has_context && inflateReset(stream) != Z_OK) return -1;
  out->is_open = 1;
  stream->next_out = out->bytes;
  stream->avail_out = sizeof out->bytes;
  int result = Z_OK;
  for (int i = 0; i < 2 && result != Z_STREAM_END; i++) {
    stream->next_in = (Bytef *)parts[i].bytes;
    stream->avail_in = (uInt)parts[i].count;
    result = inflate(stream, Z_SYNC_FLUSH);
    if (stream->avail_out == 0 || (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)) return -1;
  }
  out->length = sizeof out->bytes - stream->avail_out;
  if (result == Z_STREAM_END) return begin_again(stream);
  /* Else zlib is between two blocks (128 in zlib.h's description of data_type), or the payload was cut off. */
  return stream->avail_in == 0 && stream->data_type & 128 ? 0 : -1;
}

#endif
