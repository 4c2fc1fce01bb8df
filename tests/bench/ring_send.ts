/**
 * `deno run -A tests/bench/ring_send.ts [ROUNDS]`: the cost of sending to many sockets, by a send(2) each and by one
 * submission of io_uring.
 *
 * In: nothing. Out: a table of nanoseconds per socket, medians of interleaved rounds, for messages of 64 bytes and
 * 1 KiB to 2 to 64 sockets on 127.0.0.1. The receivers are in the same process and read between the rounds, so
 * nobody is woken by a send. Fails if the kernel refuses io_uring.
 */

import {
  EAGAIN,
  LinuxOs,
  type LoopbackPair,
  loopbackPair,
  openIoUring,
} from "../../runtime/os/mod.ts";
import { alignColumns } from "./report.ts";
import { median } from "./statistics.ts";

const SOCKETS = [2, 4, 8, 16, 64];
const LENGTHS = [64, 1024];
/** Messages to each socket in a turn: they fit its buffers. */
const MESSAGES = 50;

const os = new LinuxOs();

/** Reads all that was sent to a socket. */
async function drain({ conn }: LoopbackPair, bytes: number): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let count = 0; count < bytes;) count += await conn.read(buffer) ?? bytes;
}

/** Nanoseconds per message. */
async function time(pairs: readonly LoopbackPair[], length: number, send: () => void) {
  const begin = performance.now();
  for (let i = 0; i < MESSAGES; i++) send();
  const elapsed = performance.now() - begin;
  await Promise.all(pairs.map((pair) => drain(pair, length * MESSAGES)));
  return elapsed * 1e6 / MESSAGES / pairs.length;
}

function expectWhole(sent: number, length: number): void {
  if (sent !== length) throw new Error(sent === -EAGAIN ? "a buffer is full" : `send: ${sent}`);
}

async function compare(pairs: readonly LoopbackPair[], length: number, rounds: number) {
  const opened = openIoUring();
  if (typeof opened === "string") throw new Error(`no io_uring: ${opened}`);
  const { ring } = opened;
  const message = new Uint8Array(length).fill(120);
  const one = () => {
    for (const { descriptor } of pairs) {
      expectWhole(os.send(descriptor, message, length, false), length);
    }
  };
  const joint = () => {
    ring.bytes.set(message);
    for (const { descriptor } of pairs) ring.addSend(descriptor, 0, length);
    ring.submit();
    for (let i = 0; i < pairs.length; i++) expectWhole(ring.results[i]!, length);
  };
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < rounds; i++) {
    times[0].push(await time(pairs, length, one));
    times[1].push(await time(pairs, length, joint));
  }
  opened.close();
  return times.map(median) as [number, number];
}

async function main(rounds: number): Promise<void> {
  const { signal } = new AbortController();
  const pairs: LoopbackPair[] = [];
  for (let i = 0; i < Math.max(...SOCKETS); i++) pairs.push(await loopbackPair(signal));
  const rows = [["bytes", "sockets", "send", "io_uring", "ratio"]];
  for (const length of LENGTHS) {
    for (const count of SOCKETS) {
      const [one, joint] = await compare(pairs.slice(0, count), length, rounds);
      const figures = [one.toFixed(0), joint.toFixed(0), (joint / one).toFixed(2)];
      rows.push([String(length), String(count), ...figures]);
    }
  }
  console.log(alignColumns(rows).join("\n"));
  for (const { conn, descriptor } of pairs) {
    conn.close();
    os.close(descriptor);
  }
}

if (import.meta.main) await main(Number(Deno.args[0] ?? 51));
