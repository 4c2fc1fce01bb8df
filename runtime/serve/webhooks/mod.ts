/**
 * Webhooks: what happens in the channels of an app of the Pusher protocol is told to addresses outside, by the main thread. README.md
 * has the way of an event.
 *
 * ```ts
 * import { WEBHOOK } from "../../config/mod.ts";
 * import { Webhooks } from "./mod.ts";
 *
 * const hook = { ...WEBHOOK, url: "http://127.0.0.1:9/hook" };
 * const secretBytes = new TextEncoder().encode("a secret of the app");
 * const app = { name: "shop", key: "shop-key", secretBytes, webhooks: [hook] };
 * const notes = { warn: console.error, inform: console.log };
 * const webhooks = new Webhooks({ apps: [app], workers: 1, notes });
 * console.log(webhooks.figures()[0]?.delivered); // 0
 * await webhooks.close(1_000);
 * ```
 *
 * @module
 */

export { ChannelReporter } from "./channel_reporter.ts";
export type { WebhookFigures } from "./delivery.ts";
export { Webhooks } from "./webhooks.ts";
