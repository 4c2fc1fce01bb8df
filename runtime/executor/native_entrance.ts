/**
 * The entrance of the epoll transport: one listening descriptor for all workers.
 *
 *   start:  listen → adopt → doorbells → first worker, which accepts a few → other workers → all accept
 *           or, if connections could take the threads' descriptors: … → all workers → all accept
 *   stop:   accept the kernel's backlog → stop accepting → draining flag → all doorbells
 *
 * A listener from systemd keeps listening, and its backlog is left to the next server. So do all if a new server takes over:
 *
 *   stop:   the acceptor's stop bell → its end → draining flag → all doorbells
 *
 * In: the config and the address, and the certificates if there are any. Out: a listening descriptor from which
 * the workers accept. If it was handed over, or if there is a second one, for plain HTTP that is redirected to https,
 * only the acceptor accepts, a thread beside the workers, which starts after the first or the last of them. Its
 * connections reach any idle worker by the task ring.
 */

import { type Config, workerSlots } from "../config/mod.ts";
import { ConnectionTask } from "../net/mod.ts";
import { expectSuccess, LinuxOs, setBlocking, SOCKADDR_BYTES } from "../os/mod.ts";
import { type SharedState, TASK_FIELD, TASK_KIND } from "../ring/mod.ts";
import type { AcceptorStart } from "../thread/mod.ts";
import type { Entrance, EntranceParts } from "./entrance.ts";
import type { HandedListener } from "./handover_text.ts";
import { type NativeListener, ofAddress, openNativeListener } from "./native_listener.ts";
import type { OpensslTls } from "./openssl_tls.ts";
import type { Predecessor } from "./predecessor.ts";
import { Thread } from "./thread_handle.ts";
import { orderUnlessBlocked } from "./unless_blocked.ts";

/** Connections that a stop accepts at most: as many as a backlog can hold. */
const BACKLOG = 4096;
/**
 * Milliseconds in which they must find room on the ring, and milliseconds between two attempts. The drain time of
 * the workers begins afterwards, so this is less than the executor's STOP_GRACE.
 */
const LAST_ACCEPTS = 500;
const PUSH_RETRY = 5;

/** What the executor has found out before. */
export interface NativeEntranceOptions {
  /** Makes connections speak TLS; null: plain HTTP. */
  readonly openssl: OpensslTls | null;
  /** Whether workers send by io_uring. */
  readonly usesIoUring: boolean;
  /** The server that this one replaces; null: there is none. */
  readonly predecessor: Predecessor | null;
}

/** The entrance of the epoll transport. */
export class NativeEntrance implements Entrance {
  readonly #config: Config;
  readonly #openssl: OpensslTls | null;
  readonly #usesIoUring: boolean;
  readonly #os = new LinuxOs();
  readonly #listener: NativeListener;
  readonly #redirectListener: NativeListener | null;
  readonly #doorbells: readonly number[];
  // Whether workers accept, and not the acceptor: from one socket that belongs to no other process.
  readonly #workersAccept: boolean;
  readonly #predecessor: Predecessor | null;
  // Ends the acceptor; undefined: there is none.
  readonly #stopBell: number | undefined;
  #parts!: EntranceParts;
  // Null: the workers accept, or it has not been started.
  #acceptor: Thread | null = null;
  readonly #acceptorEnded = Promise.withResolvers<void>();
  #isHandedOver = false;
  #isStopping = false;

