/** What signatures are over, compared with the examples of Pusher's documentation. */

import { assertEquals } from "@std/assert";
import { createHmac } from "node:crypto";
import {
  parsePusherAuth,
  signedRequest,
  signinText,
  subscriptionText,
} from "../../../protocol/pusher/mod.ts";

const KEY = "278d425bdf160c739803";
const SECRET = "7ad3773142a6692b25b8";

function sign(text: string): string {
  return createHmac("sha256", SECRET).update(text).digest("hex");
}

Deno.test("Pusher signatures: the examples of the documentation", () => {
  assertEquals(
    sign(subscriptionText("1234.1234", "private-foobar")),
    "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4",
  );
  const data = '{"user_id":10,"user_info":{"name":"Mr. Channels"}}';
  assertEquals(
    sign(subscriptionText("1234.1234", "presence-foobar", data)),
    "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80",
  );
  const query = "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&" +
    "body_md5=ec365a775a4cd0599faeb73354201b6f&" +
    "auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c";
  const signed = signedRequest("POST", "/apps/3/events", query);
  assertEquals(signed?.key, KEY);
  assertEquals(signed?.timestamp, 1353088179);
  assertEquals(sign(signed?.text ?? ""), signed?.signature);
  assertEquals(signinText("1.2", "{}"), "1.2::user::{}");
});

Deno.test("Pusher signatures: parameters are sorted and decoded, and the others are told", () => {
  const signature = "0".repeat(64);
  const query = `info=user_count%2Csubscription_count&filter_by_prefix=presence-&auth_version=1.0` +
    `&auth_timestamp=5&auth_key=k&auth_signature=${signature}`;
  const signed = signedRequest("GET", "/apps/1/channels", query);
  assertEquals(
    signed?.text,
    "GET\n/apps/1/channels\nauth_key=k&auth_timestamp=5&auth_version=1.0&" +
      "filter_by_prefix=presence-&info=user_count,subscription_count",
  );
  assertEquals([...signed?.parameters ?? []].sort(), [
    ["filter_by_prefix", "presence-"],
    ["info", "user_count,subscription_count"],
  ]);
});

Deno.test("Pusher signatures: what cannot be one is none", () => {
  const right = {
    auth_key: "k",
    auth_timestamp: "5",
    auth_version: "1.0",
    auth_signature: "0".repeat(64),
    body_md5: "0".repeat(32),
  };
  const read = (query: string) => signedRequest("POST", "/apps/1/events", query);
  assertEquals(read(new URLSearchParams(right).toString())?.bodyMd5, right.body_md5);
  const rows: Record<string, string>[] = [
    { auth_key: "" },
    { auth_timestamp: "" },
    { auth_timestamp: "-5" },
    { auth_timestamp: "5.0" },
    { auth_timestamp: "Infinity" },
    { auth_version: "2.0" },
    { auth_signature: "" },
    { auth_signature: "0".repeat(63) },
    { auth_signature: "A".repeat(64) },
    { body_md5: "" },
    { body_md5: "x" },
  ];
  for (const row of rows) {
    assertEquals(read(new URLSearchParams({ ...right, ...row }).toString()), undefined);
  }
  const twice = `${new URLSearchParams(right)}&info=a&info=b`;
  assertEquals(read(twice), undefined);
  for (
    const auth of ["", ":", `k:${"0".repeat(63)}`, `:${"0".repeat(64)}`, `k:${"g".repeat(64)}`]
  ) {
    assertEquals(parsePusherAuth(auth), undefined, auth);
  }
});
