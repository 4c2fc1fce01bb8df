/**
 * The table of all functions of the C library that the server calls, and the only place that opens it. Those
 * of OpenSSL are in tls/openssl.ts.
 *
 * In: nothing. Out: `libc()`, the symbols, loaded once per thread.
 * Sizes are declared `u32` and results `i32`, so that no BigInt is created on the hot path: no call here moves
 * more than 2 GiB. A `buffer` parameter takes a typed array and passes the address of its first byte. The
 * callee does not keep the address after the call; the buffer of a `nonblocking` call must outlive its promise.
 * Only files of this folder import this one.
 */

const SYMBOLS = {
  // sockets
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" }, // int domain, int type, int protocol
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" }, // int fd, struct sockaddr *, socklen_t
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" }, // the same
  accept4: {
    // int sockfd, struct sockaddr *addr, socklen_t *addrlen, int flags
    parameters: ["i32", "buffer", "buffer", "i32"],
    result: "i32",
  },
  getsockname: {
    // int sockfd, struct sockaddr *addr, socklen_t *addrlen
    parameters: ["i32", "buffer", "buffer"],
    result: "i32",
  },
  getpeername: {
    // int sockfd, struct sockaddr *addr, socklen_t *addrlen
    parameters: ["i32", "buffer", "buffer"],
    result: "i32",
  },
  getsockopt: {
    // int sockfd, int level, int optname, void *optval, socklen_t *optlen
    parameters: ["i32", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  setsockopt: {
    // int sockfd, int level, int optname, const void *optval, socklen_t optlen
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  listen: { parameters: ["i32", "i32"], result: "i32" }, // int sockfd, int backlog
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" }, // int domain, int type, int protocol, int sv[2]
  poll: { parameters: ["buffer", "u32", "i32"], result: "i32" }, // struct pollfd *, nfds_t, int timeout
  shutdown: { parameters: ["i32", "i32"], result: "i32" }, // int sockfd, int how
  recv: {
    // int sockfd, void *buf, size_t len, int flags
    parameters: ["i32", "buffer", "u32", "i32"],
    result: "i32",
  },
  send: {
    // int sockfd, const void *buf, size_t len, int flags
    parameters: ["i32", "buffer", "u32", "i32"],
    result: "i32",
  },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" }, // int sockfd, const struct msghdr *, int flags
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" }, // int sockfd, struct msghdr *, int flags
  // descriptors
  chmod: { parameters: ["buffer", "u32"], result: "i32" }, // const char *path, mode_t mode
  unlink: { parameters: ["buffer"], result: "i32" }, // const char *path
  close: { parameters: ["i32"], result: "i32" }, // int fd
  dup3: { parameters: ["i32", "i32", "i32"], result: "i32" }, // int oldfd, int newfd, int flags
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" }, // int fd, int op, int arg
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" }, // const char *path, int flags, mode_t
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" }, // int fd, const void *buf, size_t
  rename: { parameters: ["buffer", "buffer"], result: "i32" }, // const char *oldpath, const char *newpath
  ftruncate: { parameters: ["i32", "i64"], result: "i32" }, // int fd, off_t length
  flock: { parameters: ["i32", "i32"], result: "i32" }, // int fd, int operation
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" }, // int resource, struct rlimit *
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" }, // int resource, const struct rlimit *
  // processes
  posix_spawn: {
    // pid_t *pid, const char *path, const posix_spawn_file_actions_t *, const posix_spawnattr_t * (NULL), char *const argv[], char *const envp[]
    parameters: ["buffer", "buffer", "buffer", "pointer", "buffer", "buffer"],
    result: "i32",
  },
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" }, // posix_spawn_file_actions_t *
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" }, // the same, int fd, int newfd
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" }, // the same
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" }, // pid_t pid, int *status, int options
  waitid: { parameters: ["i32", "i32", "buffer", "i32"], result: "i32" }, // idtype_t idtype, id_t id, siginfo_t *infop, int options
  kill: { parameters: ["i32", "i32"], result: "i32" }, // pid_t pid, int sig
  // files
  pread: {
    // int fd, void *buf, size_t count, off_t offset
    parameters: ["i32", "buffer", "u32", "i64"],
    result: "i32",
  },
  pwrite: {
    // int fd, const void *buf, size_t count, off_t offset
    parameters: ["i32", "buffer", "u32", "i64"],
    result: "i32",
  },
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" }, // const char *name, unsigned flags
  sendfile: {
    // int out_fd, int in_fd, off_t *offset, size_t count
    parameters: ["i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  preadv2: {
    // int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags
    parameters: ["i32", "buffer", "i32", "i64", "i32"],
    result: "i32",
  },
  posix_fadvise: { parameters: ["i32", "i64", "i64", "i32"], result: "i32" }, // int fd, off_t offset, off_t len, int advice
  // Calls that older C libraries have no function for; see syscall(2). Its C prototype is variadic, which for
  // integers and addresses is the same call on x86-64 and arm64.
  syscall_openat2: {
    // long number, int dirfd, const char *path, struct open_how *how, size_t size
    name: "syscall",
    parameters: ["i32", "i32", "buffer", "buffer", "u32"],
    result: "i32",
  },
  syscall_statx: {
    // long number, int dirfd, const char *path, int flags, unsigned mask, struct statx *buf
    name: "syscall",
    parameters: ["i32", "i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
  },
  syscall_getdents64: {
    // long number, int fd, void *dirp, size_t count
    name: "syscall",
    parameters: ["i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  syscall_io_uring_setup: {
    // long number, unsigned entries, struct io_uring_params *
    name: "syscall",
    parameters: ["i32", "u32", "buffer"],
    result: "i32",
  },
  syscall_io_uring_enter: {
    // long number, int fd, unsigned to_submit, unsigned min_complete, unsigned flags, sigset_t * (NULL), size_t
    name: "syscall",
    parameters: ["i32", "i32", "u32", "u32", "u32", "u32", "u32"],
    result: "i32",
  },
  mmap: {
    // void *addr, size_t length, int prot, int flags, int fd, off_t offset
    parameters: ["pointer", "u32", "i32", "i32", "i32", "i64"],
    result: "pointer",
  },
  munmap: { parameters: ["pointer", "u32"], result: "i32" }, // void *addr, size_t length
  readlinkat: { parameters: ["i32", "buffer", "buffer", "u32"], result: "i32" }, // int dirfd, const char *path, char *buf, size_t
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" }, // int dirfd, const char *path, int flags, mode_t
  // epoll and eventfd
  epoll_create1: { parameters: ["i32"], result: "i32" }, // int flags
  epoll_ctl: {
    // int epfd, int op, int fd, struct epoll_event *event
    parameters: ["i32", "i32", "i32", "buffer"],
    result: "i32",
  },
  epoll_wait: {
    // int epfd, struct epoll_event *events, int maxevents, int timeout
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
  },
  epoll_wait_nonblocking: {
    // the same on a thread of Deno's pool, returning a promise
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  timerfd_create: { parameters: ["i32", "i32"], result: "i32" }, // clockid_t, int flags
  timerfd_settime: {
    // int fd, int flags, const struct itimerspec *new, struct itimerspec *old (NULL)
    parameters: ["i32", "i32", "buffer", "pointer"],
    result: "i32",
  },
  eventfd: { parameters: ["u32", "i32"], result: "i32" }, // unsigned int initval, int flags
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" }, // clockid_t, struct timespec *tp
  sched_yield: { parameters: [], result: "i32" }, // void
  sched_getaffinity: { parameters: ["i32", "u32", "buffer"], result: "i32" }, // pid_t, size_t, cpu_set_t *mask
  malloc_trim: { parameters: ["u32"], result: "i32" }, // size_t pad
  // the address of errno in this thread
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The C functions, typed by the table above. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Libc | undefined;

/**
 * The C library's functions, loaded at the first call of each thread.
 *
 * @throws {Error} if there is no glibc: the server then has no native transport
 */
export function libc(): Libc {
  opened ??= Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  return opened;
}

/** Whether libc can be called here: Linux with glibc, and the permission. */
export function hasLibc(): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    libc();
    return true;
  } catch {
    return false; // no glibc, or no permission: the caller does without
  }
}
