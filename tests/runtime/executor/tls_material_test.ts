/**
 * Files that cannot be a certificate or a key, each named as what it is.
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

/** What a file has, made by openssl from a key, or written as it is; and what the error says of it. */
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
    name: "a key of OpenSSH",
    option: "key",
    text: "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    message: "it contains a key of OpenSSH, which TLS cannot use",
  },
  {
    name: "a certificate in the place of the key",
    option: "key",
    text: "-----BEGIN CERTIFICATE-----\n",
    message: "it contains a CERTIFICATE; are --tls-cert and --tls-key swapped?",
  },
  {
    name: "a key in the place of the certificate",
    option: "cert",
    openssl: ["pkey"],
    message: "it contains a PRIVATE KEY; are --tls-cert and --tls-key swapped?",
  },
  {
    name: "a request in the place of the certificate",
    option: "cert",
    openssl: ["req", "-new", "-subj", "/CN=a"],
    message: "it contains a request, which a CA has to sign first",
  },
];

Deno.test({
  name: `TLS material: a file that cannot be used is named as what it is${NO_OPENSSL}`,
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
    assertEquals(readTlsMaterial({ ...right, redirectPort: undefined }) === null, false);
  },
});
