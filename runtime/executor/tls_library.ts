/**
 * Chooses what implements TLS: the system's OpenSSL on the epoll transport, or Deno on its own sockets.
 *
 * In: a config whose `tls.library` may be `auto`: then OpenSSL is used if it can be loaded. Out: the config with the
 * one that is used, and a text for the operator. OpenSSL is loaded only if there is a certificate.
 */

import { type Config, usesDenoTransport } from "../config/mod.ts";
import { isActivated } from "../os/mod.ts";
import { TlsError } from "./tls_material.ts";

/** The choice. */
export interface TlsChoice {
  /** Its `tls.library` is not `auto`, unless there is no certificate. */
  readonly config: Config;
  /** What implements TLS, as `OpenSSL 3.0.19`; null: nothing does. */
  readonly text: string | null;
}

/**
 * Chooses.
 *
 * @throws {TlsError} if the config demands OpenSSL, and it cannot be used
 */
export async function chooseTls(config: Config): Promise<TlsChoice> {
  const { tls: { cert, library } } = config;
  if (cert === undefined) return { config, text: null };
  const byDeno = (text: string) => ({ config: withLibrary(config, "deno"), text });
  if (library === "deno" || usesDenoTransport(config)) return byDeno("Deno");
  const { opensslProblem, opensslVersion } = await import("../tls/mod.ts");
  const problem = opensslProblem();
  if (problem === undefined) {
    return { config: withLibrary(config, "openssl"), text: opensslVersion() };
  }
  const demanded = demandOf(config);
  if (demanded === undefined) return byDeno(`Deno (${problem})`);
  throw new TlsError(`${demanded}: ${problem}; install OpenSSL 3, or use --tls deno`);
}

/** Why it must be OpenSSL; undefined: Deno can do it too. */
function demandOf(config: Config): string | undefined {
  return config.tls.library === "openssl" ? "--tls openssl" : needOf(config);
}

/** What only OpenSSL can do; undefined: whatever `--tls` says, Deno can do it too. */
export function needOf({ tls: { otherCerts, clientCa }, transport }: Config): string | undefined {
  if (transport === "epoll") return "--transport epoll with --tls-cert";
  if (clientCa !== undefined) return "--tls-client-ca";
  if (otherCerts.length > 0) return "several --tls-cert";
  const isHandedOver = isActivated((name) => Deno.env.get(name), Deno.pid);
  return isHandedOver ? "a socket from systemd with --tls-cert" : undefined;
}

function withLibrary(config: Config, library: "openssl" | "deno"): Config {
  return { ...config, tls: { ...config.tls, library } };
}
