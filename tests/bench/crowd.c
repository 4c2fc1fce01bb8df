/*
 * crowd: many subscribers of the Centrifuge protocol whose connections all break at once, and that come back and recover. One thread,
 * epoll, no library.
 *
 * In: crowd -p PORT -n CLIENTS -c CHANNELS -w MILLISECONDS -s PATH -N NAME -M HEAD -m MESSAGE -r PER_SECOND
 *       -w MILLISECONDS   within which all come back, each at a time at random; the first time they take twice as long
 *       -s PATH           of the WebSocket
 *       -N NAME           of a channel: {c} is its number. Client i is subscribed to channel i mod CHANNELS
 *       -M HEAD -m MESSAGE -r PER_SECOND   what is published by HTTP, to one channel after the other: {c} is its number, {l} the length of
 *                         the message
 *     Then its standard input, which must be a pipe: a byte each time that all connections are to break; its end ends the program.
 * Out: a line `there {"seconds":…}` whenever all clients are subscribed: since the break; how long a client takes to be subscribed, at p50,
 *     at p99 and at most, in ms; publications that came by recovery; connections that failed, and were tried again, as real clients do.
 *     At the end a line `told {"publications":…}`: how many publications reached how many subscribers. Exit code 1 if a client was told
 *     something wrong, which is named on standard error: a recovery that failed or is not whole, another epoch, an offset twice or not at
 *     all, an end of a subscription or a connection; or if at the end one does not have what was published last. 2 for a wrong argument.
 * A client asks as the npm package centrifuge does: connect and subscribe leave in one message, and after a break with the epoch and the
 * offset of the last publication.
 *
 * Longer than 400 lines because it is one program, whose parts share its few global variables.
 * It must not be the limit: all sockets share one buffer, and of a message only the names of JSON objects are looked for.
 *
 * Build: gcc -O2 -o crowd crowd.c
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <sys/epoll.h>
#include "json_names.h"
#include "load.h"
#include "websocket.h"

enum {
  RECEIVE_BYTES = 1024 * 1024,
  TEXT_MAX = 2048,              /* a handshake, a command, the head of a publication */
  EPOCH_MAX = 64,
  PATIENCE_SECONDS = 60,        /* until all are there, or have everything */
  TEMPORARY = 100,              /* the error after which a client asks again */
};

typedef enum { AWAY, CONNECTING, SHAKING, ASKING, THERE } State;

typedef struct {
  int fd;
  State state;
  int has_position;
  uint64_t offset;              /* of the last publication that it was told of */
  uint64_t due;                 /* when it is to come, ns */
  uint64_t took;                /* until it was subscribed, ns */
  uint32_t rest_bytes;          /* of a frame that was received in part */
  uint8_t *rest;
} Client;

typedef struct {
  char epoch[EPOCH_MAX];        /* empty: nobody was told yet */
  uint64_t offset;              /* of the last publication, as its publisher was answered; 0: none yet */
} Channel;

static int port, count, channel_count, poller, publisher = -1;
static const char *path, *name, *head, *message;
static double per_second;
static uint64_t within;
static Client *clients;
static Channel *channels;
static Client **coming;         /* a ring of those that are away, by when they are due */
static uint64_t coming_first, coming_end;
static int there_count, is_announced, is_ending;
static uint64_t broken_at, publications, recovered, retries, faults;
static uint64_t published, published_from, seed = 1;
static int awaits_answer;
static char answer[TEXT_MAX];
static size_t answer_bytes;
static uint8_t buffer[RECEIVE_BYTES];

__attribute__((format(printf, 2, 3))) static void fault(const Client *c, const char *format, ...) {
  va_list values;
  if (faults++ >= 10) return;
  va_start(values, format);
  if (c) fprintf(stderr, "crowd: client %ld at offset %lu: ", c - clients, c->offset);
  else fprintf(stderr, "crowd: ");
  vfprintf(stderr, format, values);
  fprintf(stderr, "\n");
  va_end(values);
}

/* A time at random within a span, to the microsecond. */
static uint64_t random_time(uint64_t span) {
  seed = seed * 6364136223846793005ull + 1442695040888963407ull;
  return (seed >> 33) % (span / 1000) * 1000;
}

static Channel *channel_of(const Client *c) { return &channels[(c - clients) % channel_count]; }

/* The text with each {c} and {l} replaced, in a buffer of TEXT_MAX bytes that the next but one call uses again. */
static const char *fill_in(const char *text, int channel, size_t body_bytes) {
  static char filled[2][TEXT_MAX];
  static int turn;
  char *out = filled[turn ^= 1];
  for (size_t at = 0; *text && at + 24 < TEXT_MAX; out[at] = 0) {
    if (text[0] == '{' && (text[1] == 'c' || text[1] == 'l') && text[2] == '}') {
      at += (size_t)sprintf(out + at, "%lu", text[1] == 'c' ? (size_t)channel : body_bytes);
      text += 3;
    } else out[at++] = *text++;
  }
  return out;
}

