/*
 * wsload: a WebSocket echo load generator. One thread, epoll, no library.
 *
 * In: wsload PORT PATH CONNECTIONS SECONDS PAYLOAD_BYTES [DEPTH] [SKIP]
 *     DEPTH messages are kept in flight on each connection (default 1); the first SKIP messages of
 *     each connection (a welcome) are dropped and not counted (default 0).
 * Out: one line, `report {"requests":…}`: messages echoed, seconds of the window, messages per second,
 *     payload bytes, errors, latency at p50, p99 and p99.9 in µs, this process's own CPU seconds.
 *     Exit code 0; 1 if a connection failed; 2 for a wrong argument.
 * It connects only to 127.0.0.1. It must not be the limit, so it never stores a payload: everything
 * is received into one buffer, and only frame headers are parsed. Only the first message of each
 * connection is compared byte by byte. Pings are not answered, because a run is short.
 *
 * Build: gcc -O2 -o wsload wsload.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "load.h"

enum {
  HEADER_MAX = 10,              /* an unmasked frame header: 2 bytes and a 64-bit length */
  RECEIVE_BYTES = 256 * 1024,
  PATTERN_BYTES = 64 * 1024,    /* small frames are repeated up to this size, for one send call */
  GRACE_SECONDS = 5,            /* for the handshakes, and again for messages in flight at the end */
};

typedef struct {
  int fd;                       /* -1 once failed */
  int awaits_room;              /* EPOLLOUT is registered */
  int skip;                     /* messages still to be dropped */
  int checked;                  /* whether the first message was compared */
  uint8_t header[HEADER_MAX];
  unsigned header_have;
  unsigned opcode, fin;         /* of the frame whose payload is being received */
  int in_payload;
  uint64_t payload_left;
  uint64_t message_bytes;       /* of the message so far, over its fragments */
  uint64_t owed;                /* bytes of frames that are still to be sent */
  size_t pattern_at;            /* offset in a frame of the next byte to send */
  unsigned in_flight;
  unsigned oldest;              /* index in sent_at of the next expected message */
  uint64_t *sent_at;            /* a ring of `depth` times, ns */
} Connection;

static uint8_t *pattern;        /* the masked frame, repeated */
static size_t frame_bytes, pattern_bytes, payload_bytes;
static unsigned depth = 1;
static int stopping;            /* nothing new is sent; messages in flight are awaited */
static int poller;
static uint64_t messages, received_bytes, errors, in_flight_total;
static Histogram histogram;
static uint8_t buffer[RECEIVE_BYTES];

static void fail(Connection *c, const char *why) {
  if (!errors++) fprintf(stderr, "wsload: %s\n", why);
  close(c->fd);
  c->fd = -1;
  in_flight_total -= c->in_flight;
  c->in_flight = 0;
}

static uint8_t expected_byte(uint64_t at) { return (uint8_t)('a' + at % 26); }

/* RFC 6455 section 5.2: a final binary frame, masked as a client must. */
static void make_pattern(void) {
  static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
  uint8_t header[14];
  size_t n = 0, repeats;
  header[n++] = 0x82;
  if (payload_bytes < 126) header[n++] = 0x80 | (uint8_t)payload_bytes;
  else if (payload_bytes < 65536) {
    header[n++] = 0x80 | 126;
    header[n++] = (uint8_t)(payload_bytes >> 8);
    header[n++] = (uint8_t)payload_bytes;
  } else {
    header[n++] = 0x80 | 127;
    for (int shift = 56; shift >= 0; shift -= 8) header[n++] = (uint8_t)((uint64_t)payload_bytes >> shift);
  }
  memcpy(header + n, key, 4);
  n += 4;
  frame_bytes = n + payload_bytes;
  repeats = PATTERN_BYTES / frame_bytes;
  if (repeats > depth) repeats = depth;
  if (repeats < 1) repeats = 1;
  pattern_bytes = frame_bytes * repeats;
  pattern = must(malloc(pattern_bytes));
  memcpy(pattern, header, n);
  for (size_t i = 0; i < payload_bytes; i++) pattern[n + i] = expected_byte(i) ^ key[i & 3];
  for (size_t i = 1; i < repeats; i++) memcpy(pattern + i * frame_bytes, pattern, frame_bytes);
}

