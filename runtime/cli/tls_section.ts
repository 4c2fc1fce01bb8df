/**
 * The section `tls` of a configuration file: the TLS options without their prefix, and certificates as tables.
 *
 * In: the section, as `[[tls.certificates]] cert = "a.pem", key = "a.key"` or `[tls] client-ca = "ca.pem"`. Out: the
 * same as keys at the top of the file: tls-cert, tls-key, tls-client-ca. `implementation` is `--tls`.
 */

/** A key at the top of the file, with its value. */
export type FlatEntry = readonly [key: string, value: unknown];

/** The entries of the section, or a line that says what is wrong with it. */
export function flattenTlsSection(
  path: string,
  section: Readonly<Record<string, unknown>>,
): readonly FlatEntry[] | string {
  const { certificates, implementation, ...others } = section;
  const entries: FlatEntry[] = Object.entries(others).map(([key, value]) => [`tls-${key}`, value]);
  if (implementation !== undefined) entries.push(["tls", implementation]);
  if (certificates === undefined) return entries;
  if (!Array.isArray(certificates) || !certificates.every(isCertificate)) {
    return `each [[tls.certificates]] in ${path} must have the keys cert and key, two names of files`;
  }
  if (others["cert"] !== undefined || others["key"] !== undefined) {
    return `[[tls.certificates]] in ${path} excludes cert and key in the section tls`;
  }
  entries.push(["tls-cert", certificates.map(({ cert }) => cert)]);
  entries.push(["tls-key", certificates.map(({ key }) => key)]);
  return entries;
}

function isCertificate(table: unknown): table is { readonly cert: string; readonly key: string } {
  if (typeof table !== "object" || table === null) return false;
  const { cert, key, ...others } = table as Record<string, unknown>;
  return typeof cert === "string" && typeof key === "string" && Object.keys(others).length === 0;
}
