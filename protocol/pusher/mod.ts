/**
 * The Pusher protocol (version 7), the server's side, and the API of its backends: messages and bodies in, commands and events out. No
 * socket, no key, no store. README.md has the choices that the protocol leaves open.
 *
 * @example Answers a command
 * ```ts
 * import { decodePusherMessage, parsePusherChannel, subscriptionSucceeded } from "./mod.ts";
 *
 * const message = new TextEncoder().encode('{"event":"pusher:subscribe","data":{"channel":"news"}}');
 * const command = decodePusherMessage(message, 0, message.length);
 * if (command.name === "subscribe" && parsePusherChannel(command.channel)?.kind === "public") {
 *   console.log(subscriptionSucceeded(command.channel));
 * }
 * // {"event":"pusher_internal:subscription_succeeded","channel":"news","data":"{}"}
 * ```
 *
 * @module
 */

export {
  decodePusherBatch,
  decodePusherEvent,
  type PusherApiEvent,
  type PusherInfo,
  readPusherInfo,
} from "./api_request.ts";
export { parsePusherChannel, type PusherChannelName } from "./channel_name.ts";
export { decodePusherMessage, type PusherCommand } from "./client_message.ts";
export { EVENT_REFUSED, PUSHER_CLOSES, type PusherClose } from "./close.ts";
export { type JsonData, jsonDataOf } from "./event_data.ts";
export { readPusherMember, readPusherUser } from "./identity.ts";
export { EVENT_NAME_LENGTH, TIMESTAMP_TOLERANCE } from "./limits.ts";
export {
  cacheMiss,
  connectionEstablished,
  eventMessage,
  memberAdded,
  memberRemoved,
  PUSHER_PING,
  PUSHER_PONG,
  pusherError,
  type PusherMember,
  signinSuccess,
  subscriptionError,
  subscriptionSucceeded,
} from "./server_messages.ts";
export {
  parsePusherAuth,
  type SignedRequest,
  signedRequest,
  signinText,
  subscriptionText,
} from "./signature.ts";
