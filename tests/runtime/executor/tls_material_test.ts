/**
 * Files that are no usable certificate or key: the error names what each contains.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { readTlsMaterial, TlsError } from "../../../runtime/executor/mod.ts";
import {
  Authority,
  type CertificateFiles,
  NO_OPENSSL,
  OPENSSL,
} from "../../support/certificates.ts";
import { expectProgram } from "../../support/program.ts";

/** The contents of a file, made by openssl from a key or given as text, and the error's message. */
interface Row {
  readonly name: string;
  readonly option: keyof CertificateFiles;
  readonly openssl?: readonly string[];
  readonly text?: string;
  readonly message: string;
}

const ENCRYPTED = "is encrypted with a passphrase";

const ROWS: readonly Row[] = [
  {
    name: "an encrypted key",
    option: "key",
    openssl: ["pkey", "-aes256", "-passout", "pass:x"],
    message: ENCRYPTED,
  },
  {
    name: "an encrypted key of OpenSSL 1.0",
    option: "key",
    openssl: ["pkey", "-traditional", "-aes256", "-passout", "pass:x"],
    message: ENCRYPTED,
  },
  {
    name: "a public key",
    option: "key",
    openssl: ["pkey", "-pubout"],
    message: "contains no private key in PEM form: it contains a PUBLIC KEY",
  },
  {
    name: "a key in DER",
    option: "key",
    openssl: ["pkey", "-outform", "DER"],
    message: "it has no PEM block; a DER or PKCS #12 file must be converted first",
  },
  { name: "an empty file", option: "key", text: "\n", message: "the file is empty" },
  {
    name: "an OpenSSH key",
    option: "key",
    text: "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    message: "it contains an OpenSSH key, which TLS cannot use",
  },
  {
    name: "a certificate instead of the key",
    option: "key",
    text: "-----BEGIN CERTIFICATE-----\n",
    message: "it contains a CERTIFICATE; are --tls-cert and --tls-key swapped?",
  },
  {
    name: "a key instead of the certificate",
    option: "cert",
    openssl: ["pkey"],
    message: "it contains a PRIVATE KEY; are --tls-cert and --tls-key swapped?",
  },
  {
    name: "a certificate request instead of the certificate",
    option: "cert",
    openssl: ["req", "-new", "-subj", "/CN=a"],
    message: "it contains a certificate request, which a CA must sign first",
  },
];

Deno.test({
  name: `TLS material: the error of an unusable file names what it contains${NO_OPENSSL}`,
  ignore: OPENSSL === undefined,
  fn: async (t) => {
    await using authority = await Authority.make();
    const right = await authority.sign("right");
    for (const { name, option, openssl, text, message } of ROWS) {
      await t.step(name, async () => {
        const file = `${authority.folder}/wrong`;
        if (text !== undefined) await Deno.writeTextFile(file, text);
        const input = openssl?.[0] === "req" ? ["-key", right.key] : ["-in", right.key];
        if (openssl) await expectProgram(OPENSSL!, [...openssl, ...input, "-out", file]);
        const files = { ...right, redirectPort: undefined, [option]: file };
        const error = assertThrows(() => readTlsMaterial(files), TlsError);
        assertEquals(error.message.startsWith(`--tls-${option} ${file} `), true, error.message);
        assertEquals(error.message.includes(message), true, error.message);
        assertEquals(error.message.includes("\n"), false, error.message);
      });
    }
    assertEquals(readTlsMaterial(right) === null, false);
  },
});
