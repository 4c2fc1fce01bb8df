/*
 * fanload: a load generator for fan-out: one publisher, many subscribers, over WebSocket. One thread, epoll; zlib for what is compressed.
 *
 * In: fanload -p PORT -n SUBSCRIBERS -c CHANNELS -b BYTES -d SECONDS (-f IN_FLIGHT | -r PER_SECOND)
 *       -s PATH -h HELLO -a ACK         a subscriber: its path, what it sends, and what the answer contains
 *       -S PATH -H HELLO -A ACK         a publisher; if its path has a {c}, there is one for each channel
 *       -m MESSAGE                      what publishes; {c} is the number of the channel, {d} the data
 *       [-P PORT]                       the port of the publishers, if it is another one
 *       [-M HEAD]                       the publishers speak HTTP: the head of the requests, whose body is MESSAGE of {l} bytes
 *       [-k FIRST]                      the number of the first channel; also that of the first connection, for its address
 *       [-z]                            all subscribe to channel 0, whatever FIRST is
 *       [-o NAME]                       in front of numbers that the server adds: each subscriber has to get 1 more than the time before
 *       [-t filler|records|document]    the data: see fan_data.h
 *       [-e OFFER]                      the subscribers' Sec-WebSocket-Extensions: the server has to accept permessage-deflate
 *       [-D]                            the data comes as strings, which are documents or deltas: see fossil.h
 *     Subscriber i is subscribed to channel i mod CHANNELS; publication j goes to channel j mod CHANNELS. The data is a JSON
 *     object of BYTES bytes, which has the number j.
 * Out: a line `ready` when all are subscribed; then it waits for a line, and answers pings meanwhile. At the end a line
 *     `report {"requests":…}`, as wsload's; a request is a publication that reached a subscriber, and a latency is its time from the publisher's send. Also in it: late, in
 *     µs at p99, with a rate; wire, the bytes that the subscribers received; checked, the publications that were compared with what
 *     was published. Then it waits for the end of its input, so that the closes are not measured. Exit code 1 if a
 *     connection failed or a subscriber missed a publication, or got one twice or too early.
 * With -f, so many publications are under way: the next one is sent when all subscribers of an earlier one have it. With
 * -r, one is sent at each multiple of 1 / PER_SECOND, and its latency counts from then.
 * It must not be the limit: all sockets share one buffer, and nothing of a message is parsed but its number. A compressed message is
 * inflated once for all subscribers that get the same bytes. From a server with context takeover no two are the same: then those of
 * every 100th subscriber are inflated, and each of the others counts as one publication, the next one. Likewise deltas are applied for
 * every 100th, and counted for the others.
 *
 * Longer than 400 lines because it is one program, whose parts share its few global variables.
 * It connects only to 127.0.0.1, from 127.0.0.1 and, for more connections than there are ports, the addresses behind it.
 *
 * Build: gcc -O2 -o fanload fanload.c -lz
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fan_data.h"
#include "fossil.h"
#include "inflate.h"
#include "load.h"
#include "websocket.h"

enum {
  RECEIVE_BYTES = 1024 * 1024,
  MOST_UNDER_WAY = 4096,        /* publications; a power of two */
  PING_EACH = 16,               /* connections that are opened before pings are looked for */
  GRACE_SECONDS = 10,           /* for answers, and for what is under way at the end */
  NUMBER_DIGITS = 16,
  CHECKED_EACH = 100,           /* of so many subscribers, the messages of one are compared */
  KEPT = 64,                    /* publications that are kept for that */
  INFLATED = 256,               /* compressed messages that are kept with what they contain; a power of two */
};

/* What a subscriber has whose messages are compared. */
typedef struct { Inflated inflated; Document document; } Checked;

/* A compressed message, and what it contains. */
typedef struct { uint8_t *payload, *text; size_t payload_bytes, text_bytes; } KnownMessage;

typedef struct {
  int fd;                       /* -1 once failed */
  int is_publisher, is_stateless; /* stateless: the server compresses without context takeover */
  uint32_t rest_bytes;          /* of a frame that was received in part */
  uint8_t *rest;
  uint64_t next;                /* the number of the publication that must come next */
  uint64_t offset;              /* of the server's last one; 0: none yet */
  Checked *checked;             /* NULL: its messages are only counted */
} Connection;

