/**
 * The errno numbers that the server meets, their names and texts, for architectures with Linux's generic
 * numbers.
 *
 * In: the positive number. Out: the constant's name, and a text like that of strerror(3). Source:
 * include/uapi/asm-generic/errno-base.h and errno.h.
 */

/** The numbers that the server meets, by their names in errno(3). */
export const EPERM = 1;
export const ENOENT = 2;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const ENOEXEC = 8;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EBUSY = 16;
export const EXDEV = 18;
export const ENODEV = 19;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ETXTBSY = 26;
export const EFBIG = 27;
export const ENOSPC = 28;
export const EROFS = 30;
export const EPIPE = 32;
export const ENAMETOOLONG = 36;
export const ENOSYS = 38;
export const ELOOP = 40;
export const ENONET = 64;
export const EPROTO = 71;
export const EOVERFLOW = 75;
export const ENOTSOCK = 88;
export const ENOPROTOOPT = 92;
export const EOPNOTSUPP = 95;
export const EADDRINUSE = 98;
export const ENETDOWN = 100;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const ENOTCONN = 107;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTDOWN = 112;
export const EHOSTUNREACH = 113;
export const EINPROGRESS = 115;
export const ESTALE = 116;
export const EDQUOT = 122;
export const ECANCELED = 125;

const ERRORS: Readonly<Record<number, readonly [name: string, text: string]>> = {
  [EPERM]: ["EPERM", "operation not permitted"],
  [ENOENT]: ["ENOENT", "no such file or directory"],
  [EINTR]: ["EINTR", "interrupted system call"],
  [EIO]: ["EIO", "input/output error"],
  [ENXIO]: ["ENXIO", "no program reads the FIFO, or there is no such device"],
  [ENOEXEC]: ["ENOEXEC", "the file is no program for this machine, or is damaged"],
  [EBADF]: ["EBADF", "bad file descriptor"],
  [EAGAIN]: ["EAGAIN", "resource temporarily unavailable"],
  [ENOMEM]: ["ENOMEM", "cannot allocate memory"],
  [EACCES]: ["EACCES", "permission denied"],
  [EBUSY]: ["EBUSY", "device or resource busy"],
  [EXDEV]: ["EXDEV", "the path leads out of the folder"],
  [ENODEV]: ["ENODEV", "no such device"],
  [ENOTDIR]: ["ENOTDIR", "not a directory"],
  [EISDIR]: ["EISDIR", "is a directory"],
  [EINVAL]: ["EINVAL", "invalid argument"],
  [ENFILE]: ["ENFILE", "too many open files in the system"],
  [EMFILE]: ["EMFILE", "too many open files"],
  [ETXTBSY]: ["ETXTBSY", "the file is a program that runs, or is being written"],
  [EFBIG]: ["EFBIG", "the file is too large"],
  [ENOSPC]: ["ENOSPC", "no space left on device"],
  [EROFS]: ["EROFS", "read-only file system"],
  [EADDRINUSE]: ["EADDRINUSE", "address already in use"],
  [ECONNREFUSED]: ["ECONNREFUSED", "connection refused"],
  [EPIPE]: ["EPIPE", "broken pipe"],
  [ENAMETOOLONG]: ["ENAMETOOLONG", "the name is too long"],
  [ENOSYS]: ["ENOSYS", "the kernel does not have this call"],
  [ELOOP]: ["ELOOP", "the path is a symbolic link"],
  [ENONET]: ["ENONET", "machine is not on the network"],
  [ENOPROTOOPT]: ["ENOPROTOOPT", "protocol not available"],
  [EOPNOTSUPP]: ["EOPNOTSUPP", "operation not supported"],
  [ENETDOWN]: ["ENETDOWN", "network is down"],
  [ENETUNREACH]: ["ENETUNREACH", "network is unreachable"],
  [EHOSTDOWN]: ["EHOSTDOWN", "host is down"],
  [EHOSTUNREACH]: ["EHOSTUNREACH", "no route to host"],
  [EPROTO]: ["EPROTO", "protocol error"],
  [EOVERFLOW]: ["EOVERFLOW", "value too large for defined data type"],
  [ENOTSOCK]: ["ENOTSOCK", "not a socket"],
  [ECONNABORTED]: ["ECONNABORTED", "connection aborted"],
  [ECONNRESET]: ["ECONNRESET", "connection reset by peer"],
  [ENOBUFS]: ["ENOBUFS", "no buffer space available"],
  [ENOTCONN]: ["ENOTCONN", "not connected"],
  [ETIMEDOUT]: ["ETIMEDOUT", "connection timed out"],
  [EINPROGRESS]: ["EINPROGRESS", "operation now in progress"],
  [ESTALE]: ["ESTALE", "stale file handle"],
  [EDQUOT]: ["EDQUOT", "disk quota exceeded"],
  [ECANCELED]: ["ECANCELED", "operation canceled"],
};

/** The constant's name, `ECONNRESET`, or `errno 999` for a number that is not in the table. */
export function errnoName(errno: number): string {
  return ERRORS[errno]?.[0] ?? `errno ${errno}`;
}

/** What the number means, in lower case and without a full stop. */
export function errnoText(errno: number): string {
  return ERRORS[errno]?.[1] ?? `errno ${errno}`;
}

/** The number of a name, `ENOSPC`; EIO for one that is not in the table. */
export function errnoOf(name: string): number {
  const entry = Object.entries(ERRORS).find(([_, [known]]) => known === name);
  return entry === undefined ? EIO : Number(entry[0]);
}
