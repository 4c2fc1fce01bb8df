import { assertEquals } from "@std/assert";
import { CONNECTION_LIMITS } from "../../../runtime/config/mod.ts";
import { ConnectionTask } from "../../../runtime/net/mod.ts";
import { EventLoop } from "../../../runtime/native/mod.ts";
import { WorkerAcceptor } from "../../../runtime/native/worker_acceptor.ts";
import { EMFILE, ENFILE, ENOBUFS, ENOMEM, EPOLLEXCLUSIVE } from "../../../runtime/os/mod.ts";
import {
  COLUMN,
  createSharedState,
  openSharedState,
  TASK_FIELD,
  TASK_KIND,
} from "../../../runtime/ring/mod.ts";
import { Warnings } from "../../../runtime/thread/mod.ts";
import { FakeOs } from "../../support/fake_os.ts";
import { FakeSocket } from "../../support/fake_socket.ts";
import { NO_FAULTS } from "../../support/fault_plan.ts";

/** What is in the fake kernel besides connections: the listener and the epoll instance. */
const OWN = 2;

/** Accepts for worker 0; `errors` are the first results of accept, one by one. */
function bench(
  errors: number[] = [],
  descriptorCeiling = Infinity,
  connections = 100,
  share = Infinity,
) {
  const os = new FakeOs({ faults: { ...NO_FAULTS, refusesAccept: () => errors.shift() ?? 0 } });
  const listener = os.listen();
  const state = openSharedState(
    createSharedState({ workers: 1, taskSlots: 2, inboxBytes: 256, descriptors: 256 }),
  );
  const loop = new EventLoop(os);
  const task = new ConnectionTask();
  const placed: number[] = [];
  const refused: number[] = [];
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  const counters = state.counters(0);
  const descriptor = () => task.words[TASK_FIELD.descriptor]!;
  const acceptor = new WorkerAcceptor({
    listener,
    task,
    loop,
    state,
    counters,
    limits: { ...CONNECTION_LIMITS, connections },
    descriptorCeiling,
    warnings: new Warnings((message) => message.type === "warning" && warn(message.text), () => 0),
    place: () => {
      counters.add(COLUMN.connectionsOpened, 1);
      placed.push(descriptor());
    },
    refuse: () => {
      assertEquals(task.words[TASK_FIELD.kind], TASK_KIND.refused);
      refused.push(descriptor());
    },
    giveUpRefused: () => {
      for (const one of refused.splice(0)) os.close(one);
    },
    hasShare: () => placed.length < share,
  });
  if (share === Infinity) acceptor.open();
  else acceptor.openEarly();
  const isListening = () => os.interestOf(listener) >= 0;
  const arrive = (count: number) => {
    for (let i = 0; i < count; i++) os.backlog.push(new FakeSocket());
  };
  /** One turn of a worker, which waits for the next event or deadline. */
  const turn = () => {
    acceptor.resume();
    loop.turn(true);
  };
  return {
    acceptor,
    arrive,
    isListening,
    listener,
    loop,
    os,
    placed,
    refused,
    state,
    turn,
    warnings,
  };
}

Deno.test("worker acceptor: a turn accepts a few connections, and the next turn the others", () => {
  const { arrive, os, placed, turn } = bench();
  arrive(10);
  turn();
  assertEquals([placed.length, os.backlog.length], [8, 2]);
  turn();
  assertEquals([placed.length, os.backlog.length], [10, 0]);
});

Deno.test("worker acceptor: while other workers load it takes its share, and all that wait at once when they have loaded", () => {
  const { acceptor, arrive, isListening, os, placed, turn } = bench([], Infinity, 100, 5);
  arrive(7);
  turn();
  assertEquals([placed.length, isListening()], [5, false]);
  acceptor.openEarly(); // in each turn
  turn(); // it rests
  turn();
  assertEquals([placed.length, os.backlog.length], [5, 2]);
  const before = os.now;
  acceptor.open();
  turn();
  assertEquals([placed.length, isListening(), os.now], [7, true, before]);
  acceptor.openEarly(); // a reload: others load again, and nothing changes
  arrive(1);
  turn();
  assertEquals(placed.length, 8);
});

Deno.test("worker acceptor: above the connection limit connections are refused, with one warning", () => {
  const { arrive, placed, refused, state, turn, warnings } = bench([], Infinity, 2);
  arrive(5);
  turn();
  assertEquals([placed.length, refused.length, warnings.length], [2, 3, 1]);
  assertEquals([state.total(COLUMN.accepted), state.total(COLUMN.refused)], [5, 3]);
});

for (const errno of [EMFILE, ENFILE, ENOBUFS, ENOMEM]) {
  Deno.test(`worker acceptor: after errno ${errno} it does not listen for a moment, warns once, and goes on`, () => {
    const { arrive, isListening, os, placed, turn, warnings } = bench([errno, errno]);
    arrive(1);
    for (let i = 0; i < 2; i++) {
      turn();
      assertEquals([isListening(), placed.length], [false, 0]);
      const before = os.now;
      turn(); // it waits
      const rested = os.now - before;
      const late = rested - 20 * 2 ** i;
      assertEquals([late >= -4, late <= 4], [true, true], `${rested} ms`);
    }
    turn();
    assertEquals([placed.length, warnings.length], [1, 1]);
  });
}

