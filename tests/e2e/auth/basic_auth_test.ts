/** `--basic-auth` over a real socket: for every endpoint, file and WebSocket, but not for the health check. */

import { assert, assertEquals } from "@std/assert";
import { hashPassword } from "../../../runtime/serve/auth/mod.ts";
import { withAdmin } from "../../support/admin.ts";
import { ask, field, type HttpAnswer, HttpConnection } from "../../support/http_client.ts";
import { runServer, type Server, withServer } from "../../support/server.ts";
import { withSite } from "../../support/site.ts";

const RIGHT = `Authorization: Basic ${btoa("alice:correct horse")}`;
const WRONG = `Authorization: Basic ${btoa("alice:battery staple")}`;
const HANDSHAKE = [
  ...["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"],
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

async function withPasswords(body: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile({ prefix: "async-deno-test-" });
  try {
    await Deno.writeTextFile(file, `# who may ask\nalice:${await hashPassword("correct horse")}\n`);
    await body(file);
  } finally {
    await Deno.remove(file);
  }
}

function get(server: Server, path: string, fields: readonly string[]): Promise<HttpAnswer> {
  return ask(server, [`GET ${path} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n"));
}

Deno.test("basic auth: every endpoint and every file requires a password", async () => {
  await withPasswords(async (file) => {
    const args = ["--basic-auth", `alice:${file}`];
    await withSite({ files: { "index.html": "home" }, args }, async ({ server }) => {
      for (const path of ["/", "/nothing", "/echo", "/ws", "/term/", "/..%2f"]) {
        for (const fields of [[], [WRONG]]) {
          const refused = await get(server, path, fields);
          assertEquals([refused.status, field(refused, "cache-control")], [401, "no-store"], path);
          assertEquals(
            field(refused, "www-authenticate"),
            'Basic realm="async-deno", charset="UTF-8"',
          );
        }
      }
      assertEquals((await get(server, "/", [RIGHT])).text, "home");
      assertEquals((await get(server, "/nothing", [RIGHT])).status, 404);
    });
  });
});

Deno.test("basic auth: /healthz never asks for a password, on the server's address and on the admin address", async () => {
  await withPasswords(async (file) => {
    const args = ["--basic-auth", `alice:${file}`];
    await withAdmin({ workers: 1, args }, async (server, adminUrl) => {
      for (const fields of [[], [WRONG], [RIGHT], ["Authorization: Bearer x"]]) {
        for (const path of ["/healthz", "/healthz?a=b", "http://a/healthz"]) {
          const { status, text } = await get(server, path, fields);
          assertEquals([status, text], [200, "ok"], `${path} ${fields}`);
        }
      }
      const post = await ask(
        server,
        "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
      );
      assertEquals(post.status, 405);
      for (const [path, text] of [["/healthz", "ok"], ["/readyz", "ready"]]) {
        const response = await fetch(`${adminUrl}${path}`);
        assertEquals([response.status, await response.text()], [200, text]);
      }
    });
  });
});

Deno.test("basic auth: invalid Base64 is refused, and no other connection is lost", async () => {
  await withPasswords(async (file) => {
    await withServer({ workers: 1, args: ["--basic-auth", `alice:${file}`] }, async (server) => {
      using other = await HttpConnection.open(server);
      await other.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
      assertEquals((await other.answer()).text, "ok");
      for (const digits of ["A", "AAAAA", "=", "A===", "!!!!", "\x80", "/w=="]) {
        const { status } = await get(server, "/", [`Authorization: Basic ${digits}`]);
        assertEquals(status, 401, digits);
      }
      await other.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
      assertEquals((await other.answer()).text, "ok");
    });
  });
});

Deno.test("basic auth: a WebSocket requires credentials, also at their first use", async () => {
  await withPasswords(async (file) => {
    await withServer({ workers: 1, args: ["--basic-auth", `alice:${file}`] }, async (server) => {
      assertEquals((await get(server, "/echo", HANDSHAKE)).status, 401);
      assertEquals((await get(server, "/echo", [...HANDSHAKE, WRONG])).status, 401);
      for (const _ of ["first", "known"]) {
        using connection = await HttpConnection.open(server);
        await connection.send(
          ["GET /echo HTTP/1.1", "Host: a", ...HANDSHAKE, RIGHT, "", ""].join("\r\n"),
        );
        assertEquals((await connection.answer("GET")).status, 101);
        await connection.send(new Uint8Array([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
        assertEquals(await connection.bytes(4), new Uint8Array([0x81, 2, 0x68, 0x69]));
      }
    });
  });
});

Deno.test("basic auth: a body and pipelined requests wait for the first check", async () => {
  await withPasswords(async (file) => {
    await withServer({ workers: 1, args: ["--basic-auth", `alice:${file}`] }, async (server) => {
      using connection = await HttpConnection.open(server);
      const post = (body: string, auth: string) =>
        `POST /echo HTTP/1.1\r\nHost: a\r\n${auth}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      await connection.send(post("one", RIGHT) + post("two", WRONG) + post("three", RIGHT));
      const answers: [number, string][] = [];
      for (let i = 0; i < 3; i++) {
        const { status, text } = await connection.answer("POST");
        answers.push([status, status === 200 ? text : ""]);
      }
      assertEquals(answers, [[200, "one"], [401, ""], [200, "three"]]);
    });
  });
});

