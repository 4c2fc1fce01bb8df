/**
 * A backend that is asked by HTTP what clients of channels may do, in the bodies of Centrifugo's proxy.
 *
 * ```ts
 * import { CHANNEL_PROXY } from "../../config/mod.ts";
 *
 * const endpoints = { connect: "http://127.0.0.1:3000/connect" };
 * const config = { ...CHANNEL_PROXY, endpoints };
 * console.log(config.timeout); // 1000
 * ```
 *
 * @module
 */

export { ChannelProxyHooks, type ChannelProxyParts } from "./channel_proxy_hooks.ts";
