/** Which channels are occupied on all workers together, and what is told of it: with a time of its own, and against a model. */

import { assertEquals } from "@std/assert";
import { Occupancy } from "../../../../runtime/serve/webhooks/occupancy.ts";
import type { ChannelReport } from "../../../../runtime/thread/mod.ts";
import { Random } from "../../../support/random.ts";

const DELAY = 3000;
type Report = Exclude<ChannelReport, { kind: "dropped" }>;

class Told {
  readonly lines: string[] = [];
  readonly occupancy: Occupancy;
  now = 1000;

  constructor(mostLeaving = 100) {
    this.occupancy = new Occupancy({
      delay: DELAY,
      mostLeaving,
      tell: ({ name, channel, user, app, event, data, socketId }) =>
        this.lines.push(
          [name, app, channel, event, data, socketId, user]
            .filter((one) => one !== undefined).join(" "),
        ),
    });
  }

  /** What was told since the last call. */
  get new(): string[] {
    return this.lines.splice(0);
  }

  report(worker: number, report: Report): void {
    this.occupancy.report(worker, report, this.now);
  }

  occupied(worker: number, channel = "a"): void {
    this.report(worker, { kind: "occupied", app: 0, channel });
  }

  vacated(worker: number, channel = "a"): void {
    this.report(worker, { kind: "vacated", app: 0, channel });
  }

  joined(worker: number, client: string, user: string, channel = "presence-a"): void {
    this.report(worker, { kind: "joined", app: 0, channel, client, user });
  }

  left(worker: number, client: string, channel = "presence-a"): void {
    this.report(worker, { kind: "left", app: 0, channel, client });
  }

  pass(milliseconds: number): string[] {
    this.now += milliseconds;
    this.occupancy.expire(this.now);
    return this.new;
  }
}

Deno.test("occupancy: a channel with subscribers on two workers is occupied once and vacated once", () => {
  const told = new Told();
  told.occupied(0);
  told.occupied(1);
  assertEquals(told.new, ["channel_occupied 0 a"]);
  told.vacated(0);
  assertEquals(told.pass(2 * DELAY), []);
  told.vacated(1);
  assertEquals(told.occupancy.next, told.now + DELAY);
  assertEquals(told.pass(DELAY - 1), []);
  assertEquals(told.pass(1), ["channel_vacated 0 a"]);
  assertEquals(told.occupancy.next, Infinity);
  told.occupied(1);
  assertEquals(told.new, ["channel_occupied 0 a"]);
});

Deno.test("occupancy: who is back within the delay was never away, on whichever worker", () => {
  const told = new Told();
  told.occupied(0);
  told.new;
  for (let i = 0; i < 10; i++) {
    told.vacated(i % 2);
    assertEquals(told.pass(DELAY - 1), []);
    told.occupied((i + 1) % 2);
  }
  assertEquals(told.pass(2 * DELAY), []);
});

Deno.test("occupancy: members are users, with any number of connections; they go before their channel", () => {
  const told = new Told();
  told.occupied(0, "presence-a");
  told.joined(0, "1.1", "ann");
  told.joined(0, "1.1", "ann");
  told.joined(1, "1.2", "ann");
  told.occupied(1, "presence-a");
  told.joined(1, "1.3", "bob");
  assertEquals(told.new, [
    "channel_occupied 0 presence-a",
    "member_added 0 presence-a ann",
    "member_added 0 presence-a bob",
  ]);
  told.left(0, "1.1");
  told.left(0, "1.1");
  assertEquals(told.pass(DELAY), []);
  // As workers report it: the channel first.
  told.vacated(0, "presence-a");
  told.vacated(1, "presence-a");
  told.left(1, "1.2");
  told.left(1, "1.3");
  assertEquals(told.pass(DELAY), [
    "member_removed 0 presence-a ann",
    "member_removed 0 presence-a bob",
    "channel_vacated 0 presence-a",
  ]);
});

Deno.test("occupancy: a member that is back within the delay was never away", () => {
  const told = new Told();
  told.occupied(0, "presence-a");
  told.joined(0, "1.1", "ann");
  told.new;
  told.left(0, "1.1");
  assertEquals(told.pass(DELAY - 1), []);
  told.joined(1, "1.9", "ann");
  assertEquals(told.pass(2 * DELAY), []);
});

Deno.test("occupancy: the subscribers and members of a worker that has ended have left", () => {
  const told = new Told();
  told.occupied(0);
  told.occupied(0, "presence-a");
  told.joined(0, "1.1", "ann");
  told.occupied(1);
  told.new;
  told.occupancy.remove(0, told.now);
  assertEquals(told.pass(DELAY), [
    "member_removed 0 presence-a ann",
    "channel_vacated 0 presence-a",
  ]);
  told.occupancy.remove(1, told.now);
  assertEquals(told.pass(DELAY), ["channel_vacated 0 a"]);
});

Deno.test("occupancy: the end of the server tells at once, in order, also what waited", () => {
  const told = new Told();
  told.occupied(0, "presence-a");
  told.joined(0, "1.1", "ann");
  told.occupied(1, "b");
  told.vacated(1, "b");
  told.new;
  told.occupancy.end();
  assertEquals(told.new, [
    "channel_vacated 0 b",
    "member_removed 0 presence-a ann",
    "channel_vacated 0 presence-a",
  ]);
});