typedef struct { uint64_t sent_at; uint32_t left; } Publication;

static int port, publish_port, first, all_to_zero, channels = 1, subscribers, in_flight, poller;
static double per_second;
static size_t data_bytes;
static const char *message, *message_head, *offset_name, *extensions;
static DataKind data_kind;
static int has_deltas;
static Connection *connections, *publishers;
static int publisher_count;
static Publication under_way[MOST_UNDER_WAY];
static uint64_t published, oldest, received, received_bytes, wire_bytes, checked_count, frames, errors;
static char *kept[KEPT];
static int stopping;
static Histogram histogram, lateness;
static uint8_t buffer[RECEIVE_BYTES];

static void fail(Connection *c, const char *why) {
  if (!errors++) fprintf(stderr, "fanload: %s\n", why);
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
}

/* The text with each {c} and {d} and {l} replaced. */
static char *fill_in(const char *text, int channel, const char *data, size_t body_bytes) {
  char *out = must(malloc(strlen(text) + data_bytes + 128)), *at = out;
  for (; *text; text++) {
    if (text[0] == '{' && text[1] && text[2] == '}' && strchr("cdl", text[1])) {
      if (text[1] == 'c') at += sprintf(at, "%d", channel);
      else if (text[1] == 'd') at = stpcpy(at, data);
      else at += sprintf(at, "%lu", body_bytes);
      text += 2;
    } else *at++ = *text;
  }
  *at = 0;
  return out;
}

static uint32_t subscribers_of(int channel) {
  return (uint32_t)(subscribers / channels + (channel < subscribers % channels));
}

static uint8_t unsent[1024 * 1024];
static size_t unsent_bytes;
static Connection *unsent_to;

/* What is published in a row on one connection leaves in one send, so that every server gets it together. */
static void send_unsent(void) {
  Connection *c = unsent_to;
  size_t length = unsent_bytes;
  unsent_bytes = 0;
  if (length && c->fd >= 0 && send(c->fd, unsent, length, MSG_NOSIGNAL) != (ssize_t)length) fail(c, "a message could not be sent");
}

static void queue_text(Connection *c, const char *text, int is_raw) {
  size_t length = strlen(text);
  if (length > 65535) { fail(c, "a message is too long"); return; }
  if (c != unsent_to || unsent_bytes + length + HEADER_MAX > sizeof unsent) send_unsent();
  unsent_to = c;
  if (is_raw) memcpy(unsent + unsent_bytes, text, length), unsent_bytes += length;
  else unsent_bytes += encode_frame(unsent + unsent_bytes, text, length);
}

static void send_text(Connection *c, const char *text) {
  queue_text(c, text, 0);
  send_unsent();
}

static void publish(uint64_t due) {
  static char *data;
  if (!data) {
    data = must(malloc(data_bytes + 1));
    data[data_bytes] = 0;
    for (int i = 0; i < KEPT; i++) kept[i] = must(malloc(data_bytes));
  }
  int channel = (int)(published % (uint64_t)channels);
  write_data(data, data_bytes, data_kind, published);
  memcpy(kept[published % KEPT], data, data_bytes);
  under_way[published % MOST_UNDER_WAY] = (Publication){due, subscribers_of(channel)};
  Connection *publisher = &publishers[channel % publisher_count];
  char *text = fill_in(message, first + channel, data, 0);
  published++;
  if (message_head) {
    char *head = fill_in(message_head, first + channel, "", strlen(text));
    queue_text(publisher, head, 1);
    free(head);
  }
  queue_text(publisher, text, message_head != NULL);
  free(text);
}

static uint64_t hexadecimal(const uint8_t *digits) {
  uint64_t value = 0;
  for (int i = 0; i < NUMBER_DIGITS; i++) value = value << 4 | (uint64_t)(digits[i] < 'a' ? digits[i] - '0' : digits[i] - 'a' + 10);
  return value;
}

