/** Timers of an app, which the worker's own loop serves: also those that are set while it sleeps. */

import { assertEquals } from "@std/assert";
import { withApp } from "../../support/telling_app.ts";
import "../../support/load_libc.ts";

/** Nobody asks while it runs: Deno's loop alone wakes the app up, and then its timers. */
const STEPS = 400;
const APP = `
export default {
  start() {
    void (async () => {
      for (let step = 0; step < ${STEPS}; step++) {
        await Deno.stat(new URL(import.meta.url));
        await new Promise((resolve) => setTimeout(resolve, 5).unref());
      }
      tell("all steps");
    })();
    let ticks = 0;
    const interval = setInterval(() => {
      tell("tick");
      if (++ticks === 5) clearInterval(interval);
    }, 20);
  },
  async fetch() {
    const begun = performance.now();
    const order = [];
    const timers = [30, 10, 20, 0].map((delay) =>
      new Promise((resolve) => setTimeout((...given) => resolve(order.push(given)), delay, delay, "ms")));
    clearTimeout(setTimeout(() => order.push("cleared"), 1));
    await Promise.all(timers);
    return Response.json({ order, isEarly: performance.now() - begun < 30 });
  },
};
`;

Deno.test("app timers: in order, not early, with arguments, and cleared ones never", async () => {
  await withApp(APP, {}, async (app) => {
    const answer = await app.get("/order");
    const order = [0, 10, 20, 30].map((delay) => [delay, "ms"]);
    assertEquals(answer, `200 ${JSON.stringify({ order, isEarly: false })}`);
  });
});

for (const args of [[], ["--io-uring", "off"]]) {
  Deno.test(`app timers: those that are set while the worker sleeps end its sleep in time ${args.join(" ")}`, async () => {
    await withApp(APP, { args }, async (app) => {
      // A sleep lasts up to half a second: were it not ended, they would take longer than the test waits.
      await app.waitForTold(/all steps/);
      await app.waitForTold(/tick/, 5);
      assertEquals(app.told.filter((text) => text === "tick").length, 5);
    });
  });
}
