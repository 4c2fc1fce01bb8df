/**
 * The PROXY protocol: the client's address, which a proxy sends before the first byte of the client.
 *
 * ```ts
 * import { readProxyHeader } from "./mod.ts";
 * const bytes = new TextEncoder().encode("PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\nGET /");
 * console.log(readProxyHeader(bytes, bytes.length)); // { address: "192.0.2.1", port: 4711, length: 39 }
 * ```
 *
 * @module
 */

export { LONGEST_PROXY_HEADER, type ProxyHeader, readProxyHeader } from "./header.ts";
