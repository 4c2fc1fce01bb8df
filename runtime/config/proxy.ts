/**
 * What stands between the clients and us, and whom of it we believe.
 */

import type { Cidr } from "../../protocol/mod.ts";
import type { Monitoring } from "./monitoring.ts";

/** Proxies in front of the server. */
export interface ProxyConfig {
  /** Every connection begins with a PROXY header. */
  readonly protocol: boolean;
  /** Proxies whose X-Forwarded-For and Forwarded name the client. */
  readonly trustedProxies: readonly Cidr[];
}

/** Nothing stands in between. */
export const NO_PROXY: ProxyConfig = { protocol: false, trustedProxies: [] };

/** What says whether peers' addresses are wanted. */
interface Wanted {
  readonly proxy: ProxyConfig;
  readonly monitoring: Pick<Monitoring, "accessLog">;
}

/** Whether anybody wants to know the peers' addresses. */
export function wantsPeerAddress({ proxy, monitoring }: Wanted): boolean {
  return proxy.protocol || proxy.trustedProxies.length > 0 || monitoring.accessLog !== "off";
}
