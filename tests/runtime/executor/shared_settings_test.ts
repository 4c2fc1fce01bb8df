/** Whatever makes clients notice at which server they are changes a digest, and nothing else does. */

import { assertEquals } from "@std/assert";
import { parseConfigFile } from "../../../runtime/cli/config_file.ts";
import { sharedSettings } from "../../../runtime/executor/shared_settings.ts";

const TEXT = `[channels]
allow_anonymous_connect_without_token = true
engine = "redis://127.0.0.1"
[channels.namespaces.chat]
history_size = 10
history_ttl = "1m"
[channels.namespaces.news]
[channels.token]
hmac_secret_key_variable = "TOKEN"
[channels.api]
key_file = "api.key"
[pusher.apps.shop]
id = "1"
key = "key"
secret_file = "app.key"
`;

const same = (text: string) => text;

/** The sections that differ if the text, or a secret, is another one. */
function changedBy(edit: (text: string) => string, secrets: Record<string, string> = {}): string {
  const settings = [{ text: TEXT, given: {} }, { text: edit(TEXT), given: secrets }].map(
    ({ text, given }) => {
      const all: Record<string, string> = { TOKEN: "one", "api.key": "two", "app.key": "three" };
      const read = (name: string) => ({ ...all, ...given })[name]!;
      const { channels } = parseConfigFile("a.toml", text);
      return sharedSettings(channels!, { readText: read, variable: read });
    },
  );
  const [before, after] = settings;
  return Object.keys(before!).filter((key) => before![key] !== after![key]).join();
}

Deno.test("shared settings: each section has a digest of its own", () => {
  assertEquals(changedBy(same), "");
  const namespaces = "the namespaces and options of [channels]";
  assertEquals(changedBy((text) => text.replace("1m", "2m")), namespaces);
  assertEquals(changedBy((text) => text.replace("news", "more")), namespaces);
  assertEquals(changedBy((text) => text.replace("= true", "= false")), namespaces);
  assertEquals(changedBy(same, { TOKEN: "other" }), "the keys of [channels.token]");
  const audience = (text: string) => text.replace("[channels.api]", 'audience = "a"\n$&');
  assertEquals(changedBy(audience), "the keys of [channels.token]");
  assertEquals(changedBy(same, { "api.key": "other" }), "the key of [channels.api]");
  assertEquals(changedBy(same, { "app.key": "other" }), "the apps of [pusher]");
  assertEquals(changedBy((text) => text.replace('id = "1"', 'id = "2"')), "the apps of [pusher]");
});

Deno.test("shared settings: the order of namespaces, names of files and the engine's address do not count", () => {
  const names = ["[channels.namespaces.news]\n", "[channels.namespaces.chat]"];
  const reordered = (text: string) =>
    text.replace(names[0]!, "").replace(names[1]!, names.join(""));
  assertEquals(changedBy(reordered), "");
  assertEquals(changedBy((text) => text.replace("127.0.0.1", "10.0.0.5")), "");
  assertEquals(changedBy((text) => text.replace("api.key", "b.key"), { "b.key": "two" }), "");
  assertEquals(changedBy(same, { TOKEN: "one" }), "");
});
