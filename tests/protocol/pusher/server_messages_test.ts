/** What the server sends is JSON, whose data is a string, as the clients of Pusher read it. */

import { assertEquals } from "@std/assert";
import {
  cacheMiss,
  connectionEstablished,
  eventMessage,
  memberAdded,
  memberRemoved,
  PUSHER_PING,
  PUSHER_PONG,
  pusherError,
  signinSuccess,
  subscriptionError,
  subscriptionSucceeded,
} from "../../../protocol/pusher/mod.ts";

/** The event, its channel, and its data: what is in the string, or the object. */
function read(message: string): [string, string | undefined, unknown] {
  const { event, channel, data } = JSON.parse(message);
  return [event, channel, typeof data === "string" ? JSON.parse(data) : data];
}

const INFO = new TextEncoder().encode('{"name":"A \\"B\\""}');

Deno.test("Pusher messages: each as a client reads it", () => {
  const members = [{ id: 'a"', info: INFO }, { id: "b", info: undefined }];
  const hash = { 'a"': { name: 'A "B"' }, b: null };
  const rows: [string, [string, string | undefined, unknown]][] = [
    [connectionEstablished("1.2", 120), [
      "pusher:connection_established",
      undefined,
      { socket_id: "1.2", activity_timeout: 120 },
    ]],
    [PUSHER_PING, ["pusher:ping", undefined, {}]],
    [PUSHER_PONG, ["pusher:pong", undefined, {}]],
    [subscriptionSucceeded("a"), ["pusher_internal:subscription_succeeded", "a", {}]],
    [subscriptionSucceeded("presence-a", members), [
      "pusher_internal:subscription_succeeded",
      "presence-a",
      { presence: { count: 2, ids: ['a"', "b"], hash } },
    ]],
    [subscriptionError("a", { type: "AuthError", error: "no", status: 401 }), [
      "pusher:subscription_error",
      "a",
      { type: "AuthError", error: "no", status: 401 },
    ]],
    [pusherError("no"), ["pusher:error", undefined, { code: null, message: "no" }]],
    [pusherError("no", 4301), ["pusher:error", undefined, { code: 4301, message: "no" }]],
    [cacheMiss("cache-a"), ["pusher:cache_miss", "cache-a", {}]],
    [signinSuccess('{"id":"1"}'), [
      "pusher:signin_success",
      undefined,
      { user_data: '{"id":"1"}' },
    ]],
    [memberAdded("presence-a", members[0]!), [
      "pusher_internal:member_added",
      "presence-a",
      { user_id: 'a"', user_info: { name: 'A "B"' } },
    ]],
    [memberRemoved("presence-a", "b"), [
      "pusher_internal:member_removed",
      "presence-a",
      { user_id: "b" },
    ]],
  ];
  for (const [message, expected] of rows) assertEquals(read(message), expected);
});

Deno.test("Pusher messages: an event has its data to the byte, and its sender if there is one", () => {
  const event = { event: "e", channel: "a", data: '{"n": 1.0}\n"ü' };
  assertEquals(JSON.parse(eventMessage(event)), event);
  assertEquals(JSON.parse(eventMessage({ ...event, user: "7" })), { ...event, user_id: "7" });
});