  /**
   * Listens.
   *
   * @throws {Deno.errors.AddrInUse} and Deno's other errors of listening
   * @throws {SystemError} if no descriptor is left
   */
  constructor(config: Config, { openssl, usesIoUring, predecessor }: NativeEntranceOptions) {
    this.#config = config;
    this.#openssl = openssl;
    this.#usesIoUring = usesIoUring;
    this.#predecessor = predecessor;
    const listener = this.#listener = openNativeListener(config, predecessor);
    this.#redirectListener = this.#listenForRedirects();
    const bell = () => expectSuccess("eventfd", this.#os.eventfd());
    this.#doorbells = Array.from({ length: workerSlots(config) }, bell);
    this.#workersAccept = !listener.isHandedOver && this.#redirectListener === null;
    if (this.#workersAccept) setBlocking(listener.descriptor, false);
    this.#stopBell = this.#workersAccept ? undefined : bell();
    if (this.#workersAccept) this.#acceptorEnded.resolve();
  }

  get address(): Deno.NetAddr {
    return this.#listener.address;
  }

  get redirectAddress(): Deno.NetAddr | null {
    return this.#redirectListener?.address ?? null;
  }

  get socketPath(): string | null {
    return this.#listener.socketPath;
  }

  get hasEnded(): boolean {
    return this.#acceptor === null || this.#acceptor.hasEnded;
  }

  /**
   * Until the acceptor starts, clients wait in the kernel's backlog. No thread blocks before all have loaded:
   * threads share loaded modules in Deno, and one that blocks while an npm package is half loaded makes the
   * others wait for it forever (seen on 2.9.6, in one start of 20).
   */
  async start(parts: EntranceParts): Promise<void> {
    this.#parts = parts;
    this.#openssl?.begin();
    this.#openssl?.warnings.forEach(parts.warn);
    const acceptor = this.#acceptor = this.#workersAccept ? null : this.#createAcceptor(parts);
    const { workers } = this.#config;
    const lastBefore = parts.acceptsEarly ? 0 : workers - 1;
    for (let worker = 0; worker < workers; worker++) {
      await parts.startWorker(worker);
      if (worker !== lastBefore) continue;
      await acceptor?.loaded; // beside the first worker: it has no npm package
      if (!parts.acceptsEarly) await parts.beforeAccepting();
      if (this.#predecessor !== null) this.#each((listener) => listener.keepFile());
      await acceptor?.start(this.#acceptorStart(parts));
    }
  }

  workerStart() {
    return {
      doorbells: this.#doorbells,
      ...(this.#workersAccept ? { listener: this.#listener.descriptor } : {}),
      ...(this.#parts.acceptsEarly ? { acceptsEarly: true as const } : {}),
      ...(this.#usesIoUring ? { ioUring: true as const } : {}),
      ...(this.#openssl === null ? {} : { openssl: this.#openssl.start }),
      ...(this.#redirectListener === null ? {} : { redirectTo: this.address.port }),
    };
  }

  ring(worker: number): void {
    this.#os.ringDoorbell(this.#doorbells[worker] ?? -1);
  }

  wakeAll(): void {
    this.#ringAll();
  }

  replaced(): void {}

  get listeners(): readonly HandedListener[] {
    const redirect = this.#redirectListener;
    return redirect === null ? [this.#listener] : [this.#listener, redirect];
  }

  stop(): void {
    this.#isStopping = true;
    // The new server accepts from the sockets: they must not be shut down.
    if (this.#isHandedOver) void this.#acceptorEnded.promise.then(() => this.#drain());
    else void this.#stopAccepting();
  }

  handOver(): void {
    this.#isHandedOver = true;
    this.#each((listener) => listener.leaveFile());
    void this.#endAcceptor(performance.now() + LAST_ACCEPTS).then(() => this.#drain());
  }

  reclaim(worker: number): void {
    for (const descriptor of this.#state.descriptors.ownedBy(worker)) {
      this.#state.addresses.leave(descriptor);
      this.#state.descriptors.release(descriptor);
      this.#openssl?.freeConnection(descriptor);
      this.#os.close(descriptor);
    }
    this.#openssl?.freeWorker(worker);
    // The acceptor may have woken this worker for a task: another worker must take it.
    const other = this.#state.flags.takeParked(0);
    if (other >= 0) this.#os.ringDoorbell(this.#doorbells[other] ?? -1);
  }

  /** @throws {TlsError} if certificate or key cannot be used; the old ones stay in use */
  async reload(): Promise<void> {
    if (this.#openssl === null) return;
    const order = { type: "certificates", set: this.#openssl.reload() } as const;
    this.#openssl.warnings.forEach(this.#parts.warn);
    await Promise.all(this.#parts.workers.map((thread) => orderUnlessBlocked(thread, order)));
  }

  close(): void {
    this.#openssl?.[Symbol.dispose]();
    this.#acceptor?.dismiss();
    for (const descriptor of this.#doorbells) this.#os.close(descriptor);
    if (this.#stopBell !== undefined) this.#os.close(this.#stopBell);
    this.#each((listener) => listener.close());
  }

  get #state(): SharedState {
    return this.#parts.state;
  }

  #listenForRedirects(): NativeListener | null {
    const { hostname, tls: { redirectPort } } = this.#config;
    if (redirectPort === undefined) return null;
    try {
      return ofAddress({ hostname, port: redirectPort }, this.#predecessor);
    } catch (error) {
      this.#listener.close();
      throw error;
    }
  }

  #createAcceptor({ warn, ended }: EntranceParts): Thread {
    return new Thread(new URL("../native/acceptor_thread.ts", import.meta.url), "acceptor", {
      warn,
      ended: ({ error }) => {
        this.#acceptorEnded.resolve();
        ended(error === undefined ? undefined : `the acceptor thread died: ${error}`);
      },
    });
  }

  #acceptorStart({ descriptorCeiling }: EntranceParts): AcceptorStart {
    const redirect = this.#redirectListener;
    if (redirect !== null) {
      for (const { descriptor } of [this.#listener, redirect]) setBlocking(descriptor, false);
    }
    return {
      memory: this.#state.memory,
      listener: this.#listener.descriptor,
      isTls: this.#openssl !== null,
      ...(redirect === null ? {} : { redirectListener: redirect.descriptor }),
      ...(this.#stopBell === undefined ? {} : { stopBell: this.#stopBell }),
      doorbells: this.#doorbells,
      maxConnections: this.#config.limits.connections,
      maxConnectionsPerAddress: this.#config.limits.connectionsPerAddress,
      ...(descriptorCeiling === undefined ? {} : { descriptorCeiling }),
    };
  }

  /** Ends after LAST_ACCEPTS if the workers have no room; the main thread never blocks. */
  async #stopAccepting(): Promise<void> {
    const until = performance.now() + LAST_ACCEPTS;
    const redirect = this.#redirectListener;
    if (redirect !== null) await this.#takeBacklog(redirect, TASK_KIND.redirect, until);
    if (!this.#listener.isHandedOver) {
      await this.#takeBacklog(this.#listener, TASK_KIND.connection, until);
    }
    await this.#endAcceptor(until);
    this.#drain();
  }

  /** The acceptor may still hold one connection, and no worker may end before that is on the ring. */
  async #endAcceptor(until: number): Promise<void> {
    if (this.#stopBell !== undefined) this.#os.ringDoorbell(this.#stopBell);
    const timer = setTimeout(this.#acceptorEnded.resolve, Math.max(until - performance.now(), 0));
    await this.#acceptorEnded.promise;
    clearTimeout(timer);
  }

  #drain(): void {
    if (this.#isHandedOver && !this.#isStopping) this.#state.flags.setHandingOver();
    else this.#state.flags.setDraining();
    this.#ringAll();
  }

  #each(act: (listener: NativeListener) => void): void {
    act(this.#listener);
    if (this.#redirectListener !== null) act(this.#redirectListener);
  }

  #ringAll(): void {
    for (const doorbell of this.#doorbells) this.#os.ringDoorbell(doorbell);
  }

  /**
   * Accepts the connections that the kernel has completed, and shuts the socket down: a client that was
   * connected when the signal came gets an answer, a later one is refused.
   */
  async #takeBacklog(
    { descriptor }: NativeListener,
    kind: number,
    until: number,
  ): Promise<void> {
    setBlocking(descriptor, false);
    const task = new ConnectionTask();
    const sockaddr = new Uint8Array(SOCKADDR_BYTES);
    for (let i = 0; i < BACKLOG; i++) {
      const accepted = this.#os.accept(descriptor, sockaddr);
      if (accepted < 0) break;
      task.fill(accepted, sockaddr, this.#os.monotonicMilliseconds());
      task.words[TASK_FIELD.kind] = kind;
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
      await new Promise((resolve) => setTimeout(resolve, PUSH_RETRY));
    }
    return true;
  }
}
