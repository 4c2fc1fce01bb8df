/**
 * What stands between the clients and us, and whom of it we believe.
 *
 * In: the options about proxies, once they are read. Out: their shape, their default, and whether a
 * worker has to know the address of its peers.
 */

import type { Cidr } from "../../protocol/mod.ts";
import type { Monitoring } from "./monitoring.ts";

/** Proxies in front of the server. */
export interface ProxyConfig {
  /** Every connection begins with a PROXY header. */
  readonly protocol: boolean;
  /** Proxies whose word on the client is believed. */
  readonly trustedProxies: readonly Cidr[];
  /** In what field they give it. */
  readonly trustedField: TrustedField;
}

/**
 * Where a proxy names its client: `x-forwarded-for` with X-Forwarded-Proto, or `forwarded`; `auto`: whichever
 * is there, and neither if both are and differ, as a client may have written one of them.
 */
export const TRUSTED_FIELDS = ["auto", "x-forwarded-for", "forwarded"] as const;

/** One of {@link TRUSTED_FIELDS}. */
export type TrustedField = (typeof TRUSTED_FIELDS)[number];

/** Nothing stands in between. */
export const NO_PROXY: ProxyConfig = {
  protocol: false,
  trustedProxies: [],
  trustedField: "auto",
};

/** What says whether peers' addresses are wanted. */
interface Wanted {
  readonly proxy: ProxyConfig;
  readonly monitoring: Pick<Monitoring, "accessLog">;
}

/** Whether anybody wants to know the peers' addresses. */
export function wantsPeerAddress({ proxy, monitoring }: Wanted): boolean {
  return proxy.protocol || proxy.trustedProxies.length > 0 || monitoring.accessLog !== "off";
}
