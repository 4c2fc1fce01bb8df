/**
 * The entrance of the Deno transport: each worker listens on the same address by itself, and the kernel
 * spreads the connections.
 *
 *   start:  check that the address is free → certificate → workers, each of which listens and accepts →
 *           steering, if there is libc
 *           or, if connections could take the threads' descriptors: … → workers, which listen → steering → all
 *           accept
 *   stop:   hold back new connections → each worker accepts those that wait, drains and ends
 *
 * In: the config and the address. Out: connections that each worker accepts for itself.
 * Uses libc if there is one; os/reuse_port.ts says what for.
 */

import type { Config } from "../config/mod.ts";
import { hasLibc, holdConnections, isActivated, steerConnections } from "../os/mod.ts";
import type { ThreadOrder, TlsMaterial } from "../thread/mod.ts";
import { ActivationError } from "./activation_error.ts";
import type { Entrance, EntranceParts } from "./entrance.ts";
import type { HandedListener } from "./handover_text.ts";
import { readTlsMaterial } from "./tls_material.ts";
import { orderUnlessBlocked } from "./unless_blocked.ts";
import { UpgradeError } from "./upgrade_error.ts";

/** The entrance of the Deno transport. */
export class DenoEntrance implements Entrance {
  readonly address: Deno.NetAddr;
  readonly socketPath = null;
  readonly redirectAddress: Deno.NetAddr | null;
  readonly hasEnded = true;
  readonly #config: Config;
  readonly #hasLibc = hasLibc();
  #tls: TlsMaterial | null;
  #renewing: Promise<void> | null = null;
  #parts!: EntranceParts;

  /**
   * Checks that the address is free, and reads the certificate.
   *
   * @throws {Deno.errors.AddrInUse} and Deno's other errors of listening
   * @throws {ActivationError} if systemd passes a socket
   * @throws {TlsError} if certificate or key cannot be used
   */
  constructor(config: Config) {
    this.#config = config;
    if (this.#hasLibc && isActivated((name) => Deno.env.get(name), Deno.pid)) {
      throw new ActivationError(
        "a socket from systemd needs the epoll transport: remove --transport deno and --tls deno, install " +
          "OpenSSL 3 for TLS, or disable the .socket unit",
      );
    }
    this.#tls = readTlsMaterial(config.tls);
    const { redirectPort } = config.tls;
    this.address = probe(config.hostname, config.port);
    this.redirectAddress = redirectPort === undefined ? null : probe(config.hostname, redirectPort);
  }

  async start(parts: EntranceParts): Promise<void> {
    this.#parts = parts;
    for (let worker = 0; worker < this.#config.workers; worker++) {
      await parts.startWorker(worker);
      if (parts.acceptsEarly) void parts.workers[worker]?.order({ type: "open" });
    }
    this.replaced();
  }

  workerStart() {
    const { hostname, port } = this.address;
    return {
      doorbells: [],
      listen: { hostname, port, tls: this.#tls, redirectPort: this.redirectAddress?.port ?? null },
    };
  }

  ring(worker: number): void {
    void this.#parts.workers[worker]?.order({ type: "ring" });
  }

  /** Not needed: a worker of this transport never blocks, so that orders always reach it. */
  wakeAll(): void {}

  /** Also called when all workers have started. */
  replaced(): void {
    for (const address of this.#addresses()) steerConnections(address, this.#config.workers);
    this.#tellAll({ type: "open" });
  }

  get listeners(): readonly HandedListener[] {
    throw new UpgradeError(
      "its sockets are Deno's, and cannot be handed over: that needs the epoll transport, without --transport deno and --tls deno",
    );
  }

  /** Not called: there is nothing to hand over. */
  handOver(): void {
    this.stop();
  }

  stop(): void {
    for (const address of this.#addresses()) holdConnections(address);
    this.#parts.state.flags.setDraining();
    this.#tellAll({ type: "drain" });
  }

  reclaim(worker: number): void {
    // Its sockets belonged to Deno, which closed them with the thread.
    const { state } = this.#parts;
    for (const number of state.descriptors.ownedBy(worker)) {
      state.addresses.leave(number);
      state.descriptors.release(number);
    }
  }

  /** @throws {TlsError} if certificate or key cannot be used; the old ones stay in use */
  async reload(): Promise<void> {
    const tls = readTlsMaterial(this.#config.tls);
    if (tls === null || (tls.cert === this.#tls?.cert && tls.key === this.#tls.key)) return;
    this.#tls = tls;
    // One after the other: steering can drain one set of old sockets at a time.
    this.#renewing ??= this.#renew();
    await this.#renewing;
  }

  /** Makes all workers listen with the newest certificate. */
  async #renew(): Promise<void> {
    for (let given: TlsMaterial | null = null; given !== this.#tls;) {
      given = this.#tls;
      if (given === null) break;
      const order = { type: "tls", tls: given } as const;
      await Promise.all(this.#parts.workers.map((thread) => orderUnlessBlocked(thread, order)));
    }
    this.#renewing = null;
  }

  close(): void {}

  /** The addresses whose sockets can be steered: all of them if there is libc, else none. */
  #addresses(): Deno.NetAddr[] {
    if (!this.#hasLibc) return [];
    return this.redirectAddress === null ? [this.address] : [this.address, this.redirectAddress];
  }

  #tellAll(order: ThreadOrder): void {
    for (const thread of this.#parts.workers) void thread.order(order);
  }
}

/**
 * The address with its real port, which was free a moment ago. Listens without `reusePort`, so that it
 * fails if another process listens there; else two servers would share the port.
 */
function probe(hostname: string, port: number): Deno.NetAddr {
  const listener = Deno.listen({ hostname, port });
  listener.close();
  return listener.addr;
}