/* The offset stands in front of the data. */
static void check_offset(Connection *c, const uint8_t *at, const uint8_t *end) {
  const uint8_t *name = memmem(at, (size_t)(end - at), offset_name, strlen(offset_name));
  uint64_t offset = 0;
  if (!name) { fail(c, "a publication without an offset"); return; }
  for (at = name + strlen(offset_name); at < end && *at >= '0' && *at <= '9'; at++) offset = offset * 10 + *at - '0';
  if (c->offset && offset != c->offset + 1) { fail(c, "offsets have a gap"); return; }
  c->offset = offset;
}

/* Counts publication `j`. */
static void take_publication(Connection *c, uint64_t j, uint64_t now) {
  if (j != c->next || j >= published) { fail(c, "a subscriber missed a publication, or got one twice"); return; }
  c->next += (uint64_t)channels;
  Publication *p = &under_way[j % MOST_UNDER_WAY];
  record(&histogram, now - p->sent_at);
  p->left--;
  received++;
  received_bytes += data_bytes;
}

/* Compares publication `j` with what was published, if it is one of the last. */
static void compare(Connection *c, uint64_t j, const uint8_t *data, size_t length) {
  if (c->fd < 0 || published - j > KEPT) return;
  checked_count++;
  if (length != data_bytes || memcmp(data, kept[j % KEPT], length)) fail(c, "a publication is not what was published");
}

/* Counts the publications in a message whose data are strings: a line each. */
static void take_strings(Connection *c, const uint8_t *at, const uint8_t *end, uint64_t now) {
  static const char DATA[] = "\"data\":\"", DELTA[] = "\"delta\":true";
  const uint8_t *data;
  while (c->fd >= 0 && (data = memmem(at, (size_t)(end - at), DATA, sizeof DATA - 1))) {
    const uint8_t *line_end = memchr(data, '\n', (size_t)(end - data));
    uint64_t j = c->next;
    if (!line_end) line_end = end;
    take_publication(c, j, now);
    if (c->fd >= 0 && offset_name) check_offset(c, at, data);
    if (c->fd >= 0 && c->checked) {
      int is_delta = memmem(at, (size_t)(line_end - at), DELTA, sizeof DELTA - 1) != NULL;
      Document *document = &c->checked->document;
      if (read_document(document, data + sizeof DATA - 1, line_end, is_delta) < 0) fail(c, "an invalid delta");
      compare(c, j, document->bytes, document->length);
    }
    at = line_end;
  }
}

/* Counts the publications in a message. */
static void take_message(Connection *c, const uint8_t *at, const uint8_t *end, uint64_t now) {
  if (end - at == 2 && at[0] == '{' && at[1] == '}') { send_text(c, "{}"); return; }
  if (has_deltas) return take_strings(c, at, end, now);
  const size_t number_bytes = sizeof NUMBER - 1;
  const uint8_t *data;
  while (c->fd >= 0 && (data = memmem(at, (size_t)(end - at), NUMBER, number_bytes))) {
    const uint8_t *digits = data + number_bytes;
    uint64_t j = end - digits < NUMBER_DIGITS ? UINT64_MAX : hexadecimal(digits);
    take_publication(c, j, now);
    if (c->fd >= 0 && offset_name) check_offset(c, at, data);
    at = (size_t)(end - data) < data_bytes ? end : data + data_bytes;
    if (c->checked || c->is_stateless) compare(c, j, data, (size_t)(at - data));
  }
}

/* What a compressed message of a server without context takeover contains; NULL: it is invalid. */
static const KnownMessage *inflate_once(const uint8_t *payload, size_t length) {
  static KnownMessage known[INFLATED];
  static Inflated inflated;
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i += 1 + length / 64) hash = (hash ^ payload[i]) * 16777619u;
  KnownMessage *slot = &known[hash >> 8 & (INFLATED - 1)];
  if (slot->payload && slot->payload_bytes == length && !memcmp(slot->payload, payload, length)) return slot;
  if (inflate_message(&inflated, payload, length, 0) < 0) return NULL;
  slot->payload = must(realloc(slot->payload, length + 1));
  slot->text = must(realloc(slot->text, inflated.length + 1));
  memcpy(slot->payload, payload, slot->payload_bytes = length);
  memcpy(slot->text, inflated.bytes, slot->text_bytes = inflated.length);
  return slot;
}

