/** The demo chat without a browser: its routes, its files, and the modules that have no element. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { DateField } from "../../../../protocol/mod.ts";
import { DEFAULT_CONFIG, withDemoChannels } from "../../../../runtime/config/mod.ts";
import { demoAssets } from "../../../../runtime/serve/routes/pages/demo_assets.ts";
import {
  ChannelsClient,
  LOST,
  staysAway,
} from "../../../../runtime/serve/routes/pages/demo_client.js";
import { Outbox } from "../../../../runtime/serve/routes/pages/demo_outbox.js";
import { People } from "../../../../runtime/serve/routes/pages/demo_people.js";
import { cleanName, lineOf, Room } from "../../../../runtime/serve/routes/pages/demo_room.js";
import { loadDemo, serverRouter } from "../../../../runtime/serve/routes/mod.ts";
import type { Asset } from "../../../../runtime/serve/assets/mod.ts";
import type { Exchange } from "../../../../runtime/serve/session/mod.ts";
import { colourSchemes } from "../../../support/colour_schemes.ts";
import { contrast } from "../../../support/contrast.ts";
import { waitFor } from "../../../support/wait_for.ts";

const date = new DateField(0);
const ASSETS = demoAssets("/demo/");

function textOf(asset: Asset): string {
  return new TextDecoder().decode(asset.body);
}

/** The label of the route of each path, with the demo enabled. */
async function labels(config: typeof DEFAULT_CONFIG, ...paths: string[]) {
  const demo = await loadDemo(config, date);
  const router = serverRouter({ config, date, demo });
  return paths.map((path) => router.find(path)?.label.text);
}

Deno.test("demo: no route of it is there by default, nor without its channels", async () => {
  const endpoints = ["demo"] as const;
  for (const config of [DEFAULT_CONFIG, { ...DEFAULT_CONFIG, endpoints }]) {
    assertEquals(await loadDemo(config, date), []);
  }
  assert(!DEFAULT_CONFIG.endpoints.includes("demo"));
});

Deno.test("demo: its page, and redirects where nothing else is", async () => {
  const channels = withDemoChannels(undefined);
  const alone = { ...DEFAULT_CONFIG, channels, endpoints: ["demo"] as const };
  const paths = ["/", "/demo", "/demo/"];
  assertEquals(await labels(alone, ...paths), ["/ (demo)", "/demo (demo)", "/demo/ (index)"]);
  const beside = { ...alone, endpoints: ["term", "demo"] as const };
  assertEquals(await labels(beside, ...paths), ["/ (index)", "/demo (demo)", "/demo/ (index)"]);
  const files = { ...DEFAULT_CONFIG.files, root: "." };
  assertEquals(await labels({ ...alone, files }, "/"), [undefined]);
  const routes = new Map(await loadDemo(alone, date));
  const answers: unknown[] = [];
  const respondText = (...answer: unknown[]) => answers.push(answer);
  routes.get("/demo")?.handle({ respondText } as unknown as Exchange);
  assertEquals(answers, [[302, "demo/\n", [["Location", "demo/"]]]]);
});

Deno.test("demo: every reference resolves, all files are small, and no other host is named", () => {
  const paths = new Set(ASSETS.map(({ path }) => path));
  const reached = new Set(["/demo/"]);
  for (const path of reached) {
    const text = textOf(ASSETS.find((asset) => asset.path === path)!);
    for (const [, to] of text.matchAll(/(?:href|src)="([^"]*)"/g)) reached.add(to!);
    for (const [, to] of text.matchAll(/from "\.\/([^"]*)";$/gm)) {
      reached.add(`/demo/assets/${to}`);
    }
  }
  assertEquals([...reached].sort(), [...paths].sort());
  let sum = 0;
  for (const asset of ASSETS) {
    sum += asset.body.length;
    const text = textOf(asset).replaceAll("http://www.w3.org/2000/svg", "");
    assert(!/https?:\/\/|url\(|@import|innerHTML|insertAdjacent/.test(text), asset.path);
  }
  assert(sum < 64 * 1024, `${sum}`);
  const policy = ASSETS[0]!.fields.find(([name]) => name === "Content-Security-Policy")?.[1];
  assert(!policy!.includes("unsafe"), policy);
});

