/**
 * Opens rings of io_uring(7) on Linux, and says whether that is possible here.
 *
 * In: nothing. Out: a ring of the calling thread with its descriptor, or why there is none. That is normal: the
 * kernel is older than 6.1, kernel.io_uring_disabled is set, or a container's seccomp filter refuses the calls.
 */

import { EINVAL, ENOSYS, EPERM, errnoName } from "./errno.ts";
import { type EnterRing, IoUring, type RingMemory } from "./io_uring.ts";
import {
  COMPLETION,
  IO_URING_CALL,
  IORING_ENTER_GETEVENTS,
  IORING_FEAT_NODROP,
  IORING_FEAT_SINGLE_MMAP,
  IORING_OFF_RING,
  IORING_OFF_SQES,
  IORING_SETUP_DEFER_TASKRUN,
  IORING_SETUP_SINGLE_ISSUER,
  PARAMS,
  SUBMISSION,
} from "./io_uring_layout.ts";
import { libc } from "./libc.ts";
import { result } from "./syscall.ts";

/** Sends of one submission: as many as queues wait for a common flush (net/outgoing_batch.ts). */
const ENTRIES = 64;
/** Bytes of memory for what is sent, unless the caller wants more. */
const LEAST_BYTES = 64 * 1024;
const PROT_READ_WRITE = 1 | 2;
const MAP_SHARED_POPULATE = 0x1 | 0x8000;

/** A ring of this thread. */
export interface OpenedRing {
  readonly ring: IoUring;
  readonly descriptor: number;
  /** Unmaps its memory and closes it. It must not be used afterwards. */
  close(): void;
}

/**
 * Opens a ring for the calling thread.
 *
 * @param memoryBytes bytes of memory for what is sent, by the number of entries
 * @returns the ring, or why there is none, for the operator
 */
export function openIoUring(
  memoryBytes: (entries: number) => number = () => LEAST_BYTES,
): OpenedRing | string {
  const setup = setUpRing(ENTRIES, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
  return typeof setup === "string" ? setup : opened(setup, memoryBytes);
}

/** A ring with its memory mapped. */
export interface RingSetup {
  readonly descriptor: number;
  readonly params: Uint32Array;
  /** The words of mapping RING, and those of mapping SQES. */
  readonly ring: Uint32Array;
  readonly submissions: Uint32Array;
  /** Unmaps the memory and closes the ring: what waits in it is cancelled. */
  close(): void;
}

/**
 * Sets a ring up and maps its memory.
 *
 * @param entries of the submission queue, a power of two
 * @returns the ring, or why there is none, for the operator
 */
export function setUpRing(entries: number, flags: number): RingSetup | string {
  const params = new Uint32Array(PARAMS.words);
  params[PARAMS.flags] = flags;
  const bytes = new Uint8Array(params.buffer);
  const descriptor = result(libc().syscall_io_uring_setup(IO_URING_CALL.setup, entries, bytes));
  if (descriptor < 0) return refusal(-descriptor);
  const wanted = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP;
  const mappings = (params[PARAMS.features]! & wanted) === wanted && map(descriptor, params);
  if (!mappings) {
    libc().close(descriptor);
    return "the kernel cannot map its memory";
  }
  return {
    descriptor,
    params,
    ring: wordsOf(mappings[0]),
    submissions: wordsOf(mappings[1]),
    close: () => {
      mappings.forEach(unmap);
      libc().close(descriptor);
    },
  };
}

/** io_uring_enter(2) of a ring; see io_uring.ts. */
export function enterRing(
  descriptor: number,
  submit: number,
  waitFor: number,
  flags: number,
): number {
  const { syscall_io_uring_enter: call } = libc();
  return result(call(IO_URING_CALL.enter, descriptor, submit, waitFor, flags, 0, 0));
}

/** Why the kernel has refused a ring, for the operator. */
function refusal(errno: number): string {
  switch (errno) {
    case ENOSYS:
      return "the kernel does not have it, or a seccomp filter refuses it";
    case EPERM:
      return "refused by kernel.io_uring_disabled or a seccomp filter";
    case EINVAL:
      return "the kernel is older than Linux 6.1";
    default:
      return `io_uring_setup: ${errnoName(errno)}`;
  }
}

interface Mapping {
  readonly address: Deno.PointerObject;
  readonly length: number;
}

function map(descriptor: number, params: Uint32Array): readonly [Mapping, Mapping] | null {
  const cqEntries = params[PARAMS.cqEntries]!;
  const sqEntries = params[PARAMS.sqEntries]!;
  const length = Math.max(
    params[PARAMS.sq.array]! + sqEntries * 4,
    params[PARAMS.cq.entries]! + cqEntries * COMPLETION.bytes,
  );
  const ring = mapped(descriptor, length, IORING_OFF_RING);
  const submissions = mapped(descriptor, sqEntries * SUBMISSION.bytes, IORING_OFF_SQES);
  if (ring !== null && submissions !== null) return [ring, submissions];
  for (const mapping of [ring, submissions]) if (mapping !== null) unmap(mapping);
  return null;
}

function mapped(descriptor: number, length: number, offset: number): Mapping | null {
  const flags = MAP_SHARED_POPULATE;
  const address = libc().mmap(null, length, PROT_READ_WRITE, flags, descriptor, BigInt(offset));
  // MAP_FAILED is -1.
  return address === null || Deno.UnsafePointer.value(address) >= 2n ** 63n
    ? null
    : { address, length };
}

function unmap({ address, length }: Mapping): void {
  libc().munmap(address, length);
}

function wordsOf({ address, length }: Mapping): Uint32Array {
  return new Uint32Array(Deno.UnsafePointerView.getArrayBuffer(address, length));
}

function opened(
  { descriptor, params, ring, submissions, close }: RingSetup,
  memoryBytes: (entries: number) => number,
): OpenedRing {
  const word = (field: number) => params[field]! / 4;
  // Memory of that size is not on V8's heap, so it does not move; the ring keeps it from being collected.
  const bytes = new Uint8Array(memoryBytes(params[PARAMS.sqEntries]!));
  const memory: RingMemory = {
    bytes,
    bytesAddress: addressOf(bytes),
    ring,
    submissions,
    at: {
      submissionTail: word(PARAMS.sq.tail),
      submissionIndices: word(PARAMS.sq.array),
      completionHead: word(PARAMS.cq.head),
      completionTail: word(PARAMS.cq.tail),
      completions: word(PARAMS.cq.entries),
    },
    submissionEntries: params[PARAMS.sqEntries]!,
    completionEntries: params[PARAMS.cqEntries]!,
  };
  const enter: EnterRing = (submit, waitFor) =>
    enterRing(descriptor, submit, waitFor, IORING_ENTER_GETEVENTS);
  return { ring: new IoUring(memory, enter), descriptor, close };
}

/** Where memory is for the kernel; addresses of programs have 47 or 48 bits. */
export function addressOf(bytes: Uint8Array<ArrayBuffer>): number {
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}
