/**
 * A random scenario for the whole server: peers of every kind, faults, clocks that misbehave.
 *
 * In: a seed. Out: a FakeServer with scheduled peers, and `run`, which compares what each peer received
 * with what it must receive. Called by server_fuzz_test.ts.
 */

import { CONNECTION_LIMITS } from "../../runtime/config/mod.ts";
import { EAGAIN, EBUSY, EINTR } from "../../runtime/os/mod.ts";
import { type Ending, FakeHttpPeer } from "../support/fake_http_peer.ts";
import { FakePeer, type PeerPace } from "../support/fake_peer.ts";
import type { FakeRingOptions } from "../support/fake_ring.ts";
import { FakeServer } from "../support/fake_server.ts";
import { FakeSocket } from "../support/fake_socket.ts";
import { FakeWebSocketPeer, type WebSocketEnding } from "../support/fake_websocket_peer.ts";
import { FaultPlan } from "../support/fault_plan.ts";
import { bytesOf } from "../support/protocol_cases.ts";
import type { Random } from "../support/random.ts";
import { randomApp } from "./server_app.ts";
import { randomExchanges, scatteredBytes } from "./server_requests.ts";

/** The kinds of peers; frequent kinds are repeated. */
const KINDS = [
  "http",
  "http",
  "http",
  "websocket",
  "websocket",
  "rude",
  "garbage",
  "mute",
] as const;

/** How late a deadline may be: a tick of the timer wheel, the coarse clock, an interrupted wait. */
const SLACK = 1000;

/** A server, its peers, and what they must receive. */
export class Scenario {
  readonly server: FakeServer;
  /** What was reached, so that a test can check that everything was. */
  readonly seen: string[] = [];
  readonly #random: Random;
  readonly #checks: (() => void)[] = [];
  readonly #stops: boolean;
  readonly #workerAccepts: boolean;
  readonly #hasRing: boolean;
  readonly #start: number;
  #clockStood = 0;