/* Counts the publications in a compressed message; one that is not inflated counts as one, as with the subscribers that are checked. */
static void take_compressed(Connection *c, const uint8_t *payload, size_t length, uint64_t now) {
  if (c->is_stateless) {
    const KnownMessage *found = inflate_once(payload, length);
    if (found) take_message(c, found->text, found->text + found->text_bytes, now);
    else fail(c, "a compressed message is invalid");
    return;
  }
  if (!c->checked) return take_publication(c, c->next, now);
  Inflated *inflated = &c->checked->inflated;
  uint64_t before = received;
  if (inflate_message(inflated, payload, length, 1) < 0) { fail(c, "a compressed message is invalid"); return; }
  take_message(c, inflated->bytes, inflated->bytes + inflated->length, now);
  if (c->fd >= 0 && received != before + 1) fail(c, "a compressed message is not one publication");
}

/* Handles the whole frames of `bytes`; returns how many bytes they have. */
static size_t take_frames(Connection *c, const uint8_t *bytes, size_t count, uint64_t now) {
  size_t at = 0;
  while (c->fd >= 0) {
    const uint8_t *frame = bytes + at;
    uint64_t length;
    size_t head = read_frame_head(frame, count - at, &length);
    if (!head) break;
    if (length > RECEIVE_BYTES / 2) { fail(c, "a frame is too long"); break; }
    if (count - at < head + length) break;
    if ((frame[0] & 15) == 8) { fail(c, "the server closed a WebSocket"); break; }
    frames += !c->is_publisher;
    if (!c->is_publisher && (frame[0] & 15) <= 2) {
      if (frame[0] & RSV1) take_compressed(c, frame + head, length, now);
      else take_message(c, frame + head, frame + head + length, now);
    }
    at += head + length;
  }
  return at;
}

static void receive(Connection *c, uint64_t now) {
  uint32_t before = c->rest_bytes;
  if (before) memcpy(buffer, c->rest, before);
  ssize_t count = recv(c->fd, buffer + before, sizeof buffer - before, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) { fail(c, count ? strerror(errno) : "the server went away"); return; }
  if (c->is_publisher && message_head) return; /* its answers need not be read */
  wire_bytes += c->is_publisher ? 0 : (uint64_t)count;
  size_t all = before + (size_t)count, taken = take_frames(c, buffer, all, now);
  c->rest_bytes = (uint32_t)(all - taken);
  if (!c->rest_bytes) return;
  c->rest = must(realloc(c->rest, c->rest_bytes));
  memcpy(c->rest, buffer + taken, c->rest_bytes);
}

static char peeked[65536];

/* Waits until what was received contains `text`, and takes it out of the socket. */
static int await_text(int fd, const char *text, int to_the_end) {
  for (uint64_t end = now_ns() + GRACE_SECONDS * 1000000000ull; now_ns() < end;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 1000) <= 0) continue;
    ssize_t have = recv(fd, peeked, sizeof peeked, MSG_PEEK | MSG_DONTWAIT);
    if (have <= 0) return -1;
    char *found = memmem(peeked, (size_t)have, text, strlen(text));
    if (!found) { usleep(100); continue; }
    ssize_t taken = to_the_end ? have : found - peeked + (ssize_t)strlen(text);
    return recv(fd, peeked, (size_t)taken, 0) == taken ? 0 : -1;
  }
  return -1;
}

static int port_of(const Connection *c) {
  return c->is_publisher && publish_port ? publish_port : port;
}

static int shake_hands(Connection *c, const char *path) {
  const char *offer = c->is_publisher ? NULL : extensions;
  char text[1024];
  size_t length = write_handshake(text, sizeof text, port_of(c), path, offer);
  if (!length || send(c->fd, text, length, MSG_NOSIGNAL) != (ssize_t)length) return -1;
  if (await_text(c->fd, "\r\n\r\n", 0) < 0) return -1;
  const char *end = memmem(peeked, sizeof peeked, "\r\n\r\n", 4);
  size_t head = (size_t)(end - peeked);
  c->is_stateless = memmem(peeked, head, "server_no_context_takeover", 26) != NULL;
  return memmem(peeked, head, " 101 ", 5) && (!offer || memmem(peeked, head, "permessage-deflate", 18)) ? 0 : -1;
}