static void watch(Connection *c, int for_room) {
  struct epoll_event e = {.events = EPOLLIN | (for_room ? EPOLLOUT : 0), .data.ptr = c};
  if (for_room == c->awaits_room) return;
  c->awaits_room = for_room;
  epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e);
}

/* Sends owed bytes until the socket accepts no more. */
static void flush(Connection *c) {
  while (c->owed) {
    size_t run = pattern_bytes - c->pattern_at;
    if (run > c->owed) run = c->owed;
    ssize_t sent = send(c->fd, pattern + c->pattern_at, run, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) { fail(c, strerror(errno)); return; }
      watch(c, 1);
      return;
    }
    c->owed -= (uint64_t)sent;
    c->pattern_at = (c->pattern_at + (size_t)sent) % frame_bytes;
  }
  watch(c, 0);
}

static void queue_messages(Connection *c, unsigned count, uint64_t now) {
  if (stopping || !count) return;
  for (unsigned i = 0; i < count; i++) c->sent_at[(c->oldest + c->in_flight++) % depth] = now;
  in_flight_total += count;
  c->owed += (uint64_t)count * frame_bytes;
  flush(c);
}

/* Handles a complete message. Returns 1 if it counts, 0 if it was a welcome. */
static unsigned end_message(Connection *c, uint64_t now) {
  uint64_t length = c->message_bytes;
  c->message_bytes = 0;
  if (c->skip) {
    if (--c->skip == 0) queue_messages(c, depth, now);
    return 0;
  }
  if (length != payload_bytes || !c->in_flight) { fail(c, "an answer of another length"); return 0; }
  record(&histogram, now - c->sent_at[c->oldest]);
  c->oldest = (c->oldest + 1) % depth;
  c->in_flight--;
  in_flight_total--;
  c->checked = 1;
  messages++;
  received_bytes += length;
  return 1;
}

/* Parses a frame header byte by byte. Returns 0 until it is complete. */
static int take_header(Connection *c, uint8_t byte) {
  c->header[c->header_have++] = byte;
  if (c->header_have < 2) return 0;
  unsigned short_length = c->header[1] & 127;
  unsigned wanted = short_length < 126 ? 2 : short_length == 126 ? 4 : 10;
  if (c->header_have < wanted) return 0;
  uint64_t length = wanted == 2 ? short_length : 0;
  for (unsigned i = 2; i < wanted; i++) length = length << 8 | c->header[i];
  c->fin = c->header[0] >> 7;
  c->opcode = c->header[0] & 15;
  c->payload_left = length;
  c->header_have = 0;
  c->in_payload = 1;
  return 1;
}

static int differs(Connection *c, const uint8_t *bytes, size_t count) {
  if (c->checked || c->skip || c->opcode > 2) return 0;
  for (size_t i = 0; i < count; i++) if (bytes[i] != expected_byte(c->message_bytes + i)) return 1;
  return 0;
}

static void take_bytes(Connection *c, const uint8_t *bytes, size_t count, uint64_t now) {
  size_t at = 0;
  unsigned came_back = 0;
  while (c->fd >= 0) {
    if (!c->in_payload) {
      if (at == count) break;
      if (!take_header(c, bytes[at++])) continue;
      if (c->opcode == 8) { fail(c, "the server closed a WebSocket"); return; }
    }
    size_t run = count - at;
    if (run > c->payload_left) run = c->payload_left;
    if (differs(c, bytes + at, run)) { fail(c, "an answer of other bytes"); return; }
    if (c->opcode <= 2) c->message_bytes += run;
    at += run;
    c->payload_left -= run;
    if (c->payload_left) break;
    c->in_payload = 0;
    if (c->opcode <= 2 && c->fin) came_back += end_message(c, now);
  }
  if (c->fd >= 0) queue_messages(c, came_back, now_ns());
}

static void receive(Connection *c, uint64_t now) {
  ssize_t count = recv(c->fd, buffer, sizeof buffer, 0);
  if (count > 0) { take_bytes(c, buffer, (size_t)count, now); return; }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  fail(c, count ? strerror(errno) : "the server went away");
}

