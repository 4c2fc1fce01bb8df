/**
 * The structures of io_uring(7) as the kernel defines them: include/uapi/linux/io_uring.h.
 *
 * In: nothing. Out: numbers of calls and bits, and where each field is. All fields are in host order, which is
 * little-endian on every architecture that Deno supports; io_uring's call numbers are the same on all of them.
 *
 * ```text
 * mapping RING:  head, tail, mask … of both queues, at the offsets that setup returns; the indices of the
 *                submission queue (u32 each); the completions
 * mapping SQES:  the submission entries
 *
 * submission, 64 bytes                               completion, 16 bytes
 *  0  opcode u8 | flags u8 | priority u16             0  user data u64
 *  4  descriptor i32                                  8  result i32: a count, or the negated errno
 *  8  offset u64                                     12  flags u32
 * 16  address u64
 * 24  length u32
 * 28  flags of the operation u32 (send: MSG_…; poll: EPOLL…)
 * 32  user data u64
 * 40  (not used here)
 * ```
 */

/** Numbers for syscall(2). */
export const IO_URING_CALL = { setup: 425, enter: 426 } as const;

/** Bits for setup: one thread submits, and completions are posted only while it waits in enter. */
export const IORING_SETUP_SINGLE_ISSUER = 1 << 12;
export const IORING_SETUP_DEFER_TASKRUN = 1 << 13;

/** Bits that setup returns: both queues are one mapping; a completion without room is kept by the kernel. */
export const IORING_FEAT_SINGLE_MMAP = 1 << 0;
export const IORING_FEAT_NODROP = 1 << 1;

/** Bit for enter: wait for completions. */
export const IORING_ENTER_GETEVENTS = 1 << 0;

/** Offsets for mmap(2). */
export const IORING_OFF_RING = 0;
export const IORING_OFF_SQES = 0x1000_0000;

/** Operations. */
export const IORING_OP_POLL_ADD = 6;
export const IORING_OP_SEND = 26;

/** Flag of a submission: the next one begins when this one has succeeded. */
export const IOSQE_IO_LINK = 1 << 2;

/** Words of struct io_uring_params, 120 bytes; `sq` and `cq` are offsets into the mapping RING. */
export const PARAMS = {
  words: 30,
  sqEntries: 0,
  cqEntries: 1,
  flags: 2,
  features: 5,
  sq: { tail: 11, array: 16 },
  cq: { head: 20, tail: 21, entries: 25 },
} as const;

/** Bytes of a submission entry and where its fields are, in words but for the opcode and the flags. */
export const SUBMISSION = {
  bytes: 64,
  words: 16,
  opcodeByte: 0,
  flagsByte: 1,
  descriptor: 1,
  addressLow: 4,
  addressHigh: 5,
  length: 6,
  operationFlags: 7,
  userData: 8,
} as const;

/** Bytes of a completion and where its fields are, in words. */
export const COMPLETION = { bytes: 16, words: 4, userData: 0, result: 2 } as const;
