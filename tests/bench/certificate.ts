/**
 * The certificate of the TLS rows: one authority and one certificate for 127.0.0.1, made with openssl.
 *
 * In: nothing. Out: dist/bench/scratch/tls/ with ca.pem, cert.pem and key.pem, or a {@link Missing}. The
 * key is elliptic-curve, as is usual today; with RSA, the handshake would dominate the result.
 */

import { CERTIFICATES } from "./paths.ts";
import { findProgram, type Missing } from "./tools.ts";

/** The authority's certificate, which a client must trust. */
export const CA_FILE = `${CERTIFICATES}ca.pem`;
/** The server's certificate. */
export const CERT_FILE = `${CERTIFICATES}cert.pem`;
/** Its key. */
export const KEY_FILE = `${CERTIFICATES}key.pem`;

const KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -x509".split(" ");

/** Makes both; returns undefined if that worked. @throws Error if openssl fails */
export async function writeCertificate(): Promise<Missing | undefined> {
  const openssl = findProgram("openssl");
  if (openssl === undefined) return { missing: "openssl", install: "apt-get install openssl" };
  await Deno.mkdir(CERTIFICATES, { recursive: true });
  const ca = ["-subj", "/CN=async-deno benchmark", "-out", CA_FILE];
  await run(openssl, ["req", ...KEY, ...ca, "-keyout", `${CERTIFICATES}ca-key.pem`]);
  await run(openssl, [
    ...["req", ...KEY, "-subj", "/CN=127.0.0.1", "-out", CERT_FILE, "-keyout", KEY_FILE],
    ...["-CA", CA_FILE, "-CAkey", `${CERTIFICATES}ca-key.pem`],
    ...["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"],
  ]);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (!success) throw new Error(`openssl: ${new TextDecoder().decode(stderr).trim()}`);
}