/* Connects number `i`. */
static void open_connection(Connection *c, int i, int channel, const char *path, const char *hello, const char *ack) {
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
  c->fd = open_socket(port_of(c), first + i, 0);
  if (c->fd < 0) { fail(c, strerror(errno)); return; }
  char *filled = fill_in(path, all_to_zero ? 0 : first + channel, "", 0);
  if (!c->is_publisher && i % CHECKED_EACH == 0 && (extensions || has_deltas)) c->checked = must(calloc(1, sizeof *c->checked));
  if (!(c->is_publisher && message_head) && shake_hands(c, filled) < 0) { fail(c, "no valid handshake"); return; }
  free(filled);
  filled = fill_in(hello, all_to_zero ? 0 : first + channel, "", 0);
  if (*filled) send_text(c, filled);
  free(filled);
  if (c->fd >= 0 && *ack && await_text(c->fd, ack, 1) < 0) { fail(c, "no answer to a subscription"); return; }
  /* A publisher that waits has nothing to read, and a server may end a connection that has asked for nothing. */
  if (!c->is_publisher) epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e);
}

/* Takes what the server has sent to those that do not publish yet: pings have to be answered. */
static void answer_pings(void) {
  struct epoll_event ready[64];
  for (int count; (count = epoll_wait(poller, ready, 64, 0)) > 0 && !errors;) {
    for (int i = 0; i < count; i++) {
      Connection *c = ready[i].data.ptr;
      if (c->fd >= 0) receive(c, now_ns());
    }
  }
}

/* Waits for a line of the input. Returns 0 at its end, or if a connection has failed. */
static int await_line(void) {
  char line[16];
  struct pollfd both[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = poller, .events = POLLIN}};
  while (!errors && (poll(both, 2, -1) >= 0 || errno == EINTR)) {
    if (both[1].revents) answer_pings();
    if (both[0].revents) return fgets(line, sizeof line, stdin) != NULL;
  }
  return 0;
}

static void publish_what_is_due(uint64_t start) {
  /* In order: the numbers of later publications may be used up by then. */
  while (oldest < published && under_way[oldest % MOST_UNDER_WAY].left == 0) oldest++;
  if (stopping) return;
  if (in_flight) {
    while (published - oldest < (uint64_t)in_flight) publish(now_ns());
    return send_unsent();
  }
  for (uint64_t due; (due = start + (uint64_t)((double)published * 1e9 / per_second)) <= now_ns();) {
    if (published - oldest == MOST_UNDER_WAY) { stopping = 1; errors++; fprintf(stderr, "fanload: the server is far behind\n"); return; }
    record(&lateness, now_ns() - due);
    publish(due);
    send_unsent();
  }
}

static int timeout_of(uint64_t start) {
  if (in_flight || stopping) return 20;
  uint64_t due = start + (uint64_t)((double)published * 1e9 / per_second), now = now_ns();
  return due <= now ? 0 : due - now > 20000000ull ? 20 : (int)((due - now) / 1000000);
}

static void run_until(uint64_t start, uint64_t end) {
  static struct epoll_event ready[1024];
  for (;;) {
    publish_what_is_due(start);
    int count = epoll_wait(poller, ready, 1024, timeout_of(start));
    uint64_t now = now_ns();
    for (int i = 0; i < count; i++) {
      Connection *c = ready[i].data.ptr;
      /* The time is that of the receive: with a thousand sockets, the batch takes a while. */
      if (c->fd >= 0) receive(c, now = now_ns());
    }
    if (now >= end || (stopping && oldest == published)) return;
  }
}

