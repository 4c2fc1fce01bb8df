/**
 * A socket transport on the fake kernel, and a session that records its calls.
 */

import { MessageBufferPool } from "../../../protocol/mod.ts";
import { EventLoop, type SocketContext, SocketTransport } from "../../../runtime/native/mod.ts";
import { type OpenFile, OutgoingBatch, type Session } from "../../../runtime/net/mod.ts";
import type { RingSender } from "../../../runtime/native/ring_sender.ts";
import { FakeOs } from "../../support/fake_os.ts";
import { FakeSocket } from "../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../support/protocol_cases.ts";

/** Milliseconds for which a peer may take no bytes. */
export const STALL = 30_000;

/** A session that records its calls. */
export class Recorder implements Session {
  readonly calls: string[] = [];
  /** Bytes left of the direct range. */
  directRoom = 0;
  readonly directBytes = new Uint8Array(100);
  directStart = 10;
  heldBytes = 0;
  heldSince = 0;

  shed(): void {
    this.calls.push("<shed>");
  }

  get directEnd(): number {
    return this.directStart + this.directRoom;
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.calls.push(textOf(bytes.subarray(start, end)));
  }

  receiveEnd(): void {
    this.calls.push("<end>");
  }

  drained(): void {
    this.calls.push("<drained>");
  }

  deadline(): void {
    this.calls.push("<deadline>");
  }

  closed(): void {
    this.calls.push("<closed>");
  }

  drain(): void {
    this.calls.push("<drain>");
  }

  wantsDirect(): boolean {
    return this.directRoom > 0;
  }

  receivedDirect(count: number): void {
    this.calls.push(`<direct ${count}>`);
    this.directRoom -= count;
    this.directStart += count;
  }
}

/** A transport on a fake socket, in a loop that the test runs. */
export class Bench implements SocketContext {
  readonly os = new FakeOs();
  readonly loop = new EventLoop(this.os);
  readonly receiveBuffer = new Uint8Array(4096);
  readonly messages = new MessageBufferPool();
  readonly outgoing = new OutgoingBatch(this.messages);
  readonly ringSender: RingSender | null;
  readonly writeStall = STALL;
  /** Bytes that the counters have as waiting. */
  waiting = 0;
  readonly traffic = {
    received: () => {},
    sent: () => {},
    queued: (count: number) => void (this.waiting += count),
    unqueued: (count: number) => void (this.waiting -= count),
    stalled: () => {},
  };
  readonly session = new Recorder();
  readonly socket: FakeSocket;
  readonly transport: SocketTransport;
  closings = 0;

  /** @param makeSender makes the sender that the socket shares with others */
  constructor(sendBuffer = 4096, makeSender?: (os: FakeOs) => RingSender) {
    this.ringSender = makeSender?.(this.os) ?? null;
    if (this.ringSender !== null) this.outgoing.sendJointly(this.ringSender);
    this.socket = new FakeSocket({ sendBuffer });
    this.os.world = {
      act: () => {},
      nextAct: () => Infinity,
      starved: () => this.os.now = Infinity,
    };
    this.transport = new SocketTransport(this.os.adopt(this.socket), this);
    this.transport.setSession(this.session);
    this.loop.gather(this.outgoing);
  }

  heldBySocket(): number {
    return 0;
  }

  onReceiveFailed(transport: SocketTransport): void {
    transport.abort();
  }

  onClosing(): void {
    this.closings++;
  }

  /** The peer sends. */
  say(text: string): void {
    this.socket.sendAsPeer(bytesOf(text), 0, text.length);
  }

  /** What the peer reads now, or the end of its stream. */
  heard(): string | number {
    const bytes = new Uint8Array(100_000);
    const count = this.socket.readAsPeer(bytes);
    return count < 0 ? count : textOf(bytes.subarray(0, count));
  }

  /** Appends, and sends as at the end of a batch. */
  write(text: string): void {
    this.transport.out.append(bytesOf(text));
    this.outgoing.flush();
  }

  /** Appends a part of a file, and sends as at the end of a batch. */
  writeFile(file: OpenFile, start: number, end: number): void {
    this.transport.out.appendConstant(file, start, end);
    this.outgoing.flush();
  }

  /** Lets time pass while the loop runs. */
  pass(milliseconds: number): void {
    const until = this.os.now + milliseconds;
    while (this.os.now < until) {
      this.os.now = Math.min(this.os.now + 500, until);
      this.loop.turn(false);
    }
  }

  get interest(): number {
    return this.os.interestOf(this.transport.descriptor);
  }
}
