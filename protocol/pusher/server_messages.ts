/**
 * Writes what a server of the Pusher protocol sends: one event a message.
 *
 * In: the parts of an event. Out: its JSON. The data of every event is a string, with JSON in it for the protocol's own; the data
 * of `pusher:error` and `pusher:subscription_error` is an object, as Pusher's is.
 */

const UTF8 = new TextDecoder();
const NULL = "null";

/** A member of a presence channel. */
export interface PusherMember {
  readonly id: string;
  /** JSON that the others see; undefined: there is none. */
  readonly info: Uint8Array | undefined;
}

/** An event of the application, or of another client. */
export interface PusherEvent {
  readonly event: string;
  readonly channel: string;
  /** As it was sent: in most cases JSON. */
  readonly data: string;
  /** The user who has sent it; empty: nobody whom the channel knows. */
  readonly user?: string;
}

/** The first message of a connection. @param activityTimeout seconds after which a silent client asks whether the server is there */
export function connectionEstablished(socketId: string, activityTimeout: number): string {
  const data = JSON.stringify({ socket_id: socketId, activity_timeout: activityTimeout });
  return JSON.stringify({ event: "pusher:connection_established", data });
}

/** The answer to a ping. */
export const PUSHER_PONG = '{"event":"pusher:pong","data":"{}"}';
/** Asks whether the client is there. */
export const PUSHER_PING = '{"event":"pusher:ping","data":"{}"}';

/** A subscription has begun. @param members of a presence channel; absent: it is another one */
export function subscriptionSucceeded(
  channel: string,
  members?: Iterable<PusherMember>,
): string {
  const data = members === undefined ? "{}" : presenceData(members);
  return JSON.stringify({ event: "pusher_internal:subscription_succeeded", channel, data });
}

function presenceData(members: Iterable<PusherMember>): string {
  const ids: string[] = [];
  const hash: string[] = [];
  for (const { id, info } of members) {
    const name = JSON.stringify(id);
    ids.push(name);
    hash.push(`${name}:${infoText(info)}`);
  }
  return `{"presence":{"count":${ids.length},"ids":[${ids}],"hash":{${hash}}}}`;
}

/** A subscription was refused. */
export function subscriptionError(
  channel: string,
  { type, error, status }: {
    readonly type: string;
    readonly error: string;
    readonly status: number;
  },
): string {
  const data = { type, error, status };
  return JSON.stringify({ event: "pusher:subscription_error", channel, data });
}

/** Something was refused, and the connection goes on. @param code null: there is none for it */
export function pusherError(message: string, code: number | null = null): string {
  return JSON.stringify({ event: "pusher:error", data: { code, message } });
}

/** The channel keeps no event. */
export function cacheMiss(channel: string): string {
  return JSON.stringify({ event: "pusher:cache_miss", channel, data: "{}" });
}

/** The user is known. @param userData JSON, as it was signed */
export function signinSuccess(userData: string): string {
  const data = JSON.stringify({ user_data: userData });
  return JSON.stringify({ event: "pusher:signin_success", data });
}

/** Somebody has come to a presence channel. */
export function memberAdded(channel: string, { id, info }: PusherMember): string {
  const data = `{"user_id":${JSON.stringify(id)},"user_info":${infoText(info)}}`;
  return JSON.stringify({ event: "pusher_internal:member_added", channel, data });
}

/** The last connection of a member is gone. */
export function memberRemoved(channel: string, id: string): string {
  const data = JSON.stringify({ user_id: id });
  return JSON.stringify({ event: "pusher_internal:member_removed", channel, data });
}

/** An event. */
export function eventMessage({ event, channel, data, user = "" }: PusherEvent): string {
  const sender = user === "" ? {} : { user_id: user };
  return JSON.stringify({ event, channel, data, ...sender });
}

function infoText(info: Uint8Array | undefined): string {
  return info === undefined ? NULL : UTF8.decode(info);
}
