/**
 * The table of OpenSSL's functions against the prototypes in its headers: a wrong width of an argument is seen by no
 * other test, since it works as long as the upper half of a register happens to be zero.
 */

import { assertEquals } from "@std/assert";
import { CRYPTO_SYMBOLS, SSL_SYMBOLS } from "../../../runtime/tls/openssl.ts";
import { isFile } from "../../support/is_file.ts";

const HEADERS = "/usr/include/openssl";
const MISSING = isFile(`${HEADERS}/ssl.h`)
  ? ""
  : " (skipped, to install it: apt-get install libssl-dev)";

/** What the table has otherwise than the prototype, on purpose: openssl.ts says why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  SSL_do_handshake: "void",
  BIO_ctrl_wpending: "u32",
};
/** Declared by macros: `DECLARE_…(X509)`. Their prototypes are in the manual. */
const BY_MACRO: Readonly<Record<string, string>> = {
  PEM_read_bio_X509: "address(address, address, address, address)",
  PEM_read_bio_PrivateKey: "address(address, address, address, address)",
  X509_free: "void(address)",
  d2i_OCSP_RESPONSE: "address(address, address, i64)",
  OCSP_RESPONSE_free: "void(address)",
};

const ADDRESSES = /\*|\[|_cb_func|_verify_cb\b|\bpem_password_cb\b/;
const NUMBERS: readonly (readonly [type: RegExp, name: string])[] = [
  [/\bsize_t\b/, "usize"],
  [/\buint64_t\b/, "u64"],
  [/\bunsigned long\b/, "u64"],
  [/\blong\b/, "i64"],
  [/\bunsigned\b/, "u32"],
  [/\bint\b/, "i32"],
  [/\bvoid\b/, "void"],
];

/** The FFI type of a C type. */
function typeOf(declaration: string): string {
  if (ADDRESSES.test(declaration)) return "address";
  const found = NUMBERS.find(([type]) => type.test(declaration));
  if (found === undefined) throw new Error(`unknown type: ${declaration}`);
  return found[1];
}

/** Parameters, of which one may be a function. */
function split(parameters: string): string[] {
  const parts = parameters.replace(/\([^()]*\)\s*\([^()]*\)/g, "*").split(",");
  return parts.map((part) => part.trim()).filter((part) => part !== "" && part !== "void");
}

/** A function's prototype, as `i32(address, usize)`. */
function prototypeOf(name: string, headers: string): string {
  const declared = new RegExp(
    `(?<result>[\\w \\t\\n]+[\\s*])${name}\\s*\\((?<list>(?:[^();]|\\([^();]*\\))*)\\)\\s*;`,
  );
  const groups = declared.exec(headers)?.groups;
  if (groups === undefined) return BY_MACRO[name] ?? "not found";
  const { result = "", list = "" } = groups;
  return `${typeOf(result)}(${split(list).map(typeOf).join(", ")})`;
}

/** The same of our table. */
function ours({ parameters, result }: Deno.ForeignFunction): string {
  const name = (type: unknown) =>
    ["pointer", "buffer", "function"].includes(String(type)) ? "address" : String(type);
  return `${name(result)}(${parameters.map(name).join(", ")})`;
}

Deno.test({
  name: `OpenSSL's functions are declared as in its headers${MISSING}`,
  ignore: MISSING !== "",
  fn: async () => {
    const names = [
      "ssl",
      "tls1",
      "crypto",
      "bio",
      "err",
      "evp",
      "x509",
      "x509v3",
      "x509_vfy",
      "ocsp",
      "sha",
      "rand",
    ];
    const texts = names.map((name) => Deno.readTextFile(`${HEADERS}/${name}.h`));
    const headers = (await Promise.all(texts)).join("\n").replace(/\/\*[^]*?\*\//g, "")
      .replace(/^#.*(?:\\\n.*)*/gm, "").replace(/\b(?:__owur|ossl_unused)\b/g, "");
    const table: Readonly<Record<string, Deno.ForeignFunction>> = {
      ...SSL_SYMBOLS,
      ...CRYPTO_SYMBOLS,
    };
    const found: Record<string, string> = {};
    const declared: Record<string, string> = {};
    for (const [name, symbol] of Object.entries(table)) {
      const prototype = prototypeOf(name, headers);
      const result = EXCEPTIONS[name];
      found[name] = result === undefined ? prototype : prototype.replace(/^\w+/, result);
      declared[name] = ours(symbol);
    }
    assertEquals(declared, found);
  },
});
