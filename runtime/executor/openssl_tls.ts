/**
 * The main thread's part in TLS by OpenSSL: the certificates for all workers, and what dead workers leave.
 *
 * In: the names of the files. Out: what a worker gets at its start and at a reload. The OCSP response of a
 * certificate is in a file beside it, `fullchain.pem.ocsp`, as HAProxy has it; one that cannot be used is not stapled,
 * with a warning: certificates must be renewed without their responders. Ticket keys are random, the same in
 * all workers, and new with every reload and every {@link TICKET_KEY_AGE}; tickets of the last three are accepted.
 */

import { type Config, type TlsFiles, workerSlots } from "../config/mod.ts";
import {
  createPointerTable,
  createTicketKeys,
  PointerTable,
  TICKET_KEY_BYTES,
  TicketKeys,
} from "../ring/mod.ts";
import type { OpensslStart } from "../thread/mod.ts";
import { needOf } from "./tls_library.ts";
import { readTlsMaterial, reasonOf, TlsError } from "./tls_material.ts";

/** Milliseconds after which tickets are encrypted with another key, as in Caddy; a ticket lives for two hours. */
const TICKET_KEY_AGE = 12 * 60 * 60 * 1000;

type OpensslModule = typeof import("../tls/mod.ts");

/**
 * Checks that what implements TLS can use certificate and key; for `--check`, since a start reports it anyway.
 *
 * @returns warnings
 * @throws {TlsError}
 */
export async function expectCertificates(config: Config): Promise<readonly string[]> {
  if (config.tls.cert === undefined) return [];
  if (config.tls.library === "openssl") {
    return readCertificates(config, await import("../tls/mod.ts")).warnings;
  }
  readTlsMaterial(config.tls);
  return [];
}

/** What the files contain. */
interface Certificates {
  readonly set: OpensslStart["set"];
  /** About files that cannot be used, and that are not necessary. */
  readonly warnings: readonly string[];
}

/** TLS of the epoll transport. */
export class OpensslTls implements Disposable {
  readonly #config: Config;
  readonly #module: OpensslModule;
  readonly #memory: SharedArrayBuffer;
  readonly #pointers: PointerTable;
  readonly #ticketMemory = createTicketKeys();
  readonly #tickets = new TicketKeys(this.#ticketMemory);
  #timer: ReturnType<typeof setInterval> | undefined = undefined;
  #certificates: Certificates;

  private constructor(config: Config, module: OpensslModule) {
    this.#config = config;
    this.#module = module;
    this.#certificates = readCertificates(config, module);
    this.#memory = createPointerTable(workerSlots(config));
    this.#pointers = new PointerTable(this.#memory);
    this.rotateTicketKeys();
  }

  /** Null if the config has no certificate, or Deno implements TLS. @throws {TlsError} if the files cannot be used */
  static async open(config: Config): Promise<OpensslTls | null> {
    if (config.tls.cert === undefined || config.tls.library !== "openssl") return null;
    return new OpensslTls(config, await import("../tls/mod.ts"));
  }

  /** For a worker's start. */
  get start(): OpensslStart {
    return { set: this.#certificates.set, tickets: this.#ticketMemory, pointers: this.#memory };
  }

  /** About the files that were read last. */
  get warnings(): readonly string[] {
    return this.#certificates.warnings;
  }

  /** Reads the files again. @throws {TlsError} if they cannot be used: the old certificates stay in use */
  reload(): OpensslStart["set"] {
    this.#certificates = readCertificates(this.#config, this.#module);
    this.rotateTicketKeys();
    return this.#certificates.set;
  }

  /** From now on all workers encrypt tickets with a new key. */
  rotateTicketKeys(): void {
    this.#tickets.add(crypto.getRandomValues(new Uint8Array(TICKET_KEY_BYTES)));
  }

  /** The server listens: from now on ticket keys get old. */
  begin(): void {
    this.#timer ??= setInterval(() => this.rotateTicketKeys(), TICKET_KEY_AGE);
  }

  /** The server has stopped. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
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
}

/** Reads all files. @throws {TlsError} */
function readCertificates(config: Config, module: OpensslModule): Certificates {
  const { cert, key, otherCerts, otherKeys } = config.tls;
  const warnings: string[] = [];
  const pairs = [cert, ...otherCerts].map((each, i) => ({
    cert: each,
    key: [key, ...otherKeys][i],
  }));
  const certificates = pairs.map((pair) => {
    const material = readPair(pair, config, module);
    if (material === null) throw new TypeError("there is no certificate");
    return { ...material, ocsp: readOcsp(`${pair.cert}.ocsp`, module, warnings) };
  });
  return { set: { certificates, client: readAuthority(config.tls, module) }, warnings };
}

/** Reads a certificate and its key; if only OpenSSL, or the system's policy for it, refuses them, the error says so. */
function readPair(
  pair: Pick<TlsFiles, "cert" | "key">,
  config: Config,
  { checkCertificate }: OpensslModule,
): ReturnType<typeof readTlsMaterial> {
  try {
    return readTlsMaterial(pair, checkCertificate);
  } catch (error) {
    const isOfOpenssl = error instanceof TlsError && needOf(config) === undefined &&
      denoCanUse(pair);
    if (!isOfOpenssl) throw error;
    throw new TlsError(`${error.message} (OpenSSL or its system policy; --tls deno can use them)`);
  }
}

function denoCanUse(pair: Pick<TlsFiles, "cert" | "key">): boolean {
  try {
    readTlsMaterial(pair);
    return true;
  } catch {
    return false;
  }
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

/** The response in the file beside a certificate; null: there is none that can be used. */
function readOcsp(
  file: string,
  { checkOcspResponse }: OpensslModule,
  warnings: string[],
): Uint8Array<ArrayBuffer> | null {
  try {
    const response = Deno.readFileSync(file);
    checkOcspResponse(response);
    return response;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    warnings.push(`the OCSP response ${file} is not stapled: ${reasonOf(error)}`);
    return null;
  }
}
