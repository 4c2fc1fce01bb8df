import { assertEquals } from "@std/assert";
import { CONNECTION_LIMITS } from "../../../runtime/config/mod.ts";
import { ConnectionTask } from "../../../runtime/net/mod.ts";
import { EventLoop } from "../../../runtime/native/mod.ts";
import { WorkerAcceptor } from "../../../runtime/native/worker_acceptor.ts";
import { EMFILE, ENFILE, ENOBUFS, ENOMEM } from "../../../runtime/os/mod.ts";
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
function bench(errors: number[] = [], descriptorCeiling = Infinity, connections = 100) {
  const os = new FakeOs({ faults: { ...NO_FAULTS, refusesAccept: () => errors.shift() ?? 0 } });
  const listener = os.listen();
  const state = openSharedState(
    createSharedState({ workers: 1, taskSlots: 2, inboxBytes: 256, descriptors: 64 }),
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
    worker: 0,
    task,
    loop,
    state,
    counters,
    limits: { ...CONNECTION_LIMITS, connections },
    descriptorCeiling,
    warnings: new Warnings((message) => message.type === "warning" && warn(message.text), () => 0),
    warn,
    place: () => {
      counters.add(COLUMN.connectionsOpened, 1);
      placed.push(descriptor());
    },
    refuse: () => {
      assertEquals(task.words[TASK_FIELD.kind], TASK_KIND.refused);
      refused.push(descriptor());
    },
  });
  acceptor.open();
  const isListening = () => os.interestOf(listener) >= 0;
  const arrive = (count: number) => {
    for (let i = 0; i < count; i++) os.backlog.push(new FakeSocket());
  };
  /** One turn that waits for the next event or deadline. */
  const turn = () => void loop.turn(true);
  return { acceptor, arrive, isListening, listener, os, placed, refused, state, turn, warnings };
}

Deno.test("worker acceptor: a turn accepts a few connections, and the next turn the others", () => {
  const { arrive, os, placed, turn } = bench();
  arrive(10);
  turn();
  assertEquals([placed.length, os.backlog.length], [8, 2]);
  turn();
  assertEquals([placed.length, os.backlog.length], [10, 0]);
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
      turn();
      assertEquals([isListening(), os.now > before], [true, true]);
    }
    turn();
    assertEquals([placed.length, warnings.length], [1, 1]);
  });
}

Deno.test("worker acceptor: a connection with a reserved descriptor is held until a lower one is free", () => {
  const { arrive, isListening, os, placed, state, turn } = bench([], OWN + 3 + 1);
  const file = os.openFile(new Uint8Array(1));
  arrive(3);
  turn();
  const [held] = [...state.descriptors.ownedBy(0)];
  assertEquals([placed.length, os.backlog.length, isListening()], [0, 2, false]);
  turn();
  assertEquals([placed.length, isListening()], [0, false], "no lower one is free");
  os.close(file);
  turn();
  assertEquals([placed, isListening()], [[file], true]);
  assertEquals([held !== file, [...state.descriptors.ownedBy(0)].length], [true, 0]);
});

Deno.test("worker acceptor: at the end a held connection is served all the same", () => {
  const { acceptor, arrive, isListening, placed, turn } = bench([], OWN + 3);
  arrive(1);
  turn();
  assertEquals(placed.length, 0);
  acceptor.close();
  assertEquals([placed.length, isListening()], [1, false]);
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
