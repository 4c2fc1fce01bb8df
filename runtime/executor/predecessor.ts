/**
 * The old server, as the new one that it has started sees it.
 *
 * In: the variable of handover_text.ts, and the descriptors. Out: sockets that listen already, and the moment from which this server
 * accepts from them. Until then the old server serves, and this one may fail without harm.
 */

import type { ListenAddress } from "../config/mod.ts";
import { closeOnExec, DescriptorChannel, LinuxOs, ProcessChannel } from "../os/mod.ts";
import { ConnectionReceiver } from "./connection_receiver.ts";
import {
  ASKS_FOR_FOLLOWED,
  CHANNEL_DESCRIPTOR,
  decodeHandover,
  HANDOVER_VARIABLE,
  placeOf,
  READY,
  READY_FOR_CONNECTIONS,
  READY_FOR_STORE,
  type ReceivedHandover,
  REFUSED,
  RELEASED,
} from "./handover_text.ts";
import { UpgradeError } from "./upgrade_error.ts";

/** Milliseconds between two looks at the channel, and until the old server must have answered. */
const LOOK_INTERVAL = 2;
const ANSWER_TIME = 30_000;

/** The old server. */
export class Predecessor {
  /** Where its open connections come from; null: from nowhere. */
  readonly connections: ConnectionReceiver | null;
  readonly #channel: ProcessChannel;
  readonly #handover: ReceivedHandover;
  readonly #left: Map<number, string>;
  #isTakenOver = false;

  private constructor(handover: ReceivedHandover) {
    this.#channel = new ProcessChannel(CHANNEL_DESCRIPTOR);
    this.#handover = handover;
    this.#left = new Map(handover.listeners.map(({ descriptor, place }) => [descriptor, place]));
    for (const descriptor of [CHANNEL_DESCRIPTOR, ...this.#left.keys()]) closeOnExec(descriptor);
    this.connections = receiverOf(handover);
  }

  /** The old server that has started this one, or null. Asked once. @throws {UpgradeError} if its format is not known */
  static find(): Predecessor | null {
    const text = Deno.env.get(HANDOVER_VARIABLE);
    if (text === undefined) return null;
    Deno.env.delete(HANDOVER_VARIABLE);
    const handover = decodeHandover(text);
    if (handover !== undefined) return new Predecessor(handover);
    throw new UpgradeError("the running server is of a version that hands over in another way");
  }

  /** Whether this server serves in its place, or is about to. */
  get isTakenOver(): boolean {
    return this.#isTakenOver;
  }

  /** The descriptor that listens at this place; undefined: there is none, or it was asked for before. */
  listener(place: string): number | undefined {
    for (const [descriptor, other] of this.#left) {
      if (other !== place) continue;
      this.#left.delete(descriptor);
      return descriptor;
    }
    return undefined;
  }

  /** Where the admin server listens that is to listen here; undefined: nowhere. */
  adminAt(wanted: ListenAddress): ListenAddress | undefined {
    const { admin } = this.#handover;
    return admin?.place === placeOf(wanted) ? admin.address : undefined;
  }

  /** Which channels of the engine the old server follows. @throws {UpgradeError} if it does not answer: then it serves on */
  async followed(): Promise<string> {
    this.#channel.send(ASKS_FOR_FOLLOWED);
    const end = performance.now() + ANSWER_TIME;
    for (;;) {
      const text = this.connections?.takeText();
      if (typeof text === "string") return text;
      if (text === null || performance.now() > end) {
        throw new UpgradeError("the old server does not answer");
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
    }
  }

  /**
   * Says that this server is ready; fulfilled when the old one accepts no more, or is gone.
   *
   * @param takesStore whether it goes on with the channels, of which the old server has told
   * @throws {UpgradeError} if it does not answer: then it serves on
   */
  async takeOver(takesStore = false): Promise<void> {
    const ready = takesStore ? READY_FOR_STORE : READY_FOR_CONNECTIONS;
    this.#channel.send(this.connections === null ? READY : ready);
    const end = performance.now() + ANSWER_TIME;
    for (;;) {
      const answer = this.#channel.receive();
      if (answer === RELEASED || answer === null) break;
      if (performance.now() > end) throw new UpgradeError("the old server does not answer");
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
    }
    this.#isTakenOver = true;
    this.#channel[Symbol.dispose]();
    // Places where this config does not listen.
    const os = new LinuxOs();
    for (const descriptor of this.#left.keys()) os.close(descriptor);
  }

  /** Tells the old server why this one cannot start; does nothing if it has started. */
  refuse(reason: string): void {
    if (!this.#isTakenOver) this.#channel.send(REFUSED + reason);
  }
}

function receiverOf({ connections }: ReceivedHandover): ConnectionReceiver | null {
  if (connections === undefined) return null;
  closeOnExec(connections.descriptor);
  const channel = new DescriptorChannel(connections.descriptor);
  if (connections.isKnown) return new ConnectionReceiver(channel);
  channel[Symbol.dispose]();
  return null;
}
