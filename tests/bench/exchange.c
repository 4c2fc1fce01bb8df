/*
 * exchange: a load generator that repeats one request, as fast as it is answered or at a fixed rate. One
 * thread, epoll, OpenSSL for TLS.
 *
 * In: exchange [options] REQUEST
 *     REQUEST          the bytes of the request, its body included
 *     -p PORT          of 127.0.0.1
 *     -c CONNECTIONS   default 64
 *     -d SECONDS       default 3
 *     -r RATE          exchanges a second, over all connections. Without it, each connection sends its next
 *                      request when its last one is answered
 *     -b BATCH         sends REQUEST so many times at once: an exchange is the whole batch
 *     -w BYTES         REQUEST is a WebSocket handshake; an exchange is the echo of a message of BYTES
 *     -t               over TLS
 *     -n               a new connection for each exchange; REQUEST asks the server to close it
 *     -s               with -t and -n: each connection resumes the TLS session of the one before
 * Out: one line, `report {"requests":…}`: answers, seconds of the window, answers per second in it, bytes,
 *     errors, latency at p50, p99 and p99.9 in µs, `late` (see below) at p99 in µs, resumed TLS sessions,
 *     this process's own CPU seconds. Exit code 0; 1 after an error; 2 for a wrong argument.
 *
 * With -r the load is open-loop: exchange number j is due at start + j / RATE, on connection j mod
 * CONNECTIONS. Its latency counts from then, even if that connection still waits for an earlier answer, so
 * a stall of the server counts for every request that was due in it: there is no coordinated omission.
 * Everything that was due is sent and awaited, or counts as an error. `late` is how long after its due time
 * a request was sent although its connection was free: if it is far below the latencies, the client was not
 * the limit.
 *
 * All answers must have the same length, which is learned from one request before the load; so an answer
 * costs no parsing. Each must begin with `HTTP/1.1 200`. The certificate is not verified here.
 *
 * Build: gcc -O2 -o exchange exchange.c -lssl -lcrypto
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "load.h"

enum {
  RECEIVE_BYTES = 256 * 1024,
  HEAD_MAX = 8 * 1024,
  READS = 16,                   /* of one connection, before the others have their turn */
  GRACE_SECONDS = 5,            /* for answers that are still awaited at the end */
  BLOCKED = 0, FAILED = -1, ENDED = -2,   /* results of put() and take() beside a count */
};

typedef enum { IDLE, BUSY, CLOSING } State;   /* CLOSING: answered, the server's close is awaited */

typedef struct {
  int fd;                       /* -1: none */
  SSL *ssl;
  SSL_SESSION *session;         /* the one to resume */
  State state;
  int failed;                   /* a kept connection that failed is not opened again */
  size_t to_send;               /* bytes of the request */
  uint64_t received;            /* bytes of the answer */
  uint64_t since;               /* ns: when the exchange was due, or sent */
  uint64_t begun, due;          /* exchanges; `due` is used with -r only */
} Connection;

static int port, batch = 1, over_tls, fresh, resume, payload = -1;
static unsigned count = 64;
static double seconds = 3, rate;
static char *request;           /* what each exchange sends */
static size_t request_bytes;
static uint64_t answer_bytes;
static SSL_CTX *tls;
static Connection *connections;
static int poller, stopping;
static uint64_t start, end, answers, received_bytes, errors, resumed, busy;
static Histogram latencies, lateness;
static char buffer[RECEIVE_BYTES];

static void die(const char *why) {
  fprintf(stderr, "exchange: %s\n", why);
  exit(1);
}

/* ---- bytes over TCP or TLS ---- */

static ssize_t tls_result(Connection *c, int result) {
  if (result > 0) return result;
  switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ: case SSL_ERROR_WANT_WRITE: return BLOCKED;
    case SSL_ERROR_ZERO_RETURN: return ENDED;
    default: return FAILED;
  }
}

static ssize_t put(Connection *c, const char *bytes, size_t length) {
  if (c->ssl) {
    ERR_clear_error();
    return tls_result(c, SSL_write(c->ssl, bytes, (int)length));
  }
  ssize_t sent = send(c->fd, bytes, length, MSG_NOSIGNAL);
  return sent >= 0 ? sent : errno == EAGAIN || errno == EINTR ? BLOCKED : FAILED;
}

