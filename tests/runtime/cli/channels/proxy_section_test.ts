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
    [`${CONNECT}max_requests = 0`, "max_requests must be a whole number from 1 to 10000"],
    [`${CONNECT}http_headers = ["a b"]`, 'http_headers: "a b" is no name of a header field'],
    [`${CONNECT}http_headers = ["*"]`, 'http_headers: "*" stands for no others here, name each'],
    [`${CONNECT}emulated_headers = ["X-*"]`, 'emulated_headers: "x-*" stands for no others here'],
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

Deno.test("proxy section: addresses that nobody can be asked by", () => {
  const address = "connect_endpoint is no address that can be asked: look at its host, and at its";
  const beginning = "connect_endpoint must be an address that begins with https:// or http://";
  const blank = "connect_endpoint must have no blanks and no line breaks: a blank is %20";
  const rows: [address: string, fault: string][] = [
    ["http://h:99999/", address],
    ["http://h:0/", address],
    ["http://", address],
    ["https:///connect", address],
    ["http:h", beginning],
    ["http:/h/connect", beginning],
    ["h:3000", beginning],
    [" http://h/", beginning],
    ["http://h/a b", blank],
    ["http://h/connect ", blank],
    ["http://h/con\nnect", blank],
    ["http://h/con\tnect", blank],
    ["http://h/#connect", 'connect_endpoint must have no "#": what follows it is never sent'],
  ];
  for (const [connect_endpoint, fault] of rows) {
    const json = JSON.stringify({ channels: { proxy: { connect_endpoint } } });
    const { faults } = parseConfigFile("a.json", json);
    assertEquals(faults.length, 1, connect_endpoint);
    assertStringIncludes(faults[0]!, fault, connect_endpoint);
  }
  for (const connect_endpoint of ["HTTP://H:65535/?a=b%20c", "https://[::1]:1/", "http://h"]) {
    const json = JSON.stringify({ channels: { proxy: { connect_endpoint } } });
    assertEquals(parseConfigFile("a.json", json).faults, [], connect_endpoint);
  }
});

Deno.test("proxy section: one mistake has one line", () => {
  const rows = [
    `${CONNECT}timeout = []`,
    `${CONNECT}timeout = "soon"`,
    `${CONNECT}max_requests = "many"`,
    `${CONNECT}max_requests = 20000`,
    `[channels]\nproxy = "https://a/"`,
    `[channels]\nproxy = "https://a/"\nsubscribe_proxy_enabled = true`,
    `[channels.proxy]\nconect_endpoint = "https://a/"`,
  ];
  for (const toml of rows) {
    const { faults } = parseConfigFile("a.toml", toml);
    assertEquals(faults.length, 1, `${toml}: ${faults}`);
  }
});

Deno.test("proxy section: the names of Centrifugo 5 lead to ours, wherever they stand", () => {
  const hint = (key: string, table: string) => {
    const head = table === "" ? "" : `[${table}]\n`;
    const { faults } = parseConfigFile("a.toml", `${head}${key} = true`);
    const found = faults.find((fault) => fault.includes(`unknown key "${key}"`));
    return found?.split(": ").at(-1);
  };
  const own = "channels.proxy";
  const rows: [key: string, ours: string][] = [
    ["proxy_connect_endpoint", "connect_endpoint"],
    ["proxy_sub_refresh_endpoint", "sub_refresh_endpoint"],
    ["proxy_connect_timeout", "timeout"],
    ["proxy_rpc_timeout", "timeout"],
    ["proxy_http_headers", "http_headers"],
    ["proxy_include_connection_meta", "include_connection_meta"],
  ];
  for (const [key, ours] of rows) {
    assertEquals(hint(key, own), `did you mean ${ours}?`);
    for (const table of ["", "channels", "channels.namespaces.chat"]) {
      assertEquals(hint(key, table), `did you mean ${ours} of [channels.proxy]?`, table);
    }
  }
  for (const event of ["subscribe", "publish", "sub_refresh"]) {
    const ours = `${event}_proxy_enabled`;
    for (const table of ["channels", "channels.namespaces.chat"]) {
      assertEquals(hint(`proxy_${event}`, table), `did you mean ${ours}?`, table);
    }
    for (const table of ["", own]) {
      const wanted = `did you mean ${ours} of [channels] or a namespace?`;
      assertEquals(hint(`proxy_${event}`, table), wanted, table);
    }
  }
});
