/** npm `centrifuge` in a real Chromium, over each of its transports. */

import { assertEquals } from "@std/assert";
import {
  CENTRIFUGE_MODULE,
  SCENARIO,
  SCENARIO_RESULT,
  scenarioOptions,
  TRANSPORTS,
} from "../../support/centrifuge_scenario.ts";
import { Backend } from "../../support/channel_backend.ts";
import { browserTest } from "./chromium.ts";
import "../../support/load_libc.ts";

browserTest("page: centrifuge in Chromium, over its three transports", async (browser, t) => {
  await using backend = await Backend.start({ allowAnonymousConnect: false });
  for (const transport of TRANSPORTS) {
    await t.step(`${transport}: subscribes, publishes, comes back and recovers`, async () => {
      const page = await (await browser.newContext()).newPage();
      await page.goto(backend.url("/healthz"));
      const options = await scenarioOptions(backend, transport);
      const result = await page.evaluate(`(async () => {
        const blob = new Blob([${JSON.stringify(CENTRIFUGE_MODULE)}], { type: "text/javascript" });
        const { Centrifuge } = await import(URL.createObjectURL(blob));
        return await (${SCENARIO})(Centrifuge, ${JSON.stringify(options)});
      })()`);
      assertEquals(result, SCENARIO_RESULT);
      await page.context().close();
    });
  }
});