static void watch(int fd, uint32_t events, void *data, int operation) {
  struct epoll_event e = {.events = events, .data.ptr = data};
  epoll_ctl(poller, operation, fd, &e);
}

/* Sends everything: it is little, so the socket has room. */
static void send_all(Client *c, const void *bytes, size_t length) {
  if (send(c->fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) fault(c, "could not send: %s", strerror(errno));
}

static void send_text(Client *c, const char *text) {
  uint8_t frame[TEXT_MAX + HEADER_MAX];
  send_all(c, frame, encode_frame(frame, text, strlen(text)));
}

static void subscribe(Client *c) {
  Channel *channel = channel_of(c);
  char text[TEXT_MAX], position[EPOCH_MAX + 64] = "";
  if (c->has_position) {
    snprintf(position, sizeof position, "\"recover\":true,\"epoch\":\"%s\",\"offset\":%lu,", channel->epoch, c->offset);
  }
  snprintf(text, sizeof text, "%s{\"subscribe\":{\"channel\":\"%s\",%s\"recoverable\":true,\"flag\":1},\"id\":2}",
    c->state == SHAKING ? "{\"connect\":{},\"id\":1}\n" : "", fill_in(name, (int)(channel - channels), 0), position);
  c->state = ASKING;
  send_text(c, text);
}

static void take_publication(Client *c, uint64_t offset) {
  if (offset != c->offset + 1) fault(c, "publication %lu", offset);
  c->offset = offset;
  publications++;
}

/* The reply to a subscription: its position stands before the publications, and whether it has recovered behind them. */
static void take_subscription(Client *c, Names names) {
  Channel *channel = channel_of(c);
  const uint8_t *epoch = NULL;
  size_t epoch_bytes = 0;
  uint64_t offset = 0, missed = 0;
  int has_recovered = 0;
  for (Names all = names; next_name(&all);) {
    if (is_name(&all, 2, "offset")) offset = number_at(&all);
    else if (is_name(&all, 2, "recovered")) has_recovered = *all.value == 't';
    else if (is_name(&all, 4, "offset")) missed++;
    else if (is_name(&all, 2, "epoch")) {
      epoch = all.value + 1;
      epoch_bytes = (size_t)((const uint8_t *)memchr(epoch, '"', (size_t)(all.end - epoch)) - epoch);
    }
  }
  if (!epoch || epoch_bytes >= EPOCH_MAX) return fault(c, "subscribed without an epoch");
  if (!*channel->epoch) memcpy(channel->epoch, epoch, epoch_bytes);
  if (epoch_bytes != strlen(channel->epoch) || memcmp(channel->epoch, epoch, epoch_bytes)) fault(c, "another epoch");
  if (has_recovered != c->has_position) return fault(c, has_recovered ? "a recovery of what it never had" : "no recovery");
  if (!has_recovered && missed) fault(c, "publications without a recovery");
  if (!has_recovered) c->offset = offset;
  for (Names all = names; has_recovered && next_name(&all);) if (is_name(&all, 4, "offset")) take_publication(c, number_at(&all));
  if (c->offset != offset) fault(c, "a recovery that says it leads to %lu", offset);
  recovered += missed;
  c->has_position = 1;
  c->state = THERE;
  c->took = now_ns() - c->due;
  there_count++;
}

static void take_line(Client *c, const uint8_t *at, const uint8_t *end) {
  Names whole = {.at = at, .end = end};
  if (end - at == 2 && at[0] == '{') return send_text(c, "{}"); /* a ping */
  for (Names all = whole; next_name(&all);) {
    if (is_name(&all, 1, "subscribe")) return c->state == ASKING ? take_subscription(c, whole) : fault(c, "subscribed twice");
    if (is_name(&all, 2, "code") && number_at(&all) == TEMPORARY && c->state == ASKING) { retries++; return subscribe(c); }
    if (is_name(&all, 1, "error")) continue; /* its code follows */
    if (is_name(&all, 2, "code") || is_name(&all, 2, "unsubscribe") || is_name(&all, 2, "disconnect")) {
      return fault(c, "was told %.*s", (int)(end - at), at);
    }
    if (!is_name(&all, 3, "offset")) continue;
    if (c->state == THERE) take_publication(c, number_at(&all));
    else fault(c, "a publication before the subscription");
  }
}

/* It comes again later, as its connection has failed. */
static void try_again(Client *c) {
  close(c->fd);
  c->state = AWAY;
  c->fd = -1;
  c->due = now_ns() + within;
  c->rest_bytes = 0;
  retries++;
  coming[coming_end++ % (uint64_t)count] = c;
}

static void come(Client *c) {
  c->fd = open_socket(port, (int)(c - clients), SOCK_NONBLOCK);
  c->state = CONNECTING;
  if (c->fd < 0) return try_again(c);
  watch(c->fd, EPOLLOUT, c, EPOLL_CTL_ADD);
}

static void shake_hands(Client *c) {
  char text[TEXT_MAX];
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) return try_again(c);
  c->state = SHAKING;
  watch(c->fd, EPOLLIN, c, EPOLL_CTL_MOD);
  send_all(c, text, write_handshake(text, sizeof text, port, path, NULL));
}