Deno.test("demo: all texts are readable in both colour schemes by WCAG 2.2 (4.5 : 1)", () => {
  const css = textOf(ASSETS.find(({ path }) => path.endsWith(".css"))!);
  const texts = {
    page: ["text", "muted", "wait", "bad", "hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5"],
    bar: ["text", "muted", "good", "wait", "bad"],
    bubble: ["text", "muted", "hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5"],
    own: ["text", "muted", "hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5"],
    button: ["on-button"],
  };
  for (const colours of colourSchemes(css)) {
    for (const [background, names] of Object.entries(texts)) {
      for (const name of names) {
        const ratio = contrast(colours.get(name)!, colours.get(background)!);
        assert(ratio >= 4.5, `${name} on ${background}: ${ratio.toFixed(2)}`);
      }
    }
  }
});

Deno.test("demo client: replies find who asked, pings are answered, pushes are passed", async () => {
  const sent: [string, boolean][] = [];
  const pushes: unknown[] = [];
  const client = new ChannelsClient(
    (text: string, isAnswered: boolean) => sent.push([text, isAnswered]) > 0,
    (push: unknown) => pushes.push(push),
  );
  const [one, two] = client.ask({ connect: {} }, { history: { channel: "a" } });
  assertEquals(sent.shift(), ['{"id":1,"connect":{}}\n{"id":2,"history":{"channel":"a"}}', true]);
  client.receive('{"id":2,"error":{"code":103}}\n{}\n{"push":{"channel":"a"}}\n{"id":9}');
  client.receive('{"id":1,"connect":{"client":"c"}}');
  assertEquals(await one, { id: 1, connect: { client: "c" } });
  assertEquals(await two, { id: 2, error: { code: 103 } });
  assertEquals([sent, pushes], [[["{}", false]], [{ channel: "a" }]]);
  const [late] = client.ask({ rpc: {} });
  client.lost();
  assertEquals(await late, LOST);
  const [never] = new ChannelsClient(() => false, () => {}).ask({ rpc: {} });
  assertEquals(await never, LOST);
});

Deno.test("demo client: after which close codes it stays away", () => {
  const rows: [number, boolean][] = [
    [1000, false],
    [1006, false],
    [1009, true],
    [1012, false],
    [3001, false],
    [3499, false],
    [3500, true],
    [3999, true],
    [4000, false],
    [4500, true],
  ];
  for (const [code, isFinal] of rows) assertEquals(staysAway(code), isFinal, String(code));
});

const line = (id: string, more = {}) => ({
  data: { id, name: "Ada", text: `text ${id}`, at: 1, ...more },
  info: { client: "c" },
});
const idsOf = (lines: { id: string }[]) => lines.map(({ id }) => id);

Deno.test("demo room: what is a line, and what is made of it", () => {
  assertEquals(lineOf(line("1")), { id: "1", name: "Ada", text: "text 1", at: 1, client: "c" });
  for (const data of [undefined, null, 1, "a", {}, { id: "1" }, { id: "1", text: "" }]) {
    assertEquals(lineOf({ data }), undefined, JSON.stringify(data));
  }
  assertEquals(lineOf(line("x".repeat(41))), undefined);
  assertEquals(lineOf(line("1", { text: "é".repeat(2_000) }))?.text.length, 1_000);
  assertEquals(lineOf(line("1", { name: "\n" }))?.name, "Guest");
  assert(lineOf(line("1", { at: Infinity }))!.at < Infinity);
  assertEquals(cleanName("  a\n\u202eb\u0000  "), "a b");
  assertEquals([...cleanName("😀".repeat(50))].length, 24);
  assertEquals(cleanName(7), "");
});

Deno.test("demo room: each line is new once, by whichever way it comes", () => {
  const room = new Room();
  assertEquals(room.wish, {});
  const first = room.enter({ epoch: "e", offset: 2 }, [line("1"), line("2")]);
  assertEquals([first.how, idsOf(first.lines)], ["first", ["1", "2"]]);
  assertEquals(room.take({ offset: 3, ...line("3") })?.id, "3");
  assertEquals(room.take({ offset: 4, ...line("3") }), undefined);
  assertEquals(room.wish, { recover: true, epoch: "e", offset: 4 });
  const publications = [line("4"), line("5")];
  const again = room.enter({ epoch: "e", offset: 6, recovered: true, publications }, [line("1")]);
  assertEquals([again.how, idsOf(again.lines)], ["recovered", ["4", "5"]]);
  const gap = room.enter({ epoch: "e", offset: 900 }, [line("5"), line("900")]);
  assertEquals([gap.how, idsOf(gap.lines)], ["gap", ["900"]]);
  const other = room.enter({ epoch: "f" }, [line("900"), line("new")]);
  assertEquals([other.how, idsOf(other.lines)], ["forgotten", ["new"]]);
  assertEquals(room.wish, { recover: true, epoch: "f", offset: 0 });
});

