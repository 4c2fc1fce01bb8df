/**
 * The Centrifuge protocol (version 2) in JSON, the server's side: commands in, replies and pushes out. No socket,
 * no clock, no store. README.md has the choices that the protocol leaves open.
 *
 * @example Answers a command, and sends a publication to the subscriber
 * ```ts
 * import { ByteBuffer } from "../byte_buffer.ts";
 * import {
 *   CommandReader,
 *   FRAMINGS,
 *   ReplyBatch,
 *   writePublicationFields,
 *   writePublicationPush,
 *   writeSubscribeResult,
 * } from "./mod.ts";
 *
 * const utf8 = new TextEncoder();
 * const message = utf8.encode('{"id":1,"subscribe":{"channel":"news","flag":1}}');
 * const command = new CommandReader(message, 0, message.length).next();
 * const out = new ByteBuffer();
 * const batch = new ReplyBatch(out, FRAMINGS.websocket);
 * if (command?.name === "subscribe") {
 *   writeSubscribeResult(batch.begin(), command.id, { id: 7 });
 *   batch.end();
 *   const fields = new ByteBuffer();
 *   writePublicationFields(fields, { data: utf8.encode('{"price":1.0}') });
 *   writePublicationPush(batch.begin(), 7, { offset: 1, fields: fields.view() });
 *   batch.end();
 * }
 * console.log(new TextDecoder().decode(out.view()));
 * // {"id":1,"subscribe":{"id":7}}
 * // {"push":{"id":7,"pub":{"offset":1,"data":{"price":1.0}}}}
 * ```
 *
 * @module
 */

export { CLIENT_ERRORS, type ClientError } from "./client_error.ts";
export { type Command, CommandReader } from "./command_reader.ts";
export { refusalOf } from "./command_refusal.ts";
export { type Disconnect, DISCONNECTS, reconnects } from "./disconnect.ts";
export { decodeEmulation, type EmulationRequest } from "./emulation.ts";
export {
  type ChannelReference,
  type ClientInfo,
  type Publication,
  writeClientInfo,
  writePublication,
  writePublicationFields,
  writePublicationPush,
} from "./publication.ts";
export {
  writeDisconnectPush,
  writeJoinOrLeave,
  writeRefreshPush,
  writeSubscribePush,
  writeUnsubscribePush,
} from "./pushes.ts";
export {
  type ConnectResult,
  type Expiry,
  type HistoryResult,
  PING,
  type RefreshResult,
  type StreamPosition,
  type SubscribeResult,
  writeConnectResult,
  writeEmptyResult,
  writeError,
  writeHistoryResult,
  writePresenceResult,
  writePresenceStatsResult,
  writeRefreshResult,
  writeRpcResult,
  writeSubRefreshResult,
  writeSubscribeResult,
} from "./replies.ts";
export { type Framing, FRAMINGS, ReplyBatch } from "./reply_batch.ts";
export {
  CHANNEL_COMPACTION,
  type CommandName,
  type RequestOf,
  type SubscribeRequest,
} from "./requests.ts";
export { resubscribes, type Unsubscribe, UNSUBSCRIBES } from "./unsubscribe.ts";
export { isTagsFilter, matchesTags, type TagsFilter } from "./tags_filter.ts";
