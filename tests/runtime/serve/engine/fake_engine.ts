/**
 * A model of an engine with one channel, its two connections, and everything that can go wrong between them.
 *
 * In: publications and faults, from a test. Out: answers and publications, each delivered when the test says so: those of one
 * connection in their order, those of two connections in any. It keeps the rules of the server's script: after a failover
 * an epoch goes on only if the asker proves that nothing of what it has was lost.
 */

import {
  type ArrivingLink,
  type ChainLink,
  type ChainPosition,
  type FollowActions,
  FollowedChannel,
} from "../../../../runtime/serve/engine/followed_channel.ts";

/** A publication of the model. */
export type FakeLink = ChainLink & ArrivingLink;

const MOST_IN_A_RANGE = 4;

/** What the server has. */
class FakeServer {
  epoch = "e1";
  /** The whole chain, from offset 1 on: the truth. */
  chain: FakeLink[] = [];
  /** The first offset that the history has. */
  firstKept = 1;
  isUnproved = false;
  #epochs = 1;
  #tags = 0;

  publish(historySize: number): FakeLink {
    if (this.isUnproved) this.newEpoch();
    const previousTag = this.chain.at(-1)?.tag ?? "";
    const tag = `t${++this.#tags}`;
    const offset = this.chain.length + 1;
    const link = { epoch: this.epoch, offset, tag, previousTag, size: 1 };
    this.chain.push(link);
    this.firstKept = historySize === 0
      ? offset + 1
      : Math.max(this.firstKept, offset - historySize + 1);
    return link;
  }

  newEpoch(): void {
    this.epoch = `e${++this.#epochs}`;
    this.chain = [];
    this.firstKept = 1;
    this.isUnproved = false;
  }

  get position(): ChainPosition {
    return { epoch: this.epoch, offset: this.chain.length, tag: this.chain.at(-1)?.tag ?? "" };
  }

  state(proof: ChainPosition | undefined): ChainPosition {
    if (this.isUnproved && !this.#proves(proof)) this.newEpoch();
    this.isUnproved = false;
    return this.position;
  }

  range(from: number) {
    const kept = this.chain.slice(Math.max(from, this.firstKept) - 1);
    const links = kept.slice(0, MOST_IN_A_RANGE);
    return { epoch: this.epoch, links, hasMore: links.length < kept.length };
  }

  /** Whether what somebody has followed is a part of the chain that can be checked. */
  #proves(proof: ChainPosition | undefined): boolean {
    if (proof === undefined || proof.epoch !== this.epoch) return false;
    if (proof.offset === 0) return true;
    const link = this.chain[proof.offset - 1];
    const isKnown = proof.offset >= this.firstKept || proof.offset === this.chain.length;
    return isKnown && link?.tag === proof.tag;
  }
}

/** The engine and the node that follows it. */
export class FakeEngine implements FollowActions<FakeLink> {
  readonly server = new FakeServer();
  readonly channel: FollowedChannel<FakeLink>;
  /** What the local channel was given since it was followed last. */
  local: { at: ChainPosition; links: FakeLink[] } | undefined;
  /** The round of the latest question. */
  lastRound = 0;
  /** Calls, for tables. */
  readonly calls: string[] = [];
  #commands: (() => () => void)[] = [];
  #answers: (() => void)[] = [];
  #pushes: FakeLink[] = [];
  #isListening = false;
  #isConnected = true;

  constructor({ history = 4, heldLinks = 1_000 }: { history?: number; heldLinks?: number } = {}) {
    this.channel = new FollowedChannel<FakeLink>(this, { history, heldLinks, heldBytes: 1e6 });
  }

  // What a test does.

  publish(historySize: number): void {
    const link = this.server.publish(historySize);
    if (this.#isListening) this.#pushes.push(link);
  }

  /** A publication of the channel is lost on its way, although the connection goes on: no server does that, and yet. */
  losePush(): void {
    this.#pushes.shift();
  }

  /** Both connections are cut. */
  cut(): void {
    this.#commands = [];
    this.#answers = [];
    this.#pushes = [];
    this.#isListening = this.#isConnected = false;
    this.channel.cut();
  }

  /** The server has lost its newest publications, and does not know it. */
  failOver(lost: number): void {
    this.cut();
    const { chain } = this.server;
    chain.length = Math.max(0, chain.length - lost);
    this.server.firstKept = Math.min(this.server.firstKept, chain.length + 1);
    this.server.isUnproved = true;
  }

  connect(): void {
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.channel.begin();
  }

  /** The server does the next command. Returns false if there is none. */
  work(): boolean {
    const command = this.#commands.shift();
    if (command === undefined) return false;
    this.#answers.push(command());
    return true;
  }

  /** The next answer arrives. Returns false if there is none. */
  answer(): boolean {
    const answer = this.#answers.shift();
    answer?.();
    return answer !== undefined;
  }

  /** The next publication arrives. Returns false if there is none. */
  push(): boolean {
    const link = this.#pushes.shift();
    if (link !== undefined) this.channel.published(link);
    return link !== undefined;
  }

  /** Everything that is on its way arrives. */
  settle(): void {
    this.connect();
    for (let i = 0; i < 10_000; i++) {
      const isBusy = [this.work(), this.answer(), this.push()];
      if (!isBusy.includes(true)) return;
    }
    throw new Error("the channel asks without an end");
  }

  // FollowActions

  listen(round: number): void {
    this.lastRound = round;
    this.calls.push("listen");
    this.#commands.push(() => {
      this.#isListening = true;
      return () => this.channel.confirmed(round);
    });
  }

  readState(round: number, proof: ChainPosition | undefined): void {
    this.lastRound = round;
    this.calls.push(`state ${textOf(proof)}`);
    this.#commands.push(() => {
      const at = this.server.state(proof);
      return () => this.channel.stated(round, at);
    });
  }

  readRange(round: number, from: number): void {
    this.lastRound = round;
    this.calls.push(`range ${from}`);
    this.#commands.push(() => {
      const range = this.server.range(from);
      return () => this.channel.ranged(round, range);
    });
  }

  follow(at: ChainPosition): void {
    this.calls.push(`follow ${textOf(at)}`);
    this.local = { at, links: [] };
  }

  replicate(link: FakeLink): void {
    this.calls.push(`replicate ${link.offset}`);
    this.local!.links.push(link);
  }

  ready(): void {
    this.calls.push("ready");
  }

  lose(): void {
    this.calls.push("lose");
    this.local = undefined;
  }
}

function textOf(at: ChainPosition | undefined): string {
  return at === undefined ? "-" : `${at.epoch} ${at.offset} ${at.tag || "-"}`;
}
