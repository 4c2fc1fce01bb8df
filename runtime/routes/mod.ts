/**
 * The endpoints: what each path answers. They see exchanges and sockets' peers, never a descriptor.
 *
 * ```ts
 * import { DateField } from "../../protocol/mod.ts";
 * import { defaultRouter } from "./mod.ts";
 * console.log(defaultRouter(new DateField(0)).find("/healthz")?.label.text); // "/healthz (health)"
 * ```
 *
 * @module
 */

export { createRouter, defaultRouter } from "./router.ts";
