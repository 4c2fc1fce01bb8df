/**
 * The main thread's part in TLS by OpenSSL: the certificates for all workers, and what dead workers leave.
 *
 * In: the names of the files. Out: what a worker gets at its start and at a reload. Ticket keys are random, and
 * new with every reload; all workers have the same, so that each resumes the sessions of all.
 */

import type { Config } from "../config/mod.ts";
import { createPointerTable, PointerTable } from "../ring/mod.ts";
import type { OpensslStart } from "../thread/mod.ts";
import { readTlsMaterial } from "./tls_material.ts";

type OpensslModule = typeof import("../tls/mod.ts");

/**
 * Checks that what implements TLS can use certificate and key; for `--check`, since a start reports it anyway.
 *
 * @throws {TlsError}
 */
export async function expectCertificates({ tls }: Pick<Config, "tls">): Promise<void> {
  const openssl = tls.library === "openssl" ? await import("../tls/mod.ts") : undefined;
  readTlsMaterial(tls, openssl?.checkCertificate);
}

/** TLS of the epoll transport. */
export class OpensslTls {
  readonly #config: Config;
  readonly #module: OpensslModule;
  readonly #memory: SharedArrayBuffer;
  readonly #pointers: PointerTable;
  #set: OpensslStart["set"];

  private constructor(config: Config, module: OpensslModule) {
    this.#config = config;
    this.#module = module;
    this.#set = this.#read();
    this.#memory = createPointerTable(config.workers);
    this.#pointers = new PointerTable(this.#memory);
  }

  /** Null if the config has no certificate, or Deno implements TLS. @throws {TlsError} if the files cannot be used */
  static async open(config: Config): Promise<OpensslTls | null> {
    if (config.tls.cert === undefined || config.tls.library !== "openssl") return null;
    return new OpensslTls(config, await import("../tls/mod.ts"));
  }

  /** For a worker's start. */
  get start(): OpensslStart {
    return { set: this.#set, pointers: this.#memory };
  }

  /** Reads the files again. @throws {TlsError} if they cannot be used: the old certificates stay in use */
  reload(): OpensslStart["set"] {
    return this.#set = this.#read();
  }

  /** Frees the connection on a descriptor of a dead worker. */
  freeConnection(descriptor: number): void {
    const address = this.#pointers.takeConnection(descriptor);
    if (address !== 0) this.#module.freeConnection(address);
  }

  /** Frees what else a dead worker had, after its connections. */
  freeWorker(worker: number): void {
    this.#module.freeOwn(this.#pointers.takeOwn(worker));
  }

  #read(): OpensslStart["set"] {
    const { checkCertificate, TICKET_KEY_BYTES } = this.#module;
    const certificate = readTlsMaterial(this.#config.tls, checkCertificate);
    if (certificate === null) throw new TypeError("there is no certificate");
    return { certificate, ticketKeys: crypto.getRandomValues(new Uint8Array(TICKET_KEY_BYTES)) };
  }
}