Deno.test("occupancy: after another server has taken over, nobody is told who leaves", () => {
  const told = new Told();
  told.occupied(0);
  told.occupied(1, "b");
  told.vacated(1, "b");
  told.new;
  told.occupancy.silence();
  told.vacated(0);
  told.report(0, {
    kind: "event",
    app: 1,
    channel: "c",
    event: "client-e",
    data: "1",
    socketId: "1.1",
    user: "",
  });
  assertEquals(told.pass(DELAY), ["client_event 1 c client-e 1 1.1"]);
  told.occupancy.end();
  assertEquals(told.new, []);
});

Deno.test("occupancy: the server after this one tells nothing twice, and who has not come there has left", () => {
  const before = new Told();
  before.occupied(0, "a");
  before.occupied(0, "presence-a");
  before.occupied(1, "b");
  for (const [client, user] of [["1.1", "ann"], ["1.2", "ann"], ["1.3", "bob"], ["1.4", "cat"]]) {
    before.joined(0, client!, user!);
  }
  before.left(0, "1.4");
  before.new;
  before.occupancy.silence();
  const after = new Told();
  after.occupancy.adopt(before.occupancy.told);
  // They leave the old one.
  before.vacated(0, "a");
  assertEquals([before.pass(2 * DELAY), before.occupancy.next], [[], Infinity]);
  after.occupied(1, "a");
  after.occupied(0, "presence-a");
  after.joined(0, "1.1", "ann");
  after.joined(0, "1.5", "eve");
  assertEquals(after.new, ["member_added 0 presence-a eve"]);
  assertEquals(after.pass(10 * DELAY), [], "the others are on their way");
  after.occupancy.noteArrived(after.now);
  assertEquals(after.pass(DELAY - 1), []);
  after.joined(1, "1.3", "bob"); // just in time
  assertEquals(after.pass(1), ["member_removed 0 presence-a cat", "channel_vacated 0 b"]);
  after.left(0, "1.1");
  after.vacated(1, "a");
  const left = ["member_removed 0 presence-a ann", "channel_vacated 0 a"];
  assertEquals(after.pass(DELAY), left);
  // A stop before all have come.
  const stopped = new Told();
  stopped.occupancy.adopt(after.occupancy.told);
  stopped.occupancy.end();
  assertEquals(stopped.new, [
    "member_removed 0 presence-a bob",
    "member_removed 0 presence-a eve",
    "channel_vacated 0 presence-a",
  ]);
});

Deno.test("occupancy: if the other server does not take over, who has left meanwhile is told of", () => {
  const told = new Told();
  told.occupied(0);
  told.new;
  told.occupancy.silence();
  told.vacated(0);
  assertEquals(told.pass(2 * DELAY), []);
  told.occupancy.speak();
  assertEquals(told.pass(0), ["channel_vacated 0 a"]);
});

Deno.test("occupancy: so many wait to be told of, at most", () => {
  const told = new Told(2);
  for (const name of ["a", "b", "c"]) told.occupied(0, name);
  told.new;
  for (const name of ["a", "b", "c"]) told.vacated(0, name);
  assertEquals(told.new, ["channel_vacated 0 a"]);
  assertEquals(told.pass(DELAY), ["channel_vacated 0 b", "channel_vacated 0 c"]);
});

Deno.test("occupancy: at random, what was told alternates and ends with what is", () => {
  const random = new Random(7);
  const pick = (count: number) => random.below(count);
  for (let round = 0; round < 200; round++) {
    const told = new Told(3);
    const subscribed = new Set<string>();
    const members = new Map<string, string>();
    const toggle = (set: Set<string>, key: string) => set.delete(key) || (set.add(key), false);
    for (let i = 0; i < 60; i++) {
      const [worker, channel] = [pick(3), `presence-${pick(2)}`];
      const client = `${worker}.${channel}.${pick(3)}`;
      switch (pick(4)) {
        case 0:
          if (toggle(subscribed, `${worker} ${channel}`)) told.vacated(worker, channel);
          else told.occupied(worker, channel);
          break;
        case 1:
          if (members.delete(client)) told.left(worker, client, channel);
          else {
            const user = `u${pick(2)}`;
            members.set(client, user);
            told.joined(worker, client, user, channel);
          }
          break;
        case 2:
          told.now += pick(2000);
          told.occupancy.expire(told.now);
          break;
        default:
          if (pick(10) > 0) break;
          told.occupancy.remove(worker, told.now);
          for (const key of subscribed) if (key.startsWith(`${worker} `)) subscribed.delete(key);
          for (const key of members.keys()) if (key.startsWith(`${worker}.`)) members.delete(key);
      }
    }
    told.occupancy.expire(Infinity);
    const present = new Map<string, boolean>();
    for (const line of told.lines) {
      const [name, _app, channel, user = ""] = line.split(" ");
      const comes = name === "channel_occupied" || name === "member_added";
      const key = `${channel} ${user}`;
      assertEquals(present.get(key) ?? false, !comes, `${line} in round ${round}`);
      present.set(key, comes);
    }
    const expected = new Set([...subscribed].map((key) => `${key.split(" ")[1]} `));
    for (const [client, user] of members) expected.add(`${client.split(".")[1]} ${user}`);
    const is = new Set([...present].filter(([, value]) => value).map(([key]) => key));
    assertEquals([...is].sort(), [...expected].sort(), `round ${round}`);
  }
});
