/**
 * The endpoints: what each path answers. They see exchanges and WebSocket peers, never a descriptor.
 *
 * ```ts
 * import { DateField } from "../../../protocol/mod.ts";
 * import { DEFAULT_CONFIG } from "../../config/mod.ts";
 * import { serverRouter } from "./mod.ts";
 * const router = serverRouter({ config: DEFAULT_CONFIG, date: new DateField(0) });
 * console.log(router.find("/healthz")?.label.text); // "/healthz (health)"
 * ```
 *
 * @module
 */

export { loadDemo } from "./demo.ts";
export { createRouter, type RouterParts, serverRouter } from "./router.ts";
export { redirectRouter } from "./redirect.ts";
