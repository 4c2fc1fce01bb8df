/**
 * Reads the certificate and the key of the server, and checks that they belong together.
 *
 * In: the names of the files. Out: their texts, or null without TLS. An error names the option, the
 * file, and what the file contains instead, for example an encrypted key. The pair is checked by what implements
 * TLS; for Deno, a TLS listener is opened with it on a free port of the loopback address, and closed at once.
 * Called at the start, at each reload (SIGHUP), and by `--check`.
 */

import type { TlsFiles } from "../config/mod.ts";
import { errorMessage } from "../error_message.ts";
import type { TlsMaterial } from "../thread/mod.ts";

/** Certificate and key cannot be used; the message is for the operator. */
export class TlsError extends Error {
  override name = "TlsError";
}

/**
 * Reads the files of `files`.
 *
 * @param expectUsable throws an Error if certificate and key cannot be used together
 * @throws {TlsError}
 */
export function readTlsMaterial(
  files: Pick<TlsFiles, "cert" | "key">,
  expectUsable: (material: TlsMaterial) => void = expectUsableByDeno,
): TlsMaterial | null {
  const { cert: certFile, key: keyFile } = files;
  if (certFile === undefined && keyFile === undefined) return null;
  if (certFile === undefined) throw new TlsError("--tls-key needs --tls-cert");
  if (keyFile === undefined) throw new TlsError("--tls-cert needs --tls-key");
  const cert = read("--tls-cert", certFile, CERTIFICATE);
  const key = read("--tls-key", keyFile, PRIVATE_KEY);
  try {
    expectUsable({ cert, key });
  } catch (error) {
    throw new TlsError(
      `--tls-cert ${certFile} and --tls-key ${keyFile} cannot be used together: ${reasonOf(error)}`,
    );
  }
  return { cert, key };
}

function expectUsableByDeno({ cert, key }: TlsMaterial): void {
  Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key }).close();
}

/** What a file must contain, by the label of its PEM block (RFC 7468 section 2). */
interface PemKind {
  readonly noun: string;
  readonly label: RegExp;
}

const CERTIFICATE: PemKind = { noun: "certificate", label: /^CERTIFICATE$/ };
/** RFC 7468 section 10, and the forms of OpenSSL 1.0. */
const PRIVATE_KEY: PemKind = { noun: "private key", label: /^(?:RSA |EC )?PRIVATE KEY$/ };

const PEM_LABEL = /-----BEGIN (?<label>[A-Z\d ]+)-----/g;
/** RFC 1421 section 4.6.1.1: how OpenSSL 1.0 marks an encrypted key of its own forms. */
const ENCRYPTED_FIELD = /^Proc-Type: *4, *ENCRYPTED/m;

function read(flag: string, file: string, kind: PemKind): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    throw new TlsError(`cannot read ${flag} ${file}: ${reasonOf(error)}`);
  }
  const labels = [...text.matchAll(PEM_LABEL)].map((match) => match.groups!["label"]!);
  const isEncrypted = kind === PRIVATE_KEY &&
    (labels.includes("ENCRYPTED PRIVATE KEY") || ENCRYPTED_FIELD.test(text));
  if (isEncrypted) {
    throw new TlsError(
      `${flag} ${file} is encrypted with a passphrase, which nobody can enter when the server starts; ` +
        `remove it: openssl pkey -in ${file} -out plain.pem`,
    );
  }
  if (labels.some((label) => kind.label.test(label))) return text;
  throw new TlsError(
    `${flag} ${file} contains no ${kind.noun} in PEM form: ${found(labels, text)}`,
  );
}

/** What a file without the right PEM block contains instead, and what to do. */
function found(labels: readonly string[], text: string): string {
  const [label] = labels;
  if (text.trim() === "") return "the file is empty";
  if (label === undefined) {
    return "it has no PEM block; a DER or PKCS #12 file must be converted first";
  }
  const isOther = [CERTIFICATE, PRIVATE_KEY].some(({ label: its }) => its.test(label));
  if (isOther) return `it contains a ${label}; are --tls-cert and --tls-key swapped?`;
  if (label === "OPENSSH PRIVATE KEY") return "it contains an OpenSSH key, which TLS cannot use";
  if (label === "CERTIFICATE REQUEST") {
    return "it contains a certificate request, which a CA must sign first";
  }
  return `it contains a ${label}`;
}

/** Why a file could not be used. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "the file does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return errorMessage(error);
}
