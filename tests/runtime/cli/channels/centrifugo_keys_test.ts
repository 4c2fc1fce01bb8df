/** A configuration of Centrifugo that is taken as it is: each error leads to the place here. */

import { assertEquals } from "@std/assert";
import { parseConfigFile } from "../../../../runtime/cli/config_file.ts";

function hints(config: unknown): readonly string[] {
  const { faults } = parseConfigFile("a.json", JSON.stringify(config));
  return faults.map((fault) => fault.replace(" in a.json", ""));
}

/** The hint for a section. */
function useInstead(ours: string): string {
  return `use ${ours} in place of Centrifugo's section: see docs/channels/centrifugo.md`;
}

Deno.test("centrifugo keys: the sections of version 6 lead to ours", () => {
  const config = {
    client: { token: { hmac_secret_key: "x" }, allowed_origins: ["*"] },
    http_api: { key: "x" },
    channel: { without_namespace: {}, namespaces: [{ name: "chat" }] },
  };
  const client = "[channels], [channels.token] and options such as origin and max-channels";
  assertEquals(hints(config), [
    `unknown key "client": ${useInstead(client)}`,
    `unknown key "http_api": ${useInstead("[channels.api]")}`,
    `unknown key "channel": ${useInstead("[channels] and [channels.namespaces.NAME]")}`,
  ]);
});

Deno.test("centrifugo keys: keys of earlier versions, and of sections, lead to ours", () => {
  const config = {
    token_hmac_secret_key: "x",
    api_key: "x",
    allow_anonymous_connect_without_token: true,
    channels: {
      without_namespace: {},
      allow_anonymous_connect: true,
      token: { rsa_public_key: "x" },
      api: { api_key: "x" },
    },
  };
  assertEquals(hints(config), [
    `[channels]: unknown key "without_namespace": ${useInstead("[channels]")}`,
    '[channels]: unknown key "allow_anonymous_connect": did you mean allow_anonymous_connect_without_token?',
    '[channels.token]: unknown key "rsa_public_key": did you mean public_key_files?',
    '[channels.api]: unknown key "api_key": did you mean key_file?',
    'unknown key "token_hmac_secret_key": did you mean hmac_secret_key_file of [channels.token]?',
    'unknown key "api_key": did you mean key_file of [channels.api]?',
    'unknown key "allow_anonymous_connect_without_token": ' +
    "did you mean allow_anonymous_connect_without_token of [channels]?",
  ]);
});

Deno.test("centrifugo keys: names of every object are no sections", () => {
  assertEquals(hints({ constructor: 1 }).length, 1);
  assertEquals(hints({ constructor: 1 })[0]!.includes("Centrifugo"), false);
});
