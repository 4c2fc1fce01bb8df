/**
 * The certificate and key that the server shows, read from their files and found to belong together.
 *
 * In: the names of the files. Out: their texts, or null where there is no TLS. An error names the
 * option and the file. The pair is judged by who will use it: a listener of Deno's is opened with
 * it, on a free port of the loopback, and closed at once.
 */

import type { TlsFiles } from "../config/mod.ts";
import type { TlsMaterial } from "../thread/mod.ts";

/** Certificate and key cannot be used; the message is for the operator. */
export class TlsError extends Error {
  override name = "TlsError";
}

/** Reads the files of `files`. @throws {TlsError} */
export function readTlsMaterial(files: TlsFiles): TlsMaterial | null {
  const { cert: certFile, key: keyFile } = files;
  if (certFile === undefined && keyFile === undefined) return null;
  if (certFile === undefined) throw new TlsError("--tls-key is of no use without --tls-cert");
  if (keyFile === undefined) throw new TlsError("--tls-cert is of no use without --tls-key");
  const cert = read("--tls-cert", certFile, /-----BEGIN CERTIFICATE-----/);
  const key = read("--tls-key", keyFile, /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----/);
  try {
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key }).close();
  } catch (error) {
    throw new TlsError(
      `--tls-cert ${certFile} and --tls-key ${keyFile} cannot be used together: ${reasonOf(error)}`,
    );
  }
  return { cert, key };
}

function read(flag: string, file: string, wanted: RegExp): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    throw new TlsError(`cannot read ${flag} ${file}: ${reasonOf(error)}`);
  }
  if (!wanted.test(text)) throw new TlsError(`${flag} ${file} has none in PEM form in it`);
  return text;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "no right to read it";
  return error instanceof Error ? error.message : String(error);
}
