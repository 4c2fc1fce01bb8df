/**
 * The config section for proxies in front of the server, and which of them are trusted.
 *
 * In: the options about proxies. Out: their shape, their default, and whether the workers need the
 * addresses of their peers.
 */

import type { Cidr } from "../../protocol/mod.ts";
import type { Monitoring } from "./monitoring.ts";

/** Proxies in front of the server. */
export interface ProxyConfig {
  /** Whether every connection must begin with a PROXY header. */
  readonly protocol: boolean;
  /** Proxies that are trusted to name the client. */
  readonly trustedProxies: readonly Cidr[];
  /** The field in which they name it. */
  readonly trustedField: TrustedField;
}

/**
 * The field in which a proxy names the client: `x-forwarded-for` with X-Forwarded-Proto, or `forwarded`.
 * `auto`: whichever is present, and neither if both are present and differ, because a client may have
 * written one of them.
 */
export const TRUSTED_FIELDS = ["auto", "x-forwarded-for", "forwarded"] as const;

/** One of {@link TRUSTED_FIELDS}. */
export type TrustedField = (typeof TRUSTED_FIELDS)[number];

/** No proxies. */
export const NO_PROXY: ProxyConfig = {
  protocol: false,
  trustedProxies: [],
  trustedField: "auto",
};

/** The sections that decide whether addresses of peers are needed. */
interface AddressUsers {
  readonly proxy: ProxyConfig;
  readonly monitoring: Pick<Monitoring, "accessLog">;
  /** Password checks are fair by address. */
  readonly users: readonly unknown[];
  /** An app may ask for them. */
  readonly app?: unknown;
}

/** Whether any part of the server needs the addresses of peers. */
export function wantsPeerAddress({ proxy, monitoring, users, app }: AddressUsers): boolean {
  return app !== undefined || users.length > 0 || proxy.protocol ||
    proxy.trustedProxies.length > 0 ||
    monitoring.accessLog !== "off";
}
