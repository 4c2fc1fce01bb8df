/**
 * The parts of an app: taken from objects of every kind, without asking for names that are not there.
 */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { appParts, ShapeError } from "../../../../runtime/serve/app/app_parts.ts";

const partsOf = (app: unknown) => appParts({ default: app }, "/a.ts");
const REQUEST = new Request("http://a/");
type Given = Parameters<NonNullable<ReturnType<typeof partsOf>["module"]["fetch"]>>;
const NO_SERVER = {} as Given[1];
const NO_CONTEXT = {} as Given[2];

Deno.test("app parts: a router that answers every name with a function has fetch alone", () => {
  const asked: PropertyKey[] = [];
  const routes = new Proxy({}, {
    get: (_, name) => {
      asked.push(name);
      return () => "a route was added";
    },
  });
  const router = { __proto__: routes, fetch: () => new Response("routed") };
  const { module } = partsOf(router);
  assertEquals(Object.keys(module), ["fetch"]);
  assertEquals(asked.filter((name) => name !== "fetch"), []);
});

Deno.test("app parts: methods of a class keep their object, inherited ones too", () => {
  class Base {
    readonly word = "own";
    fetch(): Response {
      return new Response(this.word);
    }
  }
  class App extends Base {
    stopped = false;
    stop(): void {
      this.stopped = true;
    }
  }
  const app = new App();
  const { module } = partsOf(app);
  assertEquals((module.fetch!(REQUEST, NO_SERVER, NO_CONTEXT) as Response).status, 200);
  void module.stop!();
  assertEquals(app.stopped, true);
});

Deno.test("app parts: a function with fetch, as frameworks export, and parts that are undefined", () => {
  const app = Object.assign(() => {}, { fetch: () => new Response(), websocket: undefined });
  assertEquals(Object.keys(partsOf(app).module), ["fetch"]);
});

Deno.test("app parts: options of Bun and Cloudflare that are not used are told", () => {
  const { module, warnings } = partsOf({
    fetch: () => new Response(),
    port: 3000,
    routes: { "/": new Response() },
    scheduled: () => {},
    development: true,
  });
  assertEquals(Object.keys(module), ["fetch"]);
  assertEquals(warnings, [
    "/a.ts: its scheduled is not used: here it is an object, { every, run }",
    "/a.ts: its port is not used: see the argument PORT",
    "/a.ts: its routes is not supported: answer these paths in fetch",
  ]);
});

Deno.test("app parts: functions of websocket and channels that nothing calls are told", () => {
  const { warnings } = partsOf({
    websocket: { massage() {}, open() {}, onopen() {}, idleTimeout: 5 },
    channels: { conect() {}, rpc() {} },
  });
  assertEquals(warnings, [
    "/a.ts: its websocket.massage is never called; did you mean message?",
    "/a.ts: its websocket.onopen is never called; did you mean open?",
    "/a.ts: its channels.conect is never called; did you mean connect?",
  ]);
});

Deno.test("app parts: what is no app is told, with what was meant", () => {
  const rows: [app: unknown, reason: string][] = [
    [undefined, "it has no default export; end the file with: export default {"],
    [null, "its default export is null and no object"],
    ["text", "its default export is a string and no object"],
    [{}, "its default export has no part of an app, but nothing; an app has some of: fetch"],
    [{ webSocket: {} }, "did you mean websocket?"],
    [{ fetch: null }, "its fetch must be a function, not null"],
    [{ websocket: () => {} }, "its websocket must be an object, not a function"],
  ];
  for (const [app, reason] of rows) {
    assertStringIncludes(
      assertThrows(() => partsOf(app), ShapeError).message,
      `/a.ts: ${reason}`.replace("/a.ts: did", "did"),
    );
  }
});
