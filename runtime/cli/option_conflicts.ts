/**
 * What options demand of each other: each is right by itself, and together they cannot be.
 *
 * In: the whole config. Out: a line for each thing that is wrong, which names the options.
 */

import type { Config } from "../config/mod.ts";

/** Everything that cannot be together. */
export function faultsTogether({ proxy, tls, transport, unix }: Config): string[] {
  const rules: readonly (readonly [isBroken: boolean, fault: string])[] = [
    [
      tls.cert !== undefined && tls.key === undefined,
      "--tls-cert needs --tls-key, the private key of the certificate",
    ],
    [
      tls.key !== undefined && tls.cert === undefined,
      "--tls-key needs --tls-cert, the certificate of the key",
    ],
    [
      tls.redirectPort !== undefined && tls.cert === undefined,
      "--redirect-http needs --tls-cert: there is no https to send anybody to",
    ],
    [
      tls.cert !== undefined && proxy.protocol,
      "--proxy-protocol cannot be read before TLS, which Deno begins at once: let the proxy end TLS",
    ],
    [
      proxy.trustedField !== "auto" && proxy.trustedProxies.length === 0,
      "--trust-proxy-field needs --trust-proxy: there is no proxy whose field is believed",
    ],
    [
      unix.path !== undefined && (tls.cert !== undefined || transport === "deno"),
      "--unix is for the epoll transport, which has no TLS: let the proxy have it",
    ],
    [
      tls.cert !== undefined && transport === "epoll",
      "--transport epoll has no TLS: leave it out, or name deno",
    ],
  ];
  return rules.flatMap(([isBroken, fault]) => isBroken ? [fault] : []);
}
