/** `[channels.proxy]` in the configuration file: values, defaults, and everything that is refused. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseConfigFile } from "../../../../runtime/cli/config_file.ts";
import { CHANNEL_PROXY } from "../../../../runtime/config/mod.ts";

const CONNECT = `[channels.proxy]\nconnect_endpoint = "https://a.example/connect"\n`;

Deno.test("proxy section: defaults, and every key", () => {
  const { channels, faults } = parseConfigFile("a.toml", CONNECT);
  assertEquals(faults, []);
  const connect = "https://a.example/connect";
  assertEquals(channels?.proxy, { ...CHANNEL_PROXY, endpoints: { connect } });
  assertEquals(parseConfigFile("a.toml", "[channels]").channels?.proxy, undefined);

  const all = parseConfigFile(
    "a.toml",
    `[channels]
    subscribe_proxy_enabled = true
    [channels.namespaces.chat]
    subscribe_proxy_enabled = true
    publish_proxy_enabled = true
    sub_refresh_proxy_enabled = true
    ${CONNECT}
    refresh_endpoint = "http://10.0.0.5:3000/refresh?key=1"
    subscribe_endpoint = "http://10.0.0.5:3000/subscribe"
    publish_endpoint = "http://10.0.0.5:3000/publish"
    sub_refresh_endpoint = "http://10.0.0.5:3000/sub_refresh"
    rpc_endpoint = "http://10.0.0.5:3000/rpc"
    timeout = "3s"
    max_requests = 7
    http_headers = ["Cookie", "X-Real-IP", "cookie"]
    emulated_headers = ["Authorization"]
    include_connection_meta = true
  `,
  );
  assertEquals(all.faults, []);
  assertEquals(all.channels?.options.proxied, ["subscribe"]);
  assertEquals(all.channels?.namespaces["chat"]?.proxied, ["subscribe", "publish", "sub_refresh"]);
  const at = (event: string) => `http://10.0.0.5:3000/${event}`;
  assertEquals(all.channels?.proxy, {
    endpoints: {
      connect,
      refresh: at("refresh?key=1"),
      subscribe: at("subscribe"),
      publish: at("publish"),
      sub_refresh: at("sub_refresh"),
      rpc: at("rpc"),
    },
    timeout: 3000,
    requests: 7,
    httpHeaders: ["cookie", "x-real-ip"],
    emulatedHeaders: ["authorization"],
    includesMeta: true,
  });
});

Deno.test("proxy section: each fault names the key, the table and what was meant", () => {
  const rows: [toml: string, fault: string][] = [
    ["[channels.proxy]\ntimeout = 1", "[channels.proxy] in a.toml: there is no endpoint"],
    [`[channels]\nproxy = "https://a/"`, "proxy must be a table, [channels.proxy]"],
    [`${CONNECT}conect_endpoint = "https://a/"`, "did you mean connect_endpoint?"],
    [CONNECT.replace("https:", "ftp:"), "connect_endpoint must be an address that begins with"],
    [CONNECT.replace("a.example", "me:secret@a.example"), "must have no user and password"],
    [`${CONNECT}timeout = "1ms"`, 'timeout must be from "10ms" to "1m"'],
    [`${CONNECT}timeout = "2m"`, 'timeout must be from "10ms" to "1m"'],
    [`${CONNECT}max_requests = 0`, "max_requests must be from 1 to 10000"],
    [`${CONNECT}http_headers = ["a b"]`, 'http_headers: "a b" is no name of a header field'],
    [`${CONNECT}http_headers = ["Host"]`, "http_headers: host is about one connection or its body"],
    [
      `${CONNECT}emulated_headers = ["Content-Type"]`,
      "emulated_headers: content-type is about one connection or its body",
    ],
    [
      `${CONNECT}subscribe_endpoint = "https://a/"`,
      "subscribe_endpoint has no effect without subscribe_proxy_enabled = true in [channels] or a namespace",
    ],
    [
      `${CONNECT}[channels.namespaces.chat]\npublish_proxy_enabled = true`,
      "[channels.namespaces.chat] in a.toml: publish_proxy_enabled has no effect without publish_endpoint",
    ],
    [
      "[channels]\nsubscribe_proxy_enabled = true",
      "[channels] in a.toml: subscribe_proxy_enabled has no effect without subscribe_endpoint",
    ],
    [
      `[channels]\nsub_refresh_proxy_enabled = true\n${CONNECT}sub_refresh_endpoint = "https://a/"`,
      "sub_refresh_proxy_enabled has no effect without subscribe_proxy_enabled",
    ],
    [
      `[channels.proxy]\nrefresh_endpoint = "https://a/"`,
      "refresh_endpoint has no effect without connect_endpoint",
    ],
    [
      `[channels.proxy]\nrpc_endpoint = "https://a/"\ninclude_connection_meta = true`,
      "include_connection_meta has no effect without connect_endpoint",
    ],
  ];
  for (const [toml, fault] of rows) {
    const { faults } = parseConfigFile("a.toml", toml);
    assertStringIncludes(faults.join("\n"), fault, toml);
  }
});