/* Handles what is whole of `bytes`; returns how many bytes that is. */
static size_t take_bytes(Client *c, const uint8_t *bytes, size_t length) {
  size_t at = 0;
  if (c->state == SHAKING) {
    const uint8_t *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(bytes, "HTTP/1.1 101 ", 13)) { fault(c, "no valid handshake: %.32s", bytes); return length; }
    at = (size_t)(end - bytes) + 4;
    subscribe(c);
  }
  for (uint64_t payload; !faults;) {
    size_t frame_head = read_frame_head(bytes + at, length - at, &payload);
    if (!frame_head || payload > length - at - frame_head) break;
    const uint8_t *line = bytes + at + frame_head, *end = line + payload;
    if ((bytes[at] & 15) == 8) fault(c, "the server closed the WebSocket");
    for (const uint8_t *line_end; (bytes[at] & 15) == 1 && line < end; line = line_end + 1) {
      line_end = memchr(line, '\n', (size_t)(end - line));
      if (!line_end) line_end = end;
      take_line(c, line, line_end);
    }
    at += frame_head + (size_t)payload;
  }
  return at;
}

static void receive(Client *c) {
  size_t before = c->rest_bytes;
  if (before) memcpy(buffer, c->rest, before);
  ssize_t got = recv(c->fd, buffer + before, sizeof buffer - before, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0 && c->state == SHAKING) return try_again(c);
  if (got <= 0) return fault(c, "its connection ended: %s", got ? strerror(errno) : "end of file");
  size_t all = before + (size_t)got, taken = take_bytes(c, buffer, all);
  c->rest_bytes = (uint32_t)(all - taken);
  if (all - taken > RECEIVE_BYTES / 2) fault(c, "a message is too long");
  if (!c->rest_bytes) return;
  c->rest = must(realloc(c->rest, c->rest_bytes));
  memcpy(c->rest, buffer + taken, c->rest_bytes);
}

static int by_due(const void *a, const void *b) {
  uint64_t first = (*(Client *const *)a)->due, second = (*(Client *const *)b)->due;
  return (first > second) - (first < second);
}

/* All connections break, if there are any, and come back at random within so many ns. */
static void scatter(uint64_t span) {
  for (int i = 0; i < count; i++) {
    Client *c = coming[i] = &clients[i];
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    c->state = AWAY;
    c->rest_bytes = 0;
  }
  broken_at = now_ns();
  for (int i = 0; i < count; i++) clients[i].due = broken_at + random_time(span);
  qsort(coming, (size_t)count, sizeof *coming, by_due);
  coming_first = there_count = is_announced = 0;
  coming_end = (uint64_t)count;
  recovered = retries = 0;
}

static int by_number(const void *a, const void *b) {
  uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
  return (first > second) - (first < second);
}

static void announce(void) {
  uint64_t *took = must(malloc((size_t)count * sizeof *took));
  for (int i = 0; i < count; i++) took[i] = clients[i].took;
  qsort(took, (size_t)count, sizeof *took, by_number);
  printf("there {\"seconds\":%.3f,\"p50\":%.2f,\"p99\":%.2f,\"most\":%.2f,\"recovered\":%lu,\"retries\":%lu}\n",
    (double)(now_ns() - broken_at) / 1e9, (double)took[count / 2] / 1e6, (double)took[count * 99l / 100] / 1e6,
    (double)took[count - 1] / 1e6, recovered, retries);
  fflush(stdout);
  free(took);
  is_announced = 1;
}

/* The publication that is due, unless the one before is not answered yet. */
static void publish(void) {
  char text[2 * TEXT_MAX];
  int channel = (int)(published++ % (uint64_t)channel_count);
  const char *body = fill_in(message, channel, 0);
  int length = snprintf(text, sizeof text, "%s%s", fill_in(head, channel, strlen(body)), body);
  awaits_answer = 1;
  answer_bytes = 0;
  if (send(publisher, text, (size_t)length, MSG_NOSIGNAL) != length) fault(NULL, "a publication could not be sent");
}

