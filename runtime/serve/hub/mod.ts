/**
 * The hub of one worker: which of its connections are subscribed to which channel, and how publications reach them.
 * It knows no protocol: a face encodes for one kind of subscribers.
 *
 * ```ts
 * import type { Face, Subscriber } from "./mod.ts";
 *
 * const utf8 = new TextDecoder();
 * const lines: Face<string> = {
 *   append: (out, { name }, entry) => {
 *     out.appendLatin1(`${name} ${entry.offset}: `);
 *     out.append(entry.data);
 *     out.appendLatin1("\n");
 *   },
 *   seal: (out) => utf8.decode(out.view()),
 * };
 * const printer: Subscriber<string> = {
 *   face: lines,
 *   receive: (text) => console.log(text),
 *   lost: () => console.log("subscribe again"),
 * };
 * console.log(printer.face === lines); // true
 * ```
 *
 * @module
 */

export { Chain } from "./chain.ts";
export type { ConflationRules } from "./conflation.ts";
export { DeliveryTimer } from "./delivery_timer.ts";
export type { ChainedFace, ChannelIdentity, Face, Subscriber } from "./face.ts";
export { type Entrance, Hub, type HubParts, type HubStore, type ResumeWish } from "./hub.ts";
export type { HubChannel } from "./hub_channel.ts";
export { FewMap } from "./few_map.ts";
