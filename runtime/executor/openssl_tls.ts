/**
 * The main thread's part in TLS by OpenSSL: the certificates for all workers, and what dead workers leave.
 *
 * In: the names of the files. Out: what a worker gets at its start and at a reload. The OCSP response of a
 * certificate is in a file beside it, `fullchain.pem.ocsp`, as HAProxy has it. Ticket keys are random, and
 * new with every reload; all workers have the same, so that each resumes the sessions of all.
 */

import type { Config, TlsFiles } from "../config/mod.ts";
import { createPointerTable, PointerTable } from "../ring/mod.ts";
import type { OpensslStart } from "../thread/mod.ts";
import { readTlsMaterial, reasonOf, TlsError } from "./tls_material.ts";

type OpensslModule = typeof import("../tls/mod.ts");

/**
 * Checks that what implements TLS can use certificate and key; for `--check`, since a start reports it anyway.
 *
 * @throws {TlsError}
 */
export async function expectCertificates({ tls }: Pick<Config, "tls">): Promise<void> {
  if (tls.cert === undefined) return;
  if (tls.library === "openssl") readCertificates(tls, await import("../tls/mod.ts"));
  else readTlsMaterial(tls);
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
    return readCertificates(this.#config.tls, this.#module);
  }
}

/** Reads all files. @throws {TlsError} */
function readCertificates(tls: TlsFiles, module: OpensslModule): OpensslStart["set"] {
  const { cert, key, otherCerts, otherKeys } = tls;
  const pairs = [cert, ...otherCerts].map((each, i) => ({
    cert: each,
    key: [key, ...otherKeys][i],
  }));
  const certificates = pairs.map((pair) => {
    const material = readTlsMaterial(pair, module.checkCertificate);
    if (material === null) throw new TypeError("there is no certificate");
    return { ...material, ocsp: readOcsp(`${pair.cert}.ocsp`) };
  });
  const ticketKeys = crypto.getRandomValues(new Uint8Array(module.TICKET_KEY_BYTES));
  return { certificates, ticketKeys, client: readAuthority(tls, module) };
}

function readAuthority(
  { clientCa, clientAuth }: TlsFiles,
  { checkAuthority }: OpensslModule,
): OpensslStart["set"]["client"] {
  if (clientCa === undefined) return null;
  try {
    const pem = Deno.readTextFileSync(clientCa);
    checkAuthority(pem);
    return { pem, isRequired: clientAuth === "require" };
  } catch (error) {
    throw new TlsError(`--tls-client-ca ${clientCa} cannot be used: ${reasonOf(error)}`);
  }
}

/** The response in the file beside a certificate; null: there is no such file. */
function readOcsp(file: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Deno.readFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new TlsError(`cannot read the OCSP response ${file}: ${reasonOf(error)}`);
  }
}
