/**
 * IP addresses, CIDR blocks, and the client's address behind trusted proxies.
 *
 * ```ts
 * import { cidrContains, parseCidr, parseIpAddress } from "./mod.ts";
 * const block = parseCidr("10.0.0.0/8")!;
 * console.log(cidrContains(block, parseIpAddress("10.1.2.3")!)); // true
 * ```
 *
 * @module
 */

export { type Cidr, cidrContains, parseCidr, UNIX_PEER } from "./cidr.ts";
export {
  clientAddress,
  clientScheme,
  type ForwardedFields,
  type ForwardedSchemes,
} from "./forwarded.ts";
export { formatIpAddress, parseIpAddress, unmapIPv4 } from "./ip_address.ts";
export { urlHost } from "./url_host.ts";
export { urlList } from "./url_list.ts";
export { urlPerHost } from "./url_per_host.ts";
