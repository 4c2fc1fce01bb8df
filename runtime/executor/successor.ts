/**
 * A new server that this one starts to be replaced by: the same command again, with the executable that is on disk now.
 *
 * In: what is handed over. Out: whether it got ready, or why not. It accepts nothing before it is released; until then it can be
 * abandoned without harm.
 */

import {
  DescriptorChannel,
  endOfChild,
  errnoText,
  type OwnCommand,
  ProcessChannel,
  seenEndOfChild,
  signalProcess,
  spawnProcess,
  SystemError,
} from "../os/mod.ts";
import { ConnectionSender } from "./connection_sender.ts";
import {
  ASKS_FOR_FOLLOWED,
  encodeHandover,
  type Handover,
  HANDOVER_VARIABLE,
  READY,
  READY_FOR_CONNECTIONS,
  READY_FOR_STORE,
  REFUSED,
  RELEASED,
} from "./handover_text.ts";
import { UpgradeError } from "./upgrade_error.ts";

const SIGKILL = 9;
/** Milliseconds between two looks at the channel. */
const LOOK_INTERVAL = 20;
/** Milliseconds for a process that has closed its side of the channel to end. */
const LAST_MOMENTS = 2_000;
const WITHOUT_FAULT = "exit code 0";
/** sd_listen_fds(3) and sd_watchdog_enabled(3): for the process with the old number. */
const OF_OLD_PROCESS = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"];

/** The new server, from its start until it is released. */
export class Successor {
  /** Its process number. */
  readonly pid: number;
  readonly #channel: ProcessChannel;
  readonly #followed: Handover["followed"];
  #connections: ConnectionSender | null;
  #isAbandoned = false;

  private constructor(
    pid: number,
    channel: ProcessChannel,
    { connections, followed }: Pick<Handover, "followed"> & {
      readonly connections: ConnectionSender;
    },
  ) {
    this.pid = pid;
    this.#channel = channel;
    this.#connections = connections;
    this.#followed = followed;
  }

  /** Sends it open connections, once it is released; null: it takes none. It belongs to the executor that gives up connections. */
  get connections(): ConnectionSender | null {
    return this.#connections;
  }

  /** Starts it. @throws {UpgradeError} if there is no such executable, or no descriptor is left */
  static start(command: OwnCommand, handover: Handover): Successor {
    try {
      using rest = new DisposableStack();
      using undone = new DisposableStack();
      const [ours, theirs] = ProcessChannel.pair();
      rest.use(theirs);
      undone.use(ours);
      const [sending, receiving] = DescriptorChannel.pair();
      rest.use(receiving);
      const sender = undone.use(new ConnectionSender(sending));
      if (handover.store !== undefined) sender.announceStore(handover.store);
      const environment = environmentFor(command.environment, handover);
      const descriptors = handover.listeners.map(({ descriptor }) => descriptor);
      const all = [theirs.descriptor, ...descriptors, receiving.descriptor];
      const pid = spawnProcess({ ...command, environment }, all);
      const { followed } = handover;
      const successor = new Successor(pid, ours, { connections: sender, followed });
      undone.move();
      return successor;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      throw new UpgradeError(`cannot start ${command.path}: ${errnoText(error.errno)}`);
    }
  }

  /** Fulfilled when it could accept. @throws {UpgradeError} if it cannot start, or not within `milliseconds`: it has ended then */
  async ready(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    for (;;) {
      const text = this.#channel.receive();
      if (text === READY_FOR_STORE && this.#connections !== null) {
        this.#connections.takesStore = true;
        return;
      }
      if (text === ASKS_FOR_FOLLOWED) await this.#tellFollowed();
      if (text === READY_FOR_CONNECTIONS) return;
      if (text === READY) return this.#keepConnections();
      if (text?.startsWith(REFUSED)) await this.#fail(text.slice(REFUSED.length));
      if (text === null) await this.#fail(undefined);
      if (performance.now() > end) {
        await this.#fail(`it did not get ready within ${milliseconds / 1000} s`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
    }
  }

  /** Lets it accept. @throws {UpgradeError} if it has ended */
  async release(): Promise<void> {
    if (!this.#channel.send(RELEASED)) await this.#fail(undefined);
    this.#channel[Symbol.dispose]();
  }

  /** Once it is released: why it serves no more, or undefined. If it has been replaced itself, or stopped, that is no fault. */
  get failure(): string | undefined {
    const end = seenEndOfChild(this.pid);
    return end === WITHOUT_FAULT ? undefined : end;
  }

  /** Ends it: this server stops. */
  abandon(): void {
    this.#isAbandoned = true;
    signalProcess(this.pid, SIGKILL);
  }

  async #tellFollowed(): Promise<void> {
    try {
      this.#connections?.sendText(this.#followed?.() ?? "");
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      await this.#fail(
        `there is no memory for the names of the channels: ${errnoText(error.errno)}`,
      );
    }
  }

  /** It is of a version that takes none, or does not know their format. */
  #keepConnections(): void {
    this.#connections?.[Symbol.dispose]();
    this.#connections = null;
  }

  async #fail(reason: string | undefined): Promise<never> {
    this.#channel[Symbol.dispose]();
    this.#keepConnections();
    if (reason !== undefined) signalProcess(this.pid, SIGKILL);
    const late = performance.now() + LAST_MOMENTS;
    let why = reason;
    let end = endOfChild(this.pid);
    while (end === undefined) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
      end = endOfChild(this.pid);
      if (end !== undefined || why !== undefined || performance.now() < late) continue;
      why = "the new process has closed the channel to this server, and did not end";
      signalProcess(this.pid, SIGKILL);
    }
    if (this.#isAbandoned) throw new UpgradeError("this server was stopped");
    throw new UpgradeError(why ?? `the new server has ended with ${end}`);
  }
}

function environmentFor(variables: readonly Uint8Array[], handover: Handover): Uint8Array[] {
  const dropped = [HANDOVER_VARIABLE, ...OF_OLD_PROCESS].map((name) => `${name}=`);
  const decoder = new TextDecoder();
  const kept = variables.filter((variable) => {
    const text = decoder.decode(variable);
    return !dropped.some((name) => text.startsWith(name));
  });
  const own = `${HANDOVER_VARIABLE}=${encodeHandover(handover)}\0`;
  return [...kept, new TextEncoder().encode(own)];
}