Deno.test("basic auth: wrong passwords of clients that have gone do not lock a user out", async () => {
  await withPasswords(async (file) => {
    await withServer({ workers: 1, args: ["--basic-auth", `alice:${file}`] }, async (server) => {
      for (let i = 0; i < 60; i++) {
        using connection = await HttpConnection.open(server);
        const wrong = `Authorization: Basic ${btoa(`alice:${i}`)}`;
        await connection.send(`GET /echo HTTP/1.1\r\nHost: a\r\n${wrong}\r\n\r\n`);
      }
      assertEquals((await get(server, "/nothing", [RIGHT])).status, 404);
    });
  });
});

Deno.test("basic auth: a preflight without credentials is answered if CORS is allowed", async () => {
  await withPasswords(async (file) => {
    const args = ["--basic-auth", `alice:${file}`, "--cors", "*"];
    await withSite({ files: { "a.json": "{}" }, args }, async ({ server }) => {
      const fields = ["Origin: http://b", "Access-Control-Request-Method: GET"];
      const request = ["OPTIONS /a.json HTTP/1.1", "Host: a", ...fields, "", ""].join("\r\n");
      assertEquals((await ask(server, request)).status, 204);
      assertEquals((await get(server, "/a.json", fields)).status, 401);
      assertEquals((await ask(server, request.replace("/a.json", "/echo"))).status, 401);
    });
  });
});

Deno.test("basic auth: a preflight reveals nothing about the folder", async () => {
  await withPasswords(async (file) => {
    const args = ["--basic-auth", `alice:${file}`, "--cors", "*", "--listing", "--spa"];
    const files = { "secret/plan.txt": "" };
    await withSite({ files, args }, async ({ server }) => {
      const answers: string[] = [];
      for (const path of ["/secret/", "/secret", "/secret/plan.txt", "/nothing"]) {
        const fields = "Accept: text/html\r\nAccess-Control-Request-Method: GET";
        const answer = await ask(
          server,
          `OPTIONS ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`,
        );
        const told = answer.fields.filter(([name]) => name !== "Date");
        answers.push(JSON.stringify([answer.status, told, answer.text]));
      }
      assertEquals(new Set(answers).size, 1, answers.join("\n"));
    });
  });
});

Deno.test("basic auth: if the health check is disabled, its path requires a password like all others", async () => {
  await withPasswords(async (file) => {
    const args = ["--basic-auth", `alice:${file}`, "--endpoints", "none"];
    await withSite({ files: { healthz: "secret" }, args }, async ({ server }) => {
      assertEquals((await get(server, "/healthz", [])).status, 401);
      assertEquals((await get(server, "/healthz", [RIGHT])).text, "secret");
    });
  });
});

/** A file as `htpasswd -B` writes it. */
async function bcryptFile(folder: string): Promise<string> {
  const file = `${folder}/bcrypt`;
  await Deno.writeTextFile(
    file,
    "alice:$2y$05$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZabcde\n",
  );
  return file;
}

Deno.test("basic auth: a file that is missing or has no hash is an error at the start", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const rows: [value: string, wanted: string][] = [
    ["alice:/no/such/file", "the file /no/such/file does not exist; async-deno hash-password"],
    [`alice:${new URL("basic_auth_test.ts", import.meta.url).pathname}`, "has no line for alice"],
    ["alice", "USER:FILE"],
    [`alice:${await bcryptFile(folder)}`, "has a bcrypt hash for alice, which cannot be used"],
  ];
  for (const [value, wanted] of rows) {
    const { code, stderr } = await runServer(["1", "127.0.0.1", "0", "--basic-auth", value]);
    assert(code > 0 && stderr.includes(wanted) && stderr.trim().split("\n").length === 1, stderr);
  }
  await Deno.remove(folder, { recursive: true });
});
