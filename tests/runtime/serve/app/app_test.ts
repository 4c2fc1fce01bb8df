/** What becomes of what the handlers of an app return, without a server. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { APP, DEFAULT_CONFIG } from "../../../../runtime/config/mod.ts";
import { App } from "../../../../runtime/serve/app/app.ts";
import type { AppModule } from "../../../../runtime/serve/app/app_module.ts";
import { AppRequest } from "../../../../runtime/serve/app/app_request.ts";
import { AppResponse } from "../../../../runtime/serve/app/app_response.ts";
import { installUpgradeWebSocket } from "../../../../runtime/serve/app/deno_upgrade.ts";
import type { AppExchange } from "../../../../runtime/serve/session/mod.ts";
import { fakeExchange } from "../../../support/web_classes.ts";

function appOf(module: AppModule, reports: string[] = []): App {
  const app = new App({
    load: () => Promise.resolve(module),
    address: { hostname: "127.0.0.1", port: 80, isSecure: false },
    topics: {} as ConstructorParameters<typeof App>[0]["topics"],
    entry: "/srv/app.js",
    files: {} as ConstructorParameters<typeof App>[0]["files"],
    report: (what, error) => void reports.push(`${what}: ${error}`),
  });
  app.module = module;
  return app;
}

/** An exchange that keeps what is answered. */
function exchangeOf(answered: number[], more: Partial<AppExchange> = {}): AppExchange {
  const respond: AppExchange["respond"] = ({ status }) => void answered.push(status);
  return Object.assign(fakeExchange({}), { respond, ...more });
}

Deno.test("app: an error() that returns nothing does not pass the request on to files and endpoints", async () => {
  const reports: string[] = [];
  const fail = () => {
    throw new Error("of fetch");
  };
  const app = appOf({ fetch: fail, error: () => undefined as unknown as Response }, reports);
  assertThrows(() => app.handle(exchangeOf([])), TypeError, "error has returned nothing");
  const later = appOf({ fetch: fail, error: () => Promise.resolve(undefined as never) });
  const answer = await Promise.resolve(later.handle(exchangeOf([]))).catch((error) => error);
  assertInstanceOf(answer, TypeError);
  assertEquals(reports, ["fetch: Error: of fetch"]);
});

Deno.test("app: stop() is called after what is scheduled has ended, and does not wait for ever for what waitUntil was given", async () => {
  const reports: string[] = [];
  const called: string[] = [];
  const fetch: AppModule["fetch"] = (_request, _server, { waitUntil }) => {
    waitUntil(new Promise(() => {}));
    return new AppResponse("") as unknown as Response;
  };
  const run = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    called.push("run");
  };
  const module = { fetch, stop: () => void called.push("stop"), scheduled: { every: "1s", run } };
  const app = appOf(module, reports);
  void app.schedule?.run();
  await app.stop(60_000);
  assertEquals(called.splice(0), ["run", "stop"]);
  await app.handle(exchangeOf([]));
  const limits = { ...DEFAULT_CONFIG.limits, drainTime: 20 };
  app.configure({ limits, app: { ...APP, file: "app.js" } });
  await app.stopCopy(module);
  await app.stop(0);
  const late = /^what goes on behind answers: .* did not end within --drain-timeout/;
  assertEquals([called, reports.map((text) => late.test(text))], [["stop", "stop"], [true, true]]);
});

Deno.test("app: a Response is one although the app has replaced the global class", () => {
  const before = globalThis.Response;
  const answered: number[] = [];
  globalThis.Response = class {} as unknown as typeof Response;
  try {
    appOf({ fetch: () => new AppResponse("own") as unknown as Response })
      .handle(exchangeOf(answered));
    appOf({ fetch: () => new before(null, { status: 204 }) }).handle(exchangeOf(answered));
  } finally {
    globalThis.Response = before;
  }
  assertEquals(answered, [200, 204]);
});

Deno.test("app: the socket of an upgrade that comes after the time-out learns that", async () => {
  const before = Deno.upgradeWebSocket;
  installUpgradeWebSocket((request) => AppRequest.exchangeOf(request) ?? undefined);
  try {
    const told: string[] = [];
    const exchange = exchangeOf([], { upgrade: () => false });
    const fetch = async (request: Request) => {
      const { response, socket } = Deno.upgradeWebSocket(request);
      socket.onclose = ({ code }) => told.push(`closed ${code}`);
      await undefined;
      Object.assign(exchange, { isAnswered: true });
      return response;
    };
    Object.assign(exchange.request, {
      field: (name: string) => name === "upgrade" ? "websocket" : undefined,
    });
    await appOf({ fetch }).handle(exchange);
    assertEquals(told, ["closed 1011"]);
  } finally {
    Object.defineProperty(Deno, "upgradeWebSocket", { value: before });
  }
});

Deno.test("app: what is scheduled must be a function, with a time", async () => {
  const rows: [scheduled: unknown, why: string][] = [
    [{ every: "10s" }, "scheduled.run must be a function"],
    [{ every: "10s", run: "later" }, "scheduled.run must be a function"],
    [{ every: 10, run() {} }, "scheduled.every is 10"],
    [{ every: "0s", run() {} }, 'scheduled.every is "0s"'],
    [{ every: "-1s", run() {} }, 'scheduled.every is "-1s"'],
    [{ run() {} }, "scheduled.every is undefined"],
  ];
  for (const [scheduled, why] of rows) {
    const module = { scheduled } as AppModule;
    const fault = await appOf(module).startFault(module, "/srv/app.js");
    assert(fault?.startsWith(`/srv/app.js: ${why}`), fault);
  }
});