static ssize_t take(Connection *c, char *bytes, size_t length) {
  if (c->ssl) {
    ERR_clear_error();
    return tls_result(c, SSL_read(c->ssl, bytes, (int)length));
  }
  ssize_t got = recv(c->fd, bytes, length, 0);
  return got > 0 ? got : got == 0 ? ENDED : errno == EAGAIN || errno == EINTR ? BLOCKED : FAILED;
}

/* ---- connections ---- */

static int keep_session(SSL *ssl, SSL_SESSION *session) {
  Connection *c = SSL_get_app_data(ssl);
  if (c->session) SSL_SESSION_free(c->session);
  c->session = session;
  return 1;                     /* the reference is ours */
}

static void prepare_tls(void) {
  if (!(tls = SSL_CTX_new(TLS_client_method()))) die("no TLS");
  SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  /* A server that closes without a TLS alert ends the stream; that is no fault here. */
  SSL_CTX_set_options(tls, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_read_ahead(tls, 1);
  if (!resume) return;
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(tls, keep_session);
}

/* Opens a socket; loopback accepts at once, so connecting does not wait. Returns 0 if that failed. */
static int open_socket(Connection *c, int blocking) {
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct timeval patience = {.tv_sec = GRACE_SECONDS};
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);
  if (c->fd < 0) return 0;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (blocking) setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(c->fd, (void *)&address, sizeof address) < 0 && errno != EINPROGRESS) return 0;
  if (!over_tls) return 1;
  if (!(c->ssl = SSL_new(tls)) || !SSL_set_fd(c->ssl, c->fd)) die("no TLS connection");
  SSL_set_app_data(c->ssl, c);
  SSL_set_connect_state(c->ssl);
  if (c->session) SSL_set_session(c->ssl, c->session);
  return 1;
}

static void close_socket(Connection *c) {
  if (c->ssl) {
    /* OpenSSL forgets the session of a connection that is freed without a shutdown. */
    SSL_set_quiet_shutdown(c->ssl, 1);
    SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
  }
  if (c->fd >= 0) close(c->fd);
  c->ssl = NULL;
  c->fd = -1;
}

/* Edge-triggered: EPOLLOUT then reports only the end of the connect and of a full socket buffer. With
   EPOLL_CTL_MOD there is an event in any case, as a socket that waits for an answer has room. */
static void watch(Connection *c, int operation) {
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  if (epoll_ctl(poller, operation, c->fd, &e) < 0) die(strerror(errno));
}

static void fail(Connection *c, const char *why) {
  if (!errors++) fprintf(stderr, "exchange: %s\n", why);
  close_socket(c);
  if (c->state != IDLE) busy--;
  c->state = IDLE;
  c->failed = !fresh;
}

/* ---- one exchange ---- */

static uint64_t due_at(uint64_t number) { return start + (uint64_t)((double)number * 1e9 / rate); }

/* Whether the connection has something to send now. */
static int wanted(const Connection *c) {
  if (c->state != IDLE || c->failed) return 0;
  return rate > 0 ? c->begun < c->due : !stopping;
}

static void begin(Connection *c, uint64_t now) {
  c->since = rate > 0 ? due_at(c->begun * count + (uint64_t)(c - connections)) : now;
  c->begun++;
  c->state = BUSY;
  busy++;
  c->to_send = request_bytes;
  c->received = 0;
  if (!fresh) return;
  if (!open_socket(c, 0)) { fail(c, strerror(errno)); return; }
  watch(c, EPOLL_CTL_ADD);
}

static void finish(Connection *c) {
  record(&latencies, now_ns() - c->since);
  answers++;
  if (c->ssl && fresh && SSL_session_reused(c->ssl)) resumed++;
  c->state = fresh ? CLOSING : IDLE;
  if (!fresh) busy--;
}

static void take_answer(Connection *c, size_t got) {
  const char *wanted_start = payload < 0 ? "HTTP/1.1 200" : "\x82";
  if (c->state != BUSY) { fail(c, "bytes after the answer"); return; }
  if (!c->received && memcmp(buffer, wanted_start, strlen(wanted_start))) { fail(c, "another answer"); return; }
  c->received += got;
  received_bytes += got;
  if (c->received > answer_bytes) fail(c, "an answer of another length");
  else if (c->received == answer_bytes) finish(c);
}

