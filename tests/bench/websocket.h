/*
 * What the load generators for channels share of WebSocket: their sockets, the request of a handshake, and frames.
 *
 * In: a port of 127.0.0.1; the text of a message; bytes that were received. Out: a socket; bytes to send; the head of a frame. Included by
 * fanload.c and crowd.c, each a program of one file, so everything is static.
 */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  HEADER_MAX = 14,
  PER_ADDRESS = 20000,          /* connections from one address: fewer than there are ports */
  RSV1 = 0x40,                  /* RFC 7692 section 6: the message is compressed */
};

/* A socket that is connected, or is about to be if `flags` has SOCK_NONBLOCK: number `i`, for its address. -1: see errno. */
static inline int open_socket(int port, int i, int flags) {
  uint32_t host = INADDR_LOOPBACK + (uint32_t)(i / PER_ADDRESS);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (fd < 0) return -1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (bind(fd, (void *)&from, sizeof from) == 0 && (connect(fd, (void *)&to, sizeof to) == 0 || errno == EINPROGRESS)) return fd;
  int why = errno;
  close(fd);
  errno = why;
  return -1;
}

/* RFC 6455 section 4.1; `offer`: the extensions, or NULL. Returns the length; 0: it is too long. */
static inline size_t write_handshake(char *out, size_t size, int port, const char *path, const char *offer) {
  int length = snprintf(out, size,
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n", path, port,
    offer ? "Sec-WebSocket-Extensions: " : "", offer ? offer : "", offer ? "\r\n" : "");
  return length < (int)size ? (size_t)length : 0;
}

/* RFC 6455 section 5.2: a final text frame with a mask of zeros, of 65,535 bytes at most. Returns the length. */
static inline size_t encode_frame(uint8_t *out, const char *text, size_t length) {
  size_t n = 0;
  out[n++] = 0x81;
  if (length < 126) out[n++] = 0x80 | (uint8_t)length;
  else {
    out[n++] = 0x80 | 126;
    out[n++] = (uint8_t)(length >> 8);
    out[n++] = (uint8_t)length;
  }
  memset(out + n, 0, 4);
  memcpy(out + n + 4, text, length);
  return n + 4 + length;
}

/* The length of the head of a server's frame, whose payload has `payload` bytes; 0: there is not enough of it. */
static inline size_t read_frame_head(const uint8_t *frame, size_t count, uint64_t *payload) {
  if (count < 2) return 0;
  uint64_t length = frame[1] & 127;
  size_t head = length < 126 ? 2 : length == 126 ? 4 : 10;
  if (count < head) return 0;
  if (head > 2) { length = 0; for (size_t i = 2; i < head; i++) length = length << 8 | frame[i]; }
  *payload = length;
  return head;
}

#endif