Deno.test("worker acceptor: without descriptors, refused connections are given up, and the next one is accepted", () => {
  const errors: number[] = [];
  const { arrive, os, refused, turn } = bench(errors, Infinity, 0);
  arrive(1);
  turn();
  assertEquals(refused.length, 1);
  const [{ length: open }] = [os.openOf("socket")];
  errors.push(EMFILE);
  arrive(1);
  turn();
  assertEquals([open, os.openOf("socket").length], [1, 0]);
});

Deno.test("worker acceptor: without descriptors, and without a connection that waits, it goes on listening", () => {
  const { arrive, isListening, os, refused, turn } = bench([0, EMFILE], Infinity, 0);
  os.awaitConnection = () => false; // another worker took it
  arrive(2);
  turn();
  assertEquals([isListening(), refused.length], [true, 1]);
});

Deno.test("worker acceptor: when this worker closes a connection, it listens again at once", () => {
  const { acceptor, arrive, isListening, os, turn } = bench([EMFILE]);
  arrive(1);
  turn();
  assertEquals(isListening(), false);
  const before = os.now;
  acceptor.noteClosing();
  acceptor.resume();
  assertEquals([isListening(), os.now], [true, before]);
});

Deno.test("worker acceptor: a connection stays in the backlog while only reserved descriptors are free", () => {
  const { arrive, isListening, os, placed, state, turn, warnings } = bench([], OWN + 3 + 3);
  const file = os.openFile(new Uint8Array(1));
  arrive(4);
  turn();
  assertEquals([placed.length, os.backlog.length, isListening()], [2, 2, false]);
  turn();
  turn();
  assertEquals([placed.length, os.backlog.length], [2, 2], "no lower one is free");
  os.close(file);
  turn();
  turn();
  assertEquals([placed.at(-1), os.backlog.length, warnings.length], [file, 1, 1]);
  assertEquals([...state.descriptors.ownedBy(0)], []);
});

Deno.test("worker acceptor: it looks for the next descriptor only near the ceiling", () => {
  const { arrive, os, placed, state, turn } = bench([], 200, 1000);
  let looks = 0;
  const eventfd = os.eventfd.bind(os);
  os.eventfd = () => {
    looks++;
    return eventfd();
  };
  for (let i = 0; i < 10; i++) {
    arrive(8);
    turn();
  }
  assertEquals([placed.length, looks, state.flags.isNearCeiling()], [80, 0, false]);
  for (let i = 0; i < 10; i++) {
    arrive(8);
    turn();
  }
  assertEquals([looks > 0, state.flags.isNearCeiling()], [true, true]);
  for (const descriptor of placed.splice(0)) os.close(descriptor);
  arrive(8);
  turn();
  assertEquals([placed.length, state.flags.isNearCeiling()], [8, false]);
});

Deno.test("worker acceptor: before a wait in which handlers run, the socket is registered to wake others, too", () => {
  const { acceptor, listener, os } = bench();
  const isExclusive = () => (os.interestOf(listener) & EPOLLEXCLUSIVE) !== 0;
  let changes = 0;
  const control = os.epollControl.bind(os);
  os.epollControl = (...of) => {
    changes++;
    return control(...of);
  };
  const seen = [true, false, false, true].map((exclusive) => {
    acceptor.setExclusive(exclusive);
    return isExclusive();
  });
  assertEquals(seen, [true, false, false, true]);
  assertEquals(changes, 4, "two for each change, none without a change");
});

Deno.test("worker acceptor: events that bring no connection do not keep it busy", () => {
  const { arrive, isListening, os, placed, turn } = bench();
  arrive(1);
  os.mayAccept = () => false;
  for (let i = 0; i < 64; i++) turn();
  assertEquals(isListening(), false);
  os.mayAccept = () => true;
  turn();
  turn();
  assertEquals(placed.length, 1);
});

Deno.test("worker acceptor: while accepting is paused nothing is accepted", () => {
  const { arrive, isListening, os, placed, state, turn } = bench();
  state.flags.setAcceptingPaused(true);
  arrive(1);
  turn();
  assertEquals([placed.length, os.backlog.length, isListening()], [0, 1, false]);
  state.flags.setAcceptingPaused(false);
  turn();
  turn();
  assertEquals(placed.length, 1);
});

Deno.test("worker acceptor: a shut down socket ends accepting for good", () => {
  const { acceptor, isListening, listener, os, turn } = bench();
  os.shutdownRead(listener);
  turn();
  acceptor.open();
  assertEquals(isListening(), false);
});

Deno.test("worker acceptor: when another server accepts, it takes what has woken it alone, and no more", () => {
  const { acceptor, arrive, isListening, os, placed } = bench();
  arrive(20);
  acceptor.handOver();
  assertEquals([placed.length, os.backlog.length, isListening()], [20, 0, false]);
  arrive(1);
  acceptor.resume();
  acceptor.open();
  assertEquals([isListening(), os.backlog.length], [false, 1]);
});
