/** What `GET /channels/history` refuses, and a page that is shorter than was asked for. */

import { assert, assertEquals } from "@std/assert";
import { Backend, sign } from "../../support/channel_backend.ts";
import { OPEN } from "../../support/channel_options.ts";
import { OPEN_CHANNELS } from "../../support/channel_server.ts";
import "../../support/load_libc.ts";

Deno.test("channels history: who may not read it, and what is no request, is refused with a reason", async () => {
  const live = { ...OPEN, historySize: 0 };
  const closedHistory = {
    ...OPEN,
    access: { ...OPEN.access, history: OPEN_CHANNELS.options.access.history },
  };
  const namespaces = { ...OPEN_CHANNELS.namespaces, live, secretive: closedHistory };
  await using backend = await Backend.start({ namespaces }, {
    channelLimits: { historyBytes: 2_000 },
  });
  await backend.publishAll("chat:a", Array(30).fill("x".repeat(100)));
  await backend.publish("chat:long", "x".repeat(3_000));
  const page = JSON.parse((await backend.get("/channels/history?channel=chat:a"))[1]);
  const count = page.publications.length;
  assert(count > 10 && count < 30, `${count} publications`);
  // It is not up to now: a stream would leave out the rest.
  assertEquals([page.offset, page.last_event_id], [30, undefined]);
  const caps = [{ channels: ["secretive:a"], allow: ["hst"] }];
  const token = await sign({ sub: "alice", caps });
  const rows: [query: string, status: number, text: string][] = [
    ["", 400, "The channel is missing: ?channel=NAME"],
    [
      "channel=chat:a&chanel=b",
      400,
      'There is no parameter "chanel"; there are channel, token, subscription_token, limit, since_offset, since_epoch, reverse',
    ],
    ["channel=a&channel=b", 400, "The parameter channel may be given once"],
    ["channel=chat:a&limit=x", 400, "The parameter limit must be a number from 0 to 10000"],
    [
      "channel=chat:a&since_offset=-1",
      400,
      "The parameter since_offset must be a number from 0 to 9007199254740991",
    ],
    ["channel=chat:a&reverse=yes", 400, "The parameter reverse must be true or false"],
    ["channel=closed:a", 403, 'You may not subscribe to "closed:a"'],
    ["channel=secretive:a", 403, 'You may not read the history of "secretive:a"'],
    ["channel=live:a", 404, 'The channel "live:a" keeps no history'],
    [
      "channel=chat:a&since_epoch=0-0",
      410,
      "The history does not have everything behind this position any more",
    ],
    ["channel=chat:long", 400, "The next publication alone has more than 2000 bytes"],
  ];
  for (const [query, status, text] of rows) {
    assertEquals((await backend.get(`/channels/history?${query}`)).slice(0, 2), [
      status,
      `${text}\n`,
    ]);
  }
  assertEquals((await backend.get(`/channels/history?channel=secretive:a&token=${token}`))[0], 200);
});