  constructor(random: Random) {
    this.#random = random;
    const rate = this.#pick([0, 20, 100, 300]);
    // Listener, doorbell, log and epoll take four, a ring one more; with only a few more, connections wait for each other.
    const scarce = random.below(4) === 0;
    if (scarce) this.seen.push("scarce descriptors");
    this.#workerAccepts = random.below(2) === 0;
    this.#hasRing = random.below(2) === 0;
    if (this.#hasRing) this.seen.push("io_uring");
    if (this.#workerAccepts) this.seen.push("a worker that accepts");
    this.server = new FakeServer({
      faults: new FaultPlan(random, rate),
      log: random.below(4) > 0,
      workerAccepts: this.#workerAccepts,
      ...(this.#hasRing ? { ring: ringOf(random) } : {}),
      ...(scarce ? { descriptors: 5 + (this.#hasRing ? 1 : 0) + random.below(3) } : {}),
    });
    if (random.below(2) === 0) this.server.app = randomApp(random, this.seen);
    this.#start = this.server.os.now;
    this.#stops = random.below(5) === 0;
    if (this.#stops) this.#at(6000, () => this.server.stop());
    if (random.below(3) === 0) this.#disturbClocks();
    for (let count = 1 + random.below(10); count > 0; count--) this.#addPeer(this.#pick(KINDS));
  }

  /** Serves all peers and checks what each received. */
  async run(): Promise<void> {
    await this.server.run();
    for (const check of this.#checks) check();
    const { os } = this.server;
    const elapsed = os.now - this.#start;
    // Each action needs at most a few turns, and elapsed time a few timers. If the clock stops right before
    // a deadline, it is read again after each of its steps of 4 ms.
    // A worker that finds no descriptor tries again after 20 ms; the acceptor does so in its own thread.
    const timers = elapsed / (this.#workerAccepts ? 20 : 50);
    const most = 4 * os.progress + timers + this.#clockStood / 4 + 500;
    if (os.waits > most) throw new Error(`${os.waits} waits for ${os.progress} actions`);
  }

  #addPeer(kind: typeof KINDS[number]): void {
    if (kind === "http") this.#addHttp(false);
    else if (kind === "websocket") this.#addWebSocket(false);
    else if (kind === "rude") this.#addRude();
    else if (kind === "garbage") this.#addGarbage();
    else this.#addMute();
  }

  #addHttp(doomed: boolean): FakeHttpPeer {
    const random = this.#random;
    const peer = new FakeHttpPeer(this.#socket(doomed), random, this.#pace());
    peer.mayStop = this.#stops;
    const closes = random.below(3) === 0;
    const oneByOne = random.below(2) === 0;
    peer.ask(randomExchanges(random, { count: 1 + random.below(6), closes }), oneByOne);
    const endings: Ending[] = oneByOne ? ["close", "idle"] : ["close", "half-close", "idle"];
    peer.ending = closes ? "end" : this.#pick(endings);
    this.#connect(peer);
    if (doomed) return peer;
    this.#checks.push(() => {
      this.seen.push(`http ${peer.ending}`);
      if (!this.#stops) assertSatisfied(peer, `${peer.answered} of ${peer.expected} answers`);
      // The server stopped: the responses sent are complete and correct; the others were not started.
      if (!this.#stops && peer.ending !== "close" && peer.outcome !== "end") {
        throw new Error(`ends with ${peer.outcome}`);
      }
      if (peer.ending === "idle") this.#checkIdle(peer);
    });
    return peer;
  }

  #addWebSocket(doomed: boolean): FakeWebSocketPeer {
    const random = this.#random;
    const peer = new FakeWebSocketPeer(this.#socket(doomed), random, this.#pace());
    for (let count = random.below(8); count > 0; count--) this.#enqueueMessage(peer);
    const endings: WebSocketEnding[] = ["close frame", "half-close", "silent", "end"];
    peer.ending = this.#pick(endings);
    this.#connect(peer);
    if (doomed) return peer;
    this.#checks.push(() => {
      this.seen.push(`websocket ${peer.ending}`);
      if (this.#stops) {
        // A client that is still connected when the server stops receives a close frame.
        const there = peer.upgraded && peer.outcome !== "open" && peer.closeCode !== 1000;
        if (there && peer.ending === "silent" && peer.closeCode !== 1001) {
          throw new Error(`stopped with code ${peer.closeCode}`);
        }
        return;
      }
      assertSatisfied(peer, `${peer.echoed} echoes`);
      if (peer.ending === "close frame" && peer.closeCode !== 1000) {
        throw new Error(`closed with ${peer.closeCode}`);
      }
      if (peer.ending === "silent") {
        if (peer.pinged !== 1) throw new Error(`pinged ${peer.pinged} times`);
        const latest = CONNECTION_LIMITS.pongTime + SLACK + peer.satisfiedAt - peer.lastSentAt;
        this.#checkDeadline(peer, CONNECTION_LIMITS.pongTime, latest);
      }
    });
    return peer;
  }

  #enqueueMessage(peer: FakeWebSocketPeer): void {
    const random = this.#random;
    if (random.below(4) === 0) return peer.ping(random.bytes(random.below(126)));
    const length = this.#pick([0, 1, 125, 126, 4095, 4096, 4097, 16_000, 65_535, 65_536, 150_000]);
    const text = random.below(2) === 0;
    const payload = text ? new Uint8Array(length).fill(0x78) : scatteredBytes(random, length);
    const fragments = random.below(3) === 0 ? 1 + random.below(5) : 1;
    peer.message({ opcode: text ? 1 : 2, payload, fragments });
  }

  /** Adds a peer that behaves well at first and then disconnects; the kernel may end it too. */
  #addRude(): void {
    const random = this.#random;
    const peer = random.below(2) === 0 ? this.#addHttp(true) : this.#addWebSocket(true);
    this.#at(3000, () => {
      this.seen.push("rude");
      if (random.below(4) === 0) peer.reading = false;
      else if (random.below(2) === 0) peer.reset();
      else if (!peer.closed) peer.close();
    });
  }

  #addGarbage(): void {
    const random = this.#random;
    const peer = new FakePeer(this.#socket(random.below(2) === 0), random, this.#pace());
    const [good] = randomExchanges(random, { count: 1, closes: false });
    const bytes = random.below(2) === 0 ? random.bytes(1 + random.below(500)) : good!.request; // one asked for
    for (let i = random.below(4); i >= 0; i--) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    if (random.below(2) === 0) peer.enqueue(bytesOf("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
    peer.enqueue(bytes);
    this.#connect(peer);
    this.#checks.push(() => void this.seen.push(`garbage ${peer.outcome}`));
  }

  /** Adds a peer that sends something, complete or not, and then stays silent. */
  #addMute(): void {
    const cases: [name: string, text: string, deadline: number][] = [
      ["nothing", "", CONNECTION_LIMITS.headTime],
      ["half a head", "GET /healthz HTTP/1.1\r\nHo", CONNECTION_LIMITS.headTime],
      [
        "half a body",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nhalf",
        CONNECTION_LIMITS.headTime,
      ],
      ["a request", "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", CONNECTION_LIMITS.idleTime],
      [
        "takes nothing",
        "GET /large HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3),
        CONNECTION_LIMITS.writeStall,
      ],
    ];
    const [name, text, deadline] = this.#pick(cases);
    const peer = new FakePeer(this.#socket(false), this.#random, {
      sends: 99,
      reads: 999,
      pause: 0,
    });
    peer.enqueue(bytesOf(text));
    peer.reading = name !== "takes nothing";
    this.#connect(peer);
    this.#checks.push(() => {
      this.seen.push(`mute ${name}`);
      // If the kernel accepts bytes late, the write timeout starts again.
      const latest = name === "takes nothing" ? 2 * deadline + SLACK : deadline + SLACK;
      this.#checkDeadline(peer, deadline, latest);
    });
  }

  /** Checks that the peer was closed at its limit after the last byte it sent or received, not before. */
  #checkDeadline(peer: FakePeer, limit: number, latest = limit + SLACK): void {
    if (this.#stops) return;
    const { acceptedAt, closedAt } = peer.socket;
    const said = Number.isNaN(peer.lastSentAt) ? acceptedAt : Math.max(acceptedAt, peer.lastSentAt);
    const silence = closedAt - said;
    if (!(silence >= limit - SLACK && silence <= latest)) {
      const stood = this.#clockStood;
      throw new Error(`closed after ${silence} ms in place of ${limit} (the clock stood ${stood})`);
    }
  }

  /** Checks the idle timeout, which starts when the last response is sent. */
  #checkIdle(peer: FakePeer): void {
    const { idleTime } = CONNECTION_LIMITS;
    // A response may be sent before the request is complete: the server skips an unused body.
    const waited = Math.max(peer.lastReceivedAt - peer.lastSentAt, 0);
    this.#checkDeadline(peer, idleTime, idleTime + SLACK + waited);
  }

  #disturbClocks(): void {
    const { os } = this.server;
    this.seen.push("clock");
    const jump = this.#pick([-86_400_000, -3_600_000, -1000, 3_600_000]);
    this.#at(4000, () => os.wallOffset += jump);
    const from = this.#random.below(4000);
    this.#clockStood = 1000 + this.#random.below(20_000);
    this.server.schedule(os.now + from, () => os.freeze());
    this.server.schedule(os.now + from + this.#clockStood, () => os.thaw());
  }

  #connect(peer: FakePeer): void {
    this.server.connectAt(this.server.os.now + this.#random.below(2000), peer);
  }

  #at(within: number, action: () => void): void {
    this.server.schedule(this.server.os.now + this.#random.below(within), action);
  }

  #socket(doomed: boolean): FakeSocket {
    const receiveBuffer = this.#pick([512, 4096, 65_536, 262_144]);
    const sendBuffer = this.#pick([512, 4096, 65_536, 262_144]);
    return new FakeSocket({ receiveBuffer, sendBuffer, doomed });
  }

  #pace(): PeerPace {
    const sends = this.#pick([37, 1000, 65_536, 65_536]);
    const reads = this.#pick([200, 4096, 65_536, 65_536]);
    return { sends, reads, pause: this.#pick([0, 0, 5, 20]) };
  }

  #pick<T>(among: readonly T[]): T {
    return among[this.#random.below(among.length)]!; // below its length
  }
}

function assertSatisfied(peer: { satisfied: boolean; outcome: string }, told: string): void {
  if (!peer.satisfied) throw new Error(`only ${told}, then ${peer.outcome}`);
}

/** A ring of few entries, whose calls do less than they were asked for now and then. */
function ringOf(random: Random): FakeRingOptions {
  let row = 0;
  // Not forever: a ring whose calls make no progress is given up.
  const happens = () => row++ % 4 < 3 && random.below(8) === 0;
  return {
    entries: 2 << random.below(2),
    completions: 2 << random.below(3),
    random,
    fails: () => happens() ? -[EAGAIN, EBUSY, EINTR][random.below(3)]! : 0,
    submits: (count) => happens() ? random.below(count + 1) : count,
  };
}
