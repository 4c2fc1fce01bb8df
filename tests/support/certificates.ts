/**
 * Certificates for tests: a certificate authority and certificates that it signs, made by openssl.
 *
 * In: names. Out: PEM files in a temporary folder, which is removed with the object.
 */

import { findProgram } from "./process_facts.ts";
import { expectProgram, runProgram } from "./program.ts";

/** The openssl program, or undefined. */
export const OPENSSL: string | undefined = findProgram("openssl");

/** Appended to the name of a test that cannot run. */
export const NO_OPENSSL: string = OPENSSL === undefined
  ? " (skipped, to install it: apt-get install openssl)"
  : "";

/** A certificate for 127.0.0.1, ::1 and localhost, with its key: the names of two files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** An authority, and the folder with its files. */
export class Authority implements AsyncDisposable {
  readonly folder: string;
  /** The PEM of the authority's certificate. */
  readonly pem: string;
  /** The file with that PEM. */
  readonly file: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.file = `${folder}/ca.pem`;
    this.pem = Deno.readTextFileSync(this.file);
  }

  /** Creates an authority. */
  static async make(): Promise<Authority> {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    const out = ["-keyout", `${folder}/ca.key`, "-out", `${folder}/ca.pem`];
    await openssl([
      "req",
      "-x509",
      ...NEW_KEY,
      ...out,
      "-days",
      "2",
      "-subj",
      "/CN=test authority",
    ]);
    await Deno.writeTextFile(
      `${folder}/extensions`,
      "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost\nbasicConstraints=CA:FALSE\n",
    );
    return new Authority(folder);
  }

  /**
   * Creates a certificate with the common name `name`, in `name.pem` and `name.key`.
   *
   * @param hosts its alternative names as openssl writes them; default: this machine
   * @param subject as openssl writes it; default: the common name
   * @param options of `openssl x509`, such as its digest
   */
  async sign(
    name: string,
    hosts?: string,
    subject = `/CN=${name}`,
    options: readonly string[] = [],
  ): Promise<CertificateFiles> {
    const path = `${this.folder}/${name}`;
    const files = { cert: `${path}.pem`, key: `${path}.key` };
    const request = ["-keyout", files.key, "-out", `${path}.csr`, "-subj", subject];
    await openssl(["req", ...NEW_KEY, ...request]);
    const signer = ["-CA", this.file, "-CAkey", `${this.folder}/ca.key`, "-CAcreateserial"];
    const extensions = `${this.folder}/extensions${hosts === undefined ? "" : `-${name}`}`;
    if (hosts !== undefined) {
      await Deno.writeTextFile(extensions, `subjectAltName=${hosts}\nbasicConstraints=CA:FALSE\n`);
    }
    const wanted = ["-days", "2", "-extfile", extensions, "-out", files.cert, ...options];
    await openssl(["x509", "-req", "-in", `${path}.csr`, ...signer, ...wanted]);
    return files;
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The arguments of a server that uses this certificate. */
export function tlsArguments(files: CertificateFiles): string[] {
  return ["--tls-cert", files.cert, "--tls-key", files.key];
}

/** The common name in the certificate of the next handshake. */
export async function presentedName(port: number): Promise<string | undefined> {
  const { stdout } = await runProgram(OPENSSL!, ["s_client", "-connect", `127.0.0.1:${port}`]);
  return /^subject=.*CN ?= ?(\S+)/m.exec(stdout)?.[1];
}

async function openssl(args: readonly string[]): Promise<void> {
  await expectProgram(OPENSSL!, args);
}
