/**
 * The entrance of the epoll transport: one listening descriptor for all.
 *
 *   start:  listen → adopt → doorbells → workers → acceptor, which accepts
 *   stop:   take what the kernel's backlog holds → accept no more → draining flag → all doorbells
 *
 * A listener that was handed over goes on to listen, and its backlog is left to the next who gets it:
 *
 *   stop:   the acceptor's bell → its end → draining flag → all doorbells
 *
 * In: the config and the address. Out: connections on the task ring, for whichever worker is idle.
 */

import type { Config } from "../config/mod.ts";
import { ConnectionTask } from "../net/mod.ts";
import { expectSuccess, LinuxOs, setBlocking, SOCKADDR_BYTES } from "../os/mod.ts";
import type { SharedState } from "../ring/mod.ts";
import type { AcceptorStart } from "../thread/mod.ts";
import type { Entrance, EntranceParts } from "./entrance.ts";
import { type NativeListener, openNativeListener } from "./native_listener.ts";
import { Thread } from "./thread_handle.ts";

/** Connections that are taken at the end at most; as many as a backlog can hold. */
const BACKLOG = 4096;
/**
 * Milliseconds in which they must find room on the ring, and those between two tries. The drain time of the
 * workers begins after it, so it is less than what the executor grants beyond that: see STOP_GRACE.
 */
const LAST_ACCEPTS = 500;
const PUSH_AGAIN = 5;

/** Listens once, for all workers. */
export class NativeEntrance implements Entrance {
  readonly redirectAddress = null;
  readonly #config: Config;
  readonly #os = new LinuxOs();
  readonly #listener: NativeListener;
  readonly #doorbells: readonly number[];
  // Where the listener was handed over.
  readonly #stopBell: number | undefined;
  #state!: SharedState;
  #acceptor: Thread | null = null;
  readonly #acceptorEnded = Promise.withResolvers<void>();

  /**
   * Listens.
   *
   * @throws {Deno.errors.AddrInUse} and Deno's other errors of listening
   * @throws {SystemError} where the kernel has no descriptor left
   */
  constructor(config: Config) {
    this.#config = config;
    const listener = this.#listener = openNativeListener(config);
    const bell = () => expectSuccess("eventfd", this.#os.eventfd());
    this.#doorbells = Array.from({ length: config.workers }, bell);
    this.#stopBell = listener.isHandedOver ? bell() : undefined;
  }

  get address(): Deno.NetAddr {
    return this.#listener.address;
  }

  get socketPath(): string | null {
    return this.#listener.socketPath;
  }

  get hasEnded(): boolean {
    return this.#acceptor === null || this.#acceptor.hasEnded;
  }

  /**
   * Nothing is accepted before the last worker serves: clients could take the descriptors that a thread needs
   * to start, and Deno ends the process where it gets none. Until then the kernel's backlog holds them.
   * Until all are loaded none of them blocks its thread: Deno lets threads share what they load, and one that
   * blocks over a half-loaded npm package lets the others wait for it for ever (seen on 2.9.6, in one
   * start of 20).
   */
  async start(parts: EntranceParts): Promise<void> {
    this.#state = parts.state;
    const acceptor = this.#acceptor = this.#createAcceptor(parts);
    await acceptor.loaded;
    for (let worker = 0; worker < this.#config.workers; worker++) {
      await parts.startWorker(worker); // one after the other, as no two may load at once
    }
    await acceptor.start(this.#acceptorStart(parts));
  }

  workerStart() {
    return { doorbells: this.#doorbells };
  }

  wakeAll(): void {
    this.#ringAll();
  }

  replaced(): void {}

  stop(): void {
    void this.#stopAccepting();
  }

  bury(worker: number): void {
    for (const descriptor of this.#state.descriptors.ownedBy(worker)) {
      this.#state.addresses.leave(descriptor);
      this.#state.descriptors.release(descriptor);
      this.#os.close(descriptor);
    }
    // A task may have been pushed in reliance on it: somebody else must look.
    const other = this.#state.flags.takeParked(0);
    if (other >= 0) this.#os.ringDoorbell(this.#doorbells[other] ?? -1);
  }

  reload(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#acceptor?.dismiss();
    for (const descriptor of this.#doorbells) this.#os.close(descriptor);
    if (this.#stopBell !== undefined) this.#os.close(this.#stopBell);
    this.#listener.close();
  }

  #createAcceptor({ warn, ended }: EntranceParts): Thread {
    return new Thread(new URL("../native/acceptor_thread.ts", import.meta.url), "acceptor", {
      warn,
      ended: ({ error }) => {
        this.#acceptorEnded.resolve();
        ended(error === undefined ? undefined : `the acceptor died: ${error}`);
      },
    });
  }

  #acceptorStart({ descriptorCeiling }: EntranceParts): AcceptorStart {
    return {
      memory: this.#state.memory,
      listener: this.#listener.descriptor,
      ...(this.#stopBell === undefined ? {} : { stopBell: this.#stopBell }),
      doorbells: this.#doorbells,
      maxConnections: this.#config.limits.connections,
      maxConnectionsPerAddress: this.#config.limits.connectionsPerAddress,
      ...(descriptorCeiling === undefined ? {} : { descriptorCeiling }),
    };
  }

  /** If the workers have no room it ends after LAST_ACCEPTS; the main thread never blocks for them. */
  async #stopAccepting(): Promise<void> {
    const until = performance.now() + LAST_ACCEPTS;
    if (this.#stopBell === undefined) await this.#takeBacklog(until);
    else this.#os.ringDoorbell(this.#stopBell);
    // The acceptor may have one more in hand, and no worker is to end before that is on the ring.
    const timer = setTimeout(this.#acceptorEnded.resolve, Math.max(until - performance.now(), 0));
    await this.#acceptorEnded.promise;
    clearTimeout(timer);
    this.#state.flags.setDraining();
    this.#ringAll();
  }

  #ringAll(): void {
    for (const doorbell of this.#doorbells) this.#os.ringDoorbell(doorbell);
  }

  /**
   * Accepts what the kernel has completed already and shuts the socket down: whoever was connected
   * when the signal came gets an answer, whoever comes later is refused.
   */
  async #takeBacklog(until: number): Promise<void> {
    const { descriptor } = this.#listener;
    setBlocking(descriptor, false);
    const task = new ConnectionTask();
    const sockaddr = new Uint8Array(SOCKADDR_BYTES);
    for (let i = 0; i < BACKLOG; i++) {
      const accepted = this.#os.accept(descriptor, sockaddr);
      if (accepted < 0) break;
      task.fill(accepted, sockaddr, this.#os.monotonicMilliseconds());
      if (await this.#pushLast(task.words, until)) continue;
      this.#os.close(accepted);
      break;
    }
    this.#os.shutdownRead(descriptor);
  }

  async #pushLast(task: Int32Array, until: number): Promise<boolean> {
    while (!this.#state.taskRing.push(task)) {
      if (performance.now() >= until) return false;
      this.#ringAll();
      await new Promise((resolve) => setTimeout(resolve, PUSH_AGAIN));
    }
    return true;
  }
}