static void print_report(double seconds, uint64_t in_window, double cpu) {
  printf("report {\"requests\":%lu,\"seconds\":%.6f,\"rate\":%.1f,\"bytes\":%lu,\"errors\":%lu,\"published\":%lu,\"frames\":%lu,"
    "\"wire\":%lu,\"checked\":%lu,\"p50\":%u,\"p99\":%u,\"p999\":%u,\"cpu\":%.3f", received, seconds,
    (double)in_window / seconds, received_bytes, errors, published, frames, wire_bytes,
    checked_count, percentile(&histogram, 0.5),
    percentile(&histogram, 0.99), percentile(&histogram, 0.999), cpu);
  if (!in_flight) printf(",\"late\":%u", percentile(&lateness, 0.99));
  printf("}\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  const char *path = "/", *hello = "", *ack = "", *publish_path = "/", *publish_hello = "", *publish_ack = "";
  double seconds = 0;
  char line[16];
  for (int option; (option = getopt(argc, argv, "p:P:n:c:b:d:f:r:s:h:a:S:H:A:m:M:k:o:t:e:zD")) >= 0;) {
    switch (option) {
      case 'p': port = atoi(optarg); break;
      case 'P': publish_port = atoi(optarg); break;
      case 'n': subscribers = atoi(optarg); break;
      case 'c': channels = atoi(optarg); break;
      case 'b': data_bytes = (size_t)atol(optarg); break;
      case 'd': seconds = atof(optarg); break;
      case 'f': in_flight = atoi(optarg); break;
      case 'r': per_second = atof(optarg); break;
      case 's': path = optarg; break;
      case 'h': hello = optarg; break;
      case 'a': ack = optarg; break;
      case 'S': publish_path = optarg; break;
      case 'H': publish_hello = optarg; break;
      case 'A': publish_ack = optarg; break;
      case 'm': message = optarg; break;
      case 'M': message_head = optarg; break;
      case 'k': first = atoi(optarg); break;
      case 'z': all_to_zero = 1; break;
      case 't': data_kind = *optarg == 'd' ? DOCUMENT : *optarg == 'r' ? RECORDS : FILLER; break;
      case 'e': extensions = optarg; break;
      case 'D': has_deltas = 1; break;
      case 'o': offset_name = optarg; break;
      default: return 2;
    }
  }
  int is_valid = port > 0 && channels > 0 && subscribers >= channels && seconds > 0 && message &&
    data_bytes >= 48 && data_bytes <= 60000 && in_flight <= MOST_UNDER_WAY && (in_flight > 0) != (per_second > 0);
  if (!is_valid) { fprintf(stderr, "fanload: wrong arguments: see the head of fanload.c\n"); return 2; }
  raise_descriptor_limit();
  poller = epoll_create1(EPOLL_CLOEXEC);
  publisher_count = strstr(publish_path, "{c}") ? channels : 1;
  connections = must(calloc((size_t)subscribers, sizeof *connections));
  publishers = must(calloc((size_t)publisher_count, sizeof *publishers));
  for (int i = 0; i < subscribers && !errors; i++) {
    connections[i].next = (uint64_t)(i % channels);
    open_connection(&connections[i], i, i % channels, path, hello, ack);
    if (i % PING_EACH == PING_EACH - 1) answer_pings();
  }
  for (int i = 0; i < publisher_count && !errors; i++) {
    publishers[i].is_publisher = 1;
    open_connection(&publishers[i], subscribers + i, i, publish_path, publish_hello, publish_ack);
  }
  if (errors) return 1;
  printf("ready\n");
  fflush(stdout);
  if (!await_line()) return 1;
  for (int i = 0; i < publisher_count; i++) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &publishers[i]};
    epoll_ctl(poller, EPOLL_CTL_ADD, publishers[i].fd, &e);
  }

  double cpu = own_cpu_seconds();
  uint64_t start = now_ns();
  run_until(start, start + (uint64_t)(seconds * 1e9));
  double elapsed = (double)(now_ns() - start) / 1e9;
  uint64_t in_window = received;
  stopping = 1;
  run_until(start, now_ns() + GRACE_SECONDS * 1000000000ull);
  for (uint64_t j = oldest; j < published; j++) errors += under_way[j % MOST_UNDER_WAY].left;
  if ((extensions || has_deltas) && received && !checked_count) fail(&connections[0], "no publication was compared");
  print_report(elapsed, in_window, own_cpu_seconds() - cpu);
  while (fgets(line, sizeof line, stdin));
  return errors ? 1 : 0;
}
