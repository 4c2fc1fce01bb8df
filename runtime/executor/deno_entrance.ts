/**
 * The entrance of the Deno transport: each worker listens on the same address by itself, and the kernel
 * spreads the connections.
 *
 *   start:  look whether the address is free → certificate → workers, which listen → steering, where
 *           there is libc → all accept
 *   stop:   new connections are held off → each worker takes what waits, drains and ends
 *
 * In: the config and the address. Out: connections that each worker accepts for itself.
 * Uses libc where there is one, and goes without elsewhere: see os/reuse_port.ts for what it is good for.
 */

import type { Config } from "../config/mod.ts";
import { hasLibc, holdConnections, isActivated, steerConnections } from "../os/mod.ts";
import type { ThreadOrder, TlsMaterial } from "../thread/mod.ts";
import { ActivationError } from "./activation_error.ts";
import type { Entrance, EntranceParts } from "./entrance.ts";
import { readTlsMaterial } from "./tls_material.ts";

/** Has every worker listen. */
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
   * Finds out whether the address is free, and reads the certificate.
   *
   * @throws {Deno.errors.AddrInUse} and Deno's other errors of listening
   * @throws {ActivationError} where systemd hands a socket over
   * @throws {TlsError} where certificate or key are none
   */
  constructor(config: Config) {
    this.#config = config;
    if (this.#hasLibc && isActivated((name) => Deno.env.get(name), Deno.pid)) {
      throw new ActivationError(
        "a socket that systemd hands over is for the epoll transport, without --tls-cert and " +
          "--transport deno",
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
      await parts.startWorker(worker); // one after the other, as no two may load at once
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

  /** None of them sleeps in a way that keeps orders from it. */
  wakeAll(): void {}

  /** Also when all have started: none accepts before the last has what it needs. */
  replaced(): void {
    for (const address of this.#addresses()) steerConnections(address, this.#config.workers);
    this.#tellAll({ type: "open" });
  }

  stop(): void {
    for (const address of this.#addresses()) holdConnections(address);
    this.#parts.state.flags.setDraining();
    this.#tellAll({ type: "drain" });
  }

  bury(worker: number): void {
    // Its sockets were Deno's, which closed them with the thread.
    const { state } = this.#parts;
    for (const number of state.descriptors.ownedBy(worker)) {
      state.addresses.leave(number);
      state.descriptors.release(number);
    }
  }

  /** @throws {TlsError} where certificate or key are none; all is as it was before */
  async reload(): Promise<void> {
    const tls = readTlsMaterial(this.#config.tls);
    if (tls === null || (tls.cert === this.#tls?.cert && tls.key === this.#tls.key)) return;
    this.#tls = tls;
    // One after the other: steering knows of one set of sockets that runs dry.
    this.#renewing ??= this.#renew();
    await this.#renewing;
  }

  /** Has all workers listen with the certificate that is the last by then. */
  async #renew(): Promise<void> {
    for (let given: TlsMaterial | null = null; given !== this.#tls;) {
      given = this.#tls;
      if (given === null) break;
      const order = { type: "tls", tls: given } as const;
      await Promise.all(this.#parts.workers.map((thread) => thread.order(order)));
    }
    this.#renewing = null;
  }

  close(): void {}

  /** What can be tuned: all that is listened on, where there is libc. */
  #addresses(): Deno.NetAddr[] {
    if (!this.#hasLibc) return [];
    return this.redirectAddress === null ? [this.address] : [this.address, this.redirectAddress];
  }

  #tellAll(order: ThreadOrder): void {
    for (const thread of this.#parts.workers) void thread.order(order);
  }
}

/**
 * The address with its real port, which was free a moment ago. Listened on without `reusePort`, so that it
 * fails where somebody listens; else two servers would share the port.
 */
function probe(hostname: string, port: number): Deno.NetAddr {
  const listener = Deno.listen({ hostname, port });
  listener.close();
  return listener.addr;
}