/* Sends and receives until the socket is blocked, or has been read often enough. */
static void advance(Connection *c) {
  for (int reads = 0; c->fd >= 0;) {
    if (reads++ == READS) { watch(c, EPOLL_CTL_MOD); return; }
    if (c->state == BUSY && c->to_send) {
      ssize_t sent = put(c, request + request_bytes - c->to_send, c->to_send);
      if (sent == BLOCKED) return;
      if (sent < 0) { fail(c, "could not send"); return; }
      c->to_send -= (size_t)sent;
      if (!c->to_send) return;  /* the answer makes an event */
      continue;
    }
    ssize_t got = take(c, buffer, sizeof buffer);
    if (got == BLOCKED) return;
    if (got > 0) take_answer(c, (size_t)got);
    else if (c->state == CLOSING) { close_socket(c); c->state = IDLE; busy--; }
    else { fail(c, got == ENDED ? "the server closed a connection" : "could not receive"); return; }
    if (c->state == IDLE) return;
  }
}

/* Begins what the connection still has to send. */
static void go_on(Connection *c) {
  while (wanted(c)) {
    begin(c, now_ns());
    advance(c);
  }
}

/* ---- before the load ---- */

static void put_all(Connection *c, const char *bytes, size_t length) {
  for (size_t sent = 0; sent < length;) {
    ssize_t n = put(c, bytes + sent, length - sent);
    if (n <= 0) die("could not send the first request");
    sent += (size_t)n;
  }
}

/* Reads a response head, byte by byte, so that nothing after it is taken. */
static void read_head(Connection *c, char head[HEAD_MAX]) {
  size_t have = 0;
  head[0] = 0;
  while (!strstr(head + (have > 4 ? have - 4 : 0), "\r\n\r\n")) {
    if (have + 1 == HEAD_MAX || take(c, head + have, 1) != 1) die("no answer to the first request");
    head[++have] = 0;
  }
}

/* The length of the answer, from one request of its own. */
static uint64_t learn_answer(const char *text) {
  Connection c = {.fd = -1};
  char head[HEAD_MAX];
  if (!open_socket(&c, 1)) die(strerror(errno));
  put_all(&c, text, strlen(text));
  read_head(&c, head);
  char *field = strcasestr(head, "\r\ncontent-length:");
  if (!field) die("the answer has no Content-Length");
  uint64_t body = strtoull(field + strlen("\r\ncontent-length:"), NULL, 10);
  for (uint64_t left = body; left;) {
    ssize_t got = take(&c, buffer, left < sizeof buffer ? left : sizeof buffer);
    if (got <= 0) die("the first answer is cut off");
    left -= (uint64_t)got;
  }
  close_socket(&c);
  if (c.session) SSL_SESSION_free(c.session);
  return strlen(head) + body;
}

static void repeat_request(const char *text) {
  size_t length = strlen(text);
  request_bytes = length * (size_t)batch;
  request = must(malloc(request_bytes));
  for (int i = 0; i < batch; i++) memcpy(request + (size_t)i * length, text, length);
}

/* RFC 6455 section 5.2: a final binary frame. The mask of zeros leaves the payload as it is. */
static void make_frame(void) {
  unsigned char head[14] = {0x82};
  size_t at = 2, extra = payload < 126 ? 0 : payload < 65536 ? 2 : 8;
  head[1] = (unsigned char)(0x80 | (extra == 0 ? payload : extra == 2 ? 126 : 127));
  for (size_t i = 0; i < extra; i++) {
    head[at++] = (unsigned char)((uint64_t)payload >> 8 * (extra - 1 - i));
  }
  answer_bytes = at + (uint64_t)payload;
  at += 4;
  request_bytes = at + (size_t)payload;
  request = must(malloc(request_bytes));
  memcpy(request, head, at);
  memset(request + at, 'e', (size_t)payload);
}

/* Opens the kept connections, with their handshakes. */
static void open_kept(Connection *c, const char *handshake) {
  char head[HEAD_MAX];
  if (!open_socket(c, 1) || (c->ssl && SSL_do_handshake(c->ssl) != 1)) die("could not connect");
  if (handshake) {
    put_all(c, handshake, strlen(handshake));
    read_head(c, head);
    if (strncmp(head, "HTTP/1.1 101", 12)) die("no valid handshake");
  }
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  watch(c, EPOLL_CTL_ADD);
}

/* ---- the load ---- */

static void make_due(uint64_t *next) {
  uint64_t now = now_ns();
  for (; due_at(*next) <= now && due_at(*next) < end; ++*next) {
    Connection *c = &connections[*next % count];
    c->due++;
    if (!wanted(c)) continue;
    record(&lateness, now_ns() - due_at(*next));
    go_on(c);
  }
}