static void take_answer(void) {
  ssize_t got = recv(publisher, answer + answer_bytes, sizeof answer - 1 - answer_bytes, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return fault(NULL, "the publisher's connection ended");
  answer[answer_bytes += (size_t)got] = 0;
  const char *body = strstr(answer, "\r\n\r\n"), *fields = body ? strcasestr(answer, "content-length:") : NULL;
  if (!fields || answer_bytes < (size_t)(body + 4 - answer) + (size_t)atol(fields + 15)) return;
  const char *offset = strstr(body, "\"offset\":");
  if (memcmp(answer, "HTTP/1.1 200", 12) || !offset) return fault(NULL, "a publication was answered with %s", answer);
  channels[(published - 1) % (uint64_t)channel_count].offset = (uint64_t)atol(offset + 9);
  awaits_answer = 0;
}

/* Whether everybody has what was published last. */
static int is_settled(void) {
  if (there_count < count || awaits_answer) return 0;
  for (int i = 0; i < count; i++) {
    uint64_t last = channel_of(&clients[i])->offset;
    if (last && clients[i].offset != last) return 0;
  }
  return 1;
}

static void take_input(void) {
  char bytes[16];
  ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
  if (got > 0 && !is_announced) return fault(NULL, "connections are to break before all clients are there");
  if (got > 0) return scatter(within);
  is_ending = 1;
  broken_at = now_ns();
  epoll_ctl(poller, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
}

/* Does what is due; returns how many ms it takes until there is more to do. */
static int do_what_is_due(void) {
  uint64_t now = now_ns(), next = now + 1000000000ull;
  while (coming_first < coming_end) {
    Client *c = coming[coming_first % (uint64_t)count];
    if (c->due > now) { next = c->due; break; }
    coming_first++;
    come(c);
  }
  uint64_t due = published_from + (uint64_t)((double)published * 1e9 / per_second);
  if (!is_ending && !awaits_answer && due <= now) publish();
  else if (due > now && due < next) next = due;
  return (int)((next - now + 999999) / 1000000);
}

static int run(void) {
  static struct epoll_event ready[1024];
  while (!faults) {
    if (there_count == count && !is_announced) announce();
    if (is_ending && is_settled()) return 0;
    int events = epoll_wait(poller, ready, 1024, do_what_is_due());
    for (int i = 0; i < events && !faults; i++) {
      Client *c = ready[i].data.ptr;
      if (ready[i].data.ptr == &publisher) take_answer();
      else if (ready[i].data.ptr == coming) take_input();
      else if (c->fd < 0) continue; /* it was cut in this batch */
      else if (c->state == CONNECTING) shake_hands(c);
      else receive(c);
    }
    if ((!is_announced || is_ending) && now_ns() - broken_at > PATIENCE_SECONDS * 1000000000ull) {
      fault(NULL, "%d of %d are there, and not all have what was published last", there_count, count);
    }
  }
  return 1;
}

int main(int argc, char **argv) {
  for (int option; (option = getopt(argc, argv, "p:n:c:w:s:N:M:m:r:")) >= 0;) {
    switch (option) {
      case 'p': port = atoi(optarg); break;
      case 'n': count = atoi(optarg); break;
      case 'c': channel_count = atoi(optarg); break;
      case 'w': within = (uint64_t)(atof(optarg) * 1e6); break;
      case 's': path = optarg; break;
      case 'N': name = optarg; break;
      case 'M': head = optarg; break;
      case 'm': message = optarg; break;
      case 'r': per_second = atof(optarg); break;
      default: return 2;
    }
  }
  int is_valid = port > 0 && channel_count > 0 && count >= channel_count && within >= 1000 && path && name && head && message && per_second > 0;
  if (!is_valid) { fprintf(stderr, "crowd: wrong arguments: see the head of crowd.c\n"); return 2; }
  raise_descriptor_limit();
  poller = epoll_create1(EPOLL_CLOEXEC);
  clients = must(calloc((size_t)count, sizeof *clients));
  channels = must(calloc((size_t)channel_count, sizeof *channels));
  coming = must(calloc((size_t)count, sizeof *coming));
  for (int i = 0; i < count; i++) clients[i].fd = -1;
  publisher = open_socket(port, count, 0);
  if (publisher < 0) { fprintf(stderr, "crowd: could not connect: %s\n", strerror(errno)); return 1; }
  watch(publisher, EPOLLIN, &publisher, EPOLL_CTL_ADD);
  watch(STDIN_FILENO, EPOLLIN, coming, EPOLL_CTL_ADD);
  published_from = now_ns();
  scatter(2 * within);
  int code = run();
  printf("told {\"publications\":%lu,\"published\":%lu}\n", publications, published);
  return code;
}
