/**
 * Error numbers that the fake kernel returns and the server's own os module does not export.
 *
 * In: nothing. Out: constants of include/uapi/asm-generic/errno-base.h and errno.h, the same on every
 * architecture that Deno has.
 */

/** Numbers by their names in errno(3). */
export const EPERM = 1;
export const ENOENT = 2;
export const EIO = 5;
export const EBADF = 9;
export const EEXIST = 17;
export const ENOSPC = 28;
export const ENONET = 64;
export const ENOPROTOOPT = 92;
export const EOPNOTSUPP = 95;
export const ENETDOWN = 100;
export const ENETUNREACH = 101;
export const ETIMEDOUT = 110;
export const EHOSTDOWN = 112;
export const EHOSTUNREACH = 113;