static void await_events(uint64_t until) {
  struct epoll_event ready[256];
  uint64_t now = now_ns(), wait = until > now ? until - now : 0;
  struct timespec timeout = {.tv_sec = (time_t)(wait / 1000000000), .tv_nsec = (long)(wait % 1000000000)};
  int found = epoll_pwait2(poller, ready, 256, &timeout, NULL);
  if (found < 0 && errno != EINTR) die(strerror(errno));
  for (int i = 0; i < found; i++) {
    advance(ready[i].data.ptr);
    go_on(ready[i].data.ptr);
  }
}

static uint64_t backlog(void) {
  uint64_t waiting = 0;
  for (unsigned i = 0; rate > 0 && i < count; i++) waiting += connections[i].due - connections[i].begun;
  return waiting;
}

static void run_load(void) {
  uint64_t next = 0;
  for (unsigned i = 0; rate <= 0 && i < count; i++) go_on(&connections[i]);
  for (uint64_t now = start; now < end; now = now_ns()) {
    if (rate > 0) make_due(&next);
    uint64_t until = rate > 0 ? due_at(next) : end;
    await_events(until < end ? until : end);
  }
  if (rate > 0) make_due(&next);
}

static void await_rest(void) {
  uint64_t last = now_ns() + GRACE_SECONDS * 1000000000ull;
  stopping = 1;
  while ((busy || backlog()) && now_ns() < last) await_events(now_ns() + 20 * 1000000);
  errors += busy + backlog();
}

static void usage(void) {
  fprintf(stderr, "usage: exchange -p PORT [-c CONNECTIONS] [-d SECONDS] [-r RATE] [-b BATCH] [-w BYTES] "
    "[-t] [-n] [-s] REQUEST\n");
  exit(2);
}

static const char *parse(int argc, char **argv) {
  for (int option; (option = getopt(argc, argv, "p:c:d:r:b:w:tns")) != -1;) {
    switch (option) {
      case 'p': port = atoi(optarg); break;
      case 'c': count = (unsigned)atoi(optarg); break;
      case 'd': seconds = atof(optarg); break;
      case 'r': rate = atof(optarg); if (rate <= 0) usage(); break;
      case 'b': batch = atoi(optarg); break;
      case 'w': payload = atoi(optarg); break;
      case 't': over_tls = 1; break;
      case 'n': fresh = 1; break;
      case 's': resume = 1; break;
      default: usage();
    }
  }
  if (port < 1 || port > 65535 || count < 1 || count > 100000 || seconds <= 0 || batch < 1 ||
      optind + 1 != argc || (resume && !(fresh && over_tls)) || (fresh && payload >= 0)) usage();
  return argv[optind];
}

int main(int argc, char **argv) {
  const char *text = parse(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_TIMERSLACK, 1);  /* ns: else each sleep is up to 50 µs longer */
  if (over_tls) prepare_tls();
  if (payload >= 0) make_frame();
  else {
    answer_bytes = learn_answer(text) * (uint64_t)batch;
    repeat_request(text);
  }
  poller = epoll_create1(EPOLL_CLOEXEC);
  connections = must(calloc(count, sizeof *connections));
  for (unsigned i = 0; i < count; i++) {
    connections[i].fd = -1;
    if (!fresh) open_kept(&connections[i], payload >= 0 ? text : NULL);
  }
  start = now_ns();
  end = start + (uint64_t)(seconds * 1e9);
  run_load();
  double elapsed = (double)(now_ns() - start) / 1e9;
  /* By bytes, so that a large answer counts partly. */
  double rate_in_window = (double)received_bytes / (double)answer_bytes * batch / elapsed;
  await_rest();
  printf("report {\"requests\":%lu,\"seconds\":%.6f,\"rate\":%.1f,\"bytes\":%lu,\"errors\":%lu,\"p50\":%u,"
    "\"p99\":%u,\"p999\":%u,\"late\":%u,\"resumed\":%lu,\"cpu\":%.3f}\n", answers * (uint64_t)batch, elapsed,
    rate_in_window, received_bytes, errors, percentile(&latencies, 0.5),
    percentile(&latencies, 0.99), percentile(&latencies, 0.999), percentile(&lateness, 0.99), resumed,
    own_cpu_seconds());
  return errors ? 1 : 0;
}