/* RFC 6455 section 4.1, blocking. Bytes after the response head stay in the socket. */
static int shake_hands(Connection *c, int port, const char *path) {
  char text[2048];
  int length = snprintf(text, sizeof text,
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", path, port);
  if (length >= (int)sizeof text || send(c->fd, text, (size_t)length, MSG_NOSIGNAL) != length) return -1;
  for (uint64_t end = now_ns() + GRACE_SECONDS * 1000000000ull; now_ns() < end;) {
    ssize_t have = recv(c->fd, text, sizeof text - 1, MSG_PEEK);
    if (have <= 0) return -1;
    text[have] = 0;
    char *head_end = strstr(text, "\r\n\r\n");
    if (!head_end) { usleep(200); continue; }
    ssize_t head = head_end + 4 - text;
    if (recv(c->fd, text, (size_t)head, 0) != head) return -1;
    text[head] = 0;
    return strncmp(text, "HTTP/1.1 101", 12) || !strstr(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") ? -1 : 0;
  }
  return -1;
}

static void open_connection(Connection *c, int port, const char *path, int skip) {
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct timeval patience = {.tv_sec = GRACE_SECONDS};
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  c->skip = skip;
  c->sent_at = must(calloc(depth, sizeof *c->sent_at));
  if (c->fd < 0 || connect(c->fd, (void *)&address, sizeof address) < 0) { fail(c, strerror(errno)); return; }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (shake_hands(c, port, path) < 0) { fail(c, "no valid handshake"); return; }
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e);
}

static void poll_until(uint64_t end, int also_until_quiet) {
  struct epoll_event ready[256];
  for (;;) {
    int count = epoll_wait(poller, ready, 256, 20);
    uint64_t now = now_ns();
    if (now >= end || (also_until_quiet && !in_flight_total)) return;
    for (int i = 0; i < count; i++) {
      Connection *c = ready[i].data.ptr;
      if (c->fd >= 0 && ready[i].events & EPOLLOUT) flush(c);
      if (c->fd >= 0 && ready[i].events & ~(uint32_t)EPOLLOUT) receive(c, now);
    }
  }
}

static void print_report(double seconds, uint64_t in_window) {
  printf("report {\"requests\":%lu,\"seconds\":%.6f,\"rate\":%.1f,\"bytes\":%lu,\"errors\":%lu,"
    "\"p50\":%u,\"p99\":%u,\"p999\":%u,\"cpu\":%.3f}\n", messages, seconds,
    (double)in_window / seconds, received_bytes, errors, percentile(&histogram, 0.5),
    percentile(&histogram, 0.99), percentile(&histogram, 0.999), own_cpu_seconds());
}

int main(int argc, char **argv) {
  int count = argc > 5 ? atoi(argv[3]) : 0;
  double seconds = argc > 5 ? atof(argv[4]) : 0;
  if (argc > 6) depth = (unsigned)atoi(argv[6]);
  if (count < 1 || seconds <= 0 || depth < 1) {
    fprintf(stderr, "usage: wsload PORT PATH CONNECTIONS SECONDS PAYLOAD_BYTES [DEPTH] [SKIP]\n");
    return 2;
  }
  payload_bytes = (size_t)atol(argv[5]);
  make_pattern();
  poller = epoll_create1(EPOLL_CLOEXEC);
  int skip = argc > 7 ? atoi(argv[7]) : 0;
  Connection *connections = must(calloc((size_t)count, sizeof *connections));
  for (int i = 0; i < count; i++) open_connection(&connections[i], atoi(argv[1]), argv[2], skip);

  uint64_t start = now_ns();
  for (int i = 0; i < count; i++) {
    if (connections[i].fd >= 0 && !skip) queue_messages(&connections[i], depth, now_ns());
  }
  poll_until(start + (uint64_t)(seconds * 1e9), 0);
  double elapsed = (double)(now_ns() - start) / 1e9;
  uint64_t in_window = messages;
  /* The server has worked on the messages in flight: they are counted, but not in the rate. */
  stopping = 1;
  poll_until(now_ns() + GRACE_SECONDS * 1000000000ull, 1);
  errors += in_flight_total;
  print_report(elapsed, in_window);
  return errors ? 1 : 0;
}
