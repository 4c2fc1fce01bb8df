/**
 * Socket options that Deno's listeners with `reusePort` lack, set by libc, so on Linux only. The Deno transport
 * also works without them.
 *
 * In: the address that all workers listen on. Out: TCP_NODELAY on accepted connections, a longer backlog, and
 * steering. Linux spreads new connections over all sockets of the address, and resets those in the backlog of a
 * socket that is closed. Steering lets a socket's backlog drain before the socket is closed. It is a classic
 * BPF program attached to the group, which returns the index of the socket for the next connection: always the
 * number of workers. While each worker has one socket there is no such index, and the kernel spreads as usual.
 * When the workers open new sockets to replace the old ones, the first new socket has that index and gets all
 * connections; once the last old socket is closed, the index is out of range again.
 */

import { EPERM } from "./errno.ts";
import { libc } from "./libc.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";
import { isAt, sockets } from "./sockets.ts";
import { expectSuccess, result } from "./syscall.ts";
import { SystemError } from "./system_error.ts";

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

// linux/filter.h and linux/bpf_common.h: struct sock_filter { u16 code; u8 jt, jf; u32 k }
const BPF_LOAD_BYTE = 0x30; // BPF_LD | BPF_B | BPF_ABS
const BPF_AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const BPF_JUMP_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const BPF_RETURN = 0x06; // BPF_RET | BPF_K
const FILTER_BYTES = 8;
const WHOLE_PACKET = 0xffff_ffff;
// The flags of a TCP header, and those of a client's first segment: SYN without ACK.
const TCP_FLAGS_AT = 13;
const SYN_AND_ACK = 0x12;
const SYN = 0x02;

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

/**
 * Gives all sockets of this process that listen on `address` a longer backlog, and sets TCP_NODELAY, which
 * accepted connections inherit. A socket that another thread closes meanwhile is skipped.
 */
export function tuneListeners(address: Deno.NetAddr, backlog: number): void {
  const on = new Uint8Array(new Int32Array([1]).buffer);
  for (const descriptor of listenersOn(address)) {
    libc().setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, on, 4);
    libc().listen(descriptor, backlog);
  }
}

/**
 * Attaches the steering program, when each of `workers` workers has one socket at `address`.
 *
 * @throws {SystemError} if the kernel refuses
 */
export function steerConnections(address: Deno.NetAddr, workers: number): void {
  const steering = program([[BPF_RETURN, 0, 0, workers]]);
  for (const descriptor of listenersOn(address)) {
    return attach(descriptor, SO_ATTACH_REUSEPORT_CBPF, steering); // the program applies to the whole group
  }
}

/**
 * Has the kernel drop the first segment of every new connection to `address`, so that all existing connections
 * can be accepted before the sockets are closed. A client whose segment is dropped sends it again within a
 * second, and is refused.
 *
 * Newer kernels require CAP_NET_ADMIN to filter TCP sockets; without it this does nothing. A connection that
 * arrives in the last moment before a socket is closed is then reset instead of refused.
 *
 * @throws {SystemError} if the kernel refuses for another reason
 */
export function holdConnections(address: Deno.NetAddr): void {
  const hold = program([
    [BPF_LOAD_BYTE, 0, 0, TCP_FLAGS_AT],
    [BPF_AND, 0, 0, SYN_AND_ACK],
    [BPF_JUMP_EQUAL, 0, 1, SYN],
    [BPF_RETURN, 0, 0, 0],
    [BPF_RETURN, 0, 0, WHOLE_PACKET],
  ]);
  for (const descriptor of listenersOn(address)) {
    try {
      attach(descriptor, SO_ATTACH_FILTER, hold);
    } catch (error) {
      if (error instanceof SystemError && error.errno === EPERM) return; // the same for all sockets
      throw error;
    }
  }
}

function* listenersOn(address: Deno.NetAddr): Generator<number, void, undefined> {
  const sockaddr = new Uint8Array(SOCKADDR_BYTES);
  for (const descriptor of sockets(true)) {
    if (isAt(libc().getsockname, descriptor, sockaddr, address)) yield descriptor;
  }
}

function program(instructions: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(instructions.length * FILTER_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, [code, jumpTrue, jumpFalse, k]] of instructions.entries()) {
    const at = i * FILTER_BYTES;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, jumpTrue);
    view.setUint8(at + 3, jumpFalse);
    view.setUint32(at + 4, k, true);
  }
  return bytes;
}

function attach(descriptor: number, option: number, filter: Uint8Array<ArrayBuffer>): void {
  // struct sock_fprog { u16 len; struct sock_filter *filter }; the pointer is aligned to 8.
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  view.setUint16(0, filter.length / FILTER_BYTES, true);
  view.setBigUint64(8, BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(filter))), true);
  const set = libc().setsockopt(descriptor, SOL_SOCKET, option, header, header.length);
  expectSuccess("setsockopt SO_ATTACH_…", result(set), descriptor);
}