/** An outbox whose publishing is answered from a list; then with success. */
function outboxWith(...answers: object[]) {
  const published: string[] = [];
  const shown: string[] = [];
  const outbox = new Outbox(
    ({ id }: { id: string }) => (published.push(id), Promise.resolve(answers.shift() ?? {})),
    (drafts: { id: string; error?: string }[]) => {
      shown.push(
        drafts.map(({ id, error }) => error === undefined ? id : `${id}: ${error}`).join(),
      );
    },
  );
  const add = (...ids: string[]) =>
    ids.map((id) => outbox.add({ id, text: id, name: "", at: 0 })).at(-1);
  const publishes = (wanted: string) =>
    waitFor(() => published.join() === wanted, { what: () => `${wanted}, not ${published}` });
  return { outbox, published, shown, add, publishes };
}

Deno.test("demo outbox: lines wait for the connection, and are sent in their order", async () => {
  const { outbox, published, shown, add, publishes } = outboxWith();
  add("1", "2");
  assertEquals(published, []);
  outbox.open();
  await publishes("1,2");
  outbox.confirm("1");
  assertEquals(shown.at(-1), "2");
  outbox.confirm("unknown");
  outbox.confirm("2");
  assertEquals(shown.at(-1), "");
});

Deno.test("demo outbox: what was not confirmed before a loss is sent again", async () => {
  const { outbox, add, publishes } = outboxWith({}, LOST);
  outbox.open();
  add("1", "2");
  await publishes("1,2");
  outbox.close();
  outbox.open();
  await publishes("1,2,1,2");
});

Deno.test("demo outbox: errors that pass, and errors that do not", async () => {
  const temporary = { error: { code: 111, message: "too many requests" } };
  const final = { error: { code: 103, message: "permission denied" } };
  const { outbox, shown, add, publishes } = outboxWith(temporary, final);
  outbox.open();
  add("1", "2");
  await publishes("1,1,2");
  await waitFor(() => shown.at(-1) === "1: permission denied,2", { what: "the error" });
  outbox.retry("1");
  await publishes("1,1,2,1");
});

Deno.test("demo outbox: a bounded number waits", () => {
  const { add } = outboxWith();
  for (let i = 0; i < 100; i++) assertEquals(add(`${i}`), true);
  assertEquals(add("one more"), false);
});

Deno.test("demo outbox: a forgetful server gets again what was written last, and no more", async () => {
  const { outbox, published, add, publishes } = outboxWith();
  outbox.open();
  add("1", "2");
  await publishes("1,2");
  outbox.confirm("1");
  outbox.confirm("2");
  outbox.close();
  add("3");
  outbox.repeat(Date.now(), new Set(["1"]));
  outbox.open();
  await publishes("1,2,2,3");
  outbox.confirm("2");
  outbox.confirm("3");
  outbox.close();
  published.length = 0;
  outbox.repeat(Date.now() + 31_000, new Set());
  outbox.open();
  add("4");
  await publishes("4");
});

Deno.test("demo people: names, presence and typing", () => {
  const people = new People();
  people.own = "me";
  people.reset(["me", "ben1", "cleo"]);
  people.named("ben1", "Ben");
  people.named("me", "Zoe");
  people.named(undefined, "nobody");
  const names = () => people.list().map(({ name, isOwn }) => isOwn ? `${name}!` : name);
  assertEquals(names(), ["Zoe!", "Ben", "Guest cleo"]);
  people.typed("ben1", true, 1_000);
  people.typed("me", true, 1_000);
  people.typed("stranger", true, 1_000);
  assertEquals(people.typingText(2_000), "Ben is typing…");
  people.typed("cleo", true, 3_000);
  assertEquals(people.typingText(3_000), "Ben and Guest cleo are typing…");
  people.joined("dan");
  people.typed("dan", true, 3_000);
  assertMatch(people.typingText(3_000), /^3 people are typing…$/);
  assertEquals(people.typingText(8_000), "Guest cleo and Guest dan are typing…");
  people.left("cleo");
  people.typed("dan", false, 8_000);
  assertEquals(people.typingText(8_000), "");
  assertEquals(names(), ["Zoe!", "Ben", "Guest dan"]);
});
