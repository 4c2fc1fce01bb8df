/*
 * epoll_loop: the least that an HTTP server on epoll can do, as a bound for the others ("C loop").
 *
 * In: epoll_loop PORT WORKERS; listens on 127.0.0.1. Each worker is a process with a socket of its own
 *     (SO_REUSEPORT) and an epoll.
 * Out: for each request head one fixed answer, `ok`. A request that says `Connection: close`, spelled so, is
 *     answered and the connection closed.
 * It parses nothing: the ends of the heads are counted, and a head that arrives in two parts may be missed.
 * A send that the socket does not take whole closes the connection. So it is a yardstick, not a server.
 *
 * Build: gcc -O2 -o epoll_loop epoll_loop.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKLOG = 4096, MOST_ANSWERS = 64, RECEIVE_BYTES = 16 * 1024 };

static const char ANSWER[] =
  "HTTP/1.1 200 OK\r\n"
  "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
  "Content-Type: text/plain; charset=utf-8\r\n"
  "Content-Length: 2\r\n"
  "\r\n"
  "ok";
static const size_t ANSWER_BYTES = sizeof ANSWER - 1;
static char answers[MOST_ANSWERS * sizeof ANSWER];

static void die(const char *why) {
  perror(why);
  exit(1);
}

static int listen_on(int port) {
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  if (bind(fd, (void *)&address, sizeof address) < 0) die("bind");
  if (listen(fd, BACKLOG) < 0) die("listen");
  return fd;
}

static void add(int poller, int fd) {
  struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) < 0) die("epoll_ctl");
}

static void accept_all(int poller, int listener) {
  for (int fd, one = 1; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    add(poller, fd);
  }
}

static size_t count_heads(const char *bytes, size_t length) {
  size_t heads = 0;
  const char *last = bytes + length;
  for (const char *at; heads < MOST_ANSWERS && (at = memmem(bytes, (size_t)(last - bytes), "\r\n\r\n", 4));) {
    heads++;
    bytes = at + 4;
  }
  return heads;
}

static void answer(int fd) {
  char bytes[RECEIVE_BYTES];
  ssize_t got = recv(fd, bytes, sizeof bytes, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) { close(fd); return; }
  size_t length = count_heads(bytes, (size_t)got) * ANSWER_BYTES;
  if (length && send(fd, answers, length, MSG_NOSIGNAL) != (ssize_t)length) { close(fd); return; }
  if (memmem(bytes, (size_t)got, "\r\nConnection: close\r\n", 21)) close(fd);
}

static void serve(int port) {
  struct epoll_event ready[256];
  int listener = listen_on(port), poller = epoll_create1(EPOLL_CLOEXEC);
  add(poller, listener);
  for (;;) {
    int found = epoll_wait(poller, ready, 256, -1);
    for (int i = 0; i < found; i++) {
      if (ready[i].data.fd == listener) accept_all(poller, listener);
      else answer(ready[i].data.fd);
    }
  }
}

int main(int argc, char **argv) {
  int port = argc == 3 ? atoi(argv[1]) : 0, workers = argc == 3 ? atoi(argv[2]) : 0;
  if (port < 1 || port > 65535 || workers < 1 || workers > 256) {
    fprintf(stderr, "usage: epoll_loop PORT WORKERS\n");
    return 2;
  }
  for (int i = 0; i < MOST_ANSWERS; i++) memcpy(answers + (size_t)i * ANSWER_BYTES, ANSWER, ANSWER_BYTES);
  pid_t parent = getpid();
  for (int i = 1; i < workers; i++) {
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child > 0) continue;
    /* A worker ends with the first process, also if that is killed. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) return 0;
    break;
  }
  serve(port);
  return 0;
}
