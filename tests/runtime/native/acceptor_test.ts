import { assert, assertEquals, assertThrows } from "@std/assert";
import { Acceptor } from "../../../runtime/native/acceptor.ts";
import { FREE_SHARE } from "../../../runtime/native/free_share.ts";
import {
  EAGAIN,
  ECONNABORTED,
  EINVAL,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  EPOLLIN,
  EPROTO,
  SystemError,
} from "../../../runtime/os/mod.ts";
import { LINGER_SILENCE } from "../../../runtime/net/linger.ts";
import {
  COLUMN,
  createSharedState,
  openSharedState,
  TASK_FIELD,
  TASK_WORDS,
} from "../../../runtime/ring/mod.ts";
import {
  EBADF,
  EHOSTDOWN,
  EHOSTUNREACH,
  ENETDOWN,
  ENETUNREACH,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPERM,
} from "../../support/fake_errno.ts";
import { FakeOs } from "../../support/fake_os.ts";
import { FakeSocket } from "../../support/fake_socket.ts";
import { NO_FAULTS } from "../../support/fault_plan.ts";
import { textOf } from "../../support/protocol_cases.ts";

interface Bench {
  readonly os: FakeOs;
  readonly acceptor: Acceptor;
  readonly state: ReturnType<typeof openSharedState>;
  readonly doorbells: readonly number[];
  readonly warnings: string[];
  readonly sleeps: number[];
  /** Called at each sleep. */
  whileAsleep: () => void;
  /** Called at each pause, which leaves the thread to Deno. */
  whilePaused: () => void;
}

/** An acceptor for two workers; `errors` are the first results of accept, one by one. */
function bench(
  errors: number[] = [],
  maxConnections = 100,
  bell: { readonly isRung: () => boolean } | null = null,
  descriptorCeiling = Infinity,
): Bench {
  const faults = { ...NO_FAULTS, refusesAccept: () => errors.shift() ?? 0 };
  const os = new FakeOs({ faults });
  const stopBell = os.eventfd();
  if (bell !== null) {
    os.epollControl = () => 0;
    os.epollWait = (_epoll, events) => {
      events.setFirst(EPOLLIN, stopBell, 0);
      return bell.isRung() ? 1 : 0;
    };
  }
  const memory = createSharedState({ workers: 2, taskSlots: 4, inboxBytes: 256, descriptors: 64 });
  const doorbells = [os.eventfd(), os.eventfd()];
  const warnings: string[] = [];
  const sleeps: number[] = [];
  const acceptor = new Acceptor({
    start: {
      memory,
      listener: os.listen(),
      doorbells,
      maxConnections,
      maxConnectionsPerAddress: 0,
      descriptorCeiling,
      ...(bell === null ? {} : { stopBell }),
    },
    os,
    sleep: (milliseconds) => {
      sleeps.push(milliseconds);
      made.whileAsleep();
    },
    pause: (milliseconds) => {
      assert(milliseconds > 0);
      made.whilePaused();
      return Promise.resolve();
    },
    now: () => 784_111_777_000,
    post: (message) => message.type === "warning" && warnings.push(message.text),
  });
  const state = openSharedState(memory);
  const whileAsleep = () => {};
  const whilePaused = () => {};
  const made = { os, acceptor, state, doorbells, warnings, sleeps, whileAsleep, whilePaused };
  return made;
}

function arrive(os: FakeOs, count: number): FakeSocket[] {
  const sockets = Array.from({ length: count }, () => new FakeSocket());
  os.backlog.push(...sockets);
  return sockets;
}

/** Pops all tasks; returns their descriptors, oldest first. */
function tasksOf({ state }: Bench): number[] {
  const task = new Int32Array(TASK_WORDS);
  const descriptors: number[] = [];
  while (state.taskRing.pop(task)) descriptors.push(task[TASK_FIELD.descriptor]!);
  return descriptors;
}

Deno.test("acceptor: each connection becomes a task, with the peer's address, in order", () => {
  const made = bench();
  const sockets = arrive(made.os, 3);
  made.acceptor.run();
  const task = new Int32Array(TASK_WORDS);
  assert(made.state.taskRing.pop(task));
  assertEquals(task[TASK_FIELD.descriptor], sockets[0]!.descriptor);
  assertEquals(task[TASK_FIELD.family], 2);
  const address = new Uint8Array(task.buffer, TASK_FIELD.address * 4, 16);
  assertEquals([...address], [127, 0, 0, 1, ...new Array(12).fill(0)]);
  assertEquals(tasksOf(made), [sockets[1]!.descriptor, sockets[2]!.descriptor]);
  assertEquals(made.state.total(COLUMN.accepted), 3);
});

Deno.test("acceptor: one parked worker is rung for each connection, the workers in turn", () => {
  const made = bench();
  const { flags } = made.state;
  const rung: number[] = [];
  made.os.ringDoorbell = (doorbell) => rung.push(made.doorbells.indexOf(doorbell));
  for (let round = 0; round < 2; round++) {
    flags.park(0);
    flags.park(1);
    arrive(made.os, 2);
    made.acceptor.run();
    tasksOf(made);
  }
  assertEquals(rung, [0, 1, 0, 1]);
  arrive(made.os, 1);
  made.acceptor.run();
  assertEquals(rung.length, 4, "all are awake: no doorbell is rung");
});

Deno.test("acceptor: a full ring makes it wait, and no connection is lost", () => {
  const made = bench();
  const sockets = arrive(made.os, 11);
  const taken: number[] = [];
  made.whileAsleep = () => taken.push(...tasksOf(made));
  made.acceptor.run();
  taken.push(...tasksOf(made));
  assertEquals(taken, sockets.map(({ descriptor }) => descriptor));
  assertEquals(made.sleeps.length, 2); // four slots: the ring is full after 4 and after 8
  assertEquals(made.state.total(COLUMN.ringFull), 2);
});

Deno.test("acceptor: without descriptors or memory it backs off, warns once, and goes on", () => {
  const made = bench([EMFILE, ENFILE, ENOBUFS, ENOMEM]);
  arrive(made.os, 1);
  made.acceptor.run();
  assertEquals(made.sleeps.length, 4);
  assertEquals(made.warnings.length, 1);
  assert(made.warnings[0]!.includes("too many open files"));
  assertEquals(tasksOf(made).length, 1);
});

Deno.test("acceptor: it warns again when descriptors run out again", () => {
  const errors = [EMFILE];
  const made = bench(errors);
  arrive(made.os, 1);
  made.acceptor.run();
  errors.push(0, EMFILE);
  arrive(made.os, 2);
  made.acceptor.run();
  assertEquals(made.warnings.length, 2);
});

Deno.test("acceptor: a connection that broke before it was accepted does not end the acceptor", () => {
  // accept(2): network errors that are already pending on the new socket should be retried like EAGAIN.
  const pending = [ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH];
  for (const errno of [...pending, EOPNOTSUPP, ENETUNREACH, EPERM]) {
    const made = bench([errno]);
    arrive(made.os, 1);
    made.acceptor.run();
    assertEquals(tasksOf(made).length, 1, `errno ${errno}`);
    assertEquals(made.sleeps, []);
  }
});

Deno.test("acceptor: an error that means a fault of ours is thrown", () => {
  const made = bench([EBADF]);
  arrive(made.os, 1);
  assertThrows(() => made.acceptor.run(), SystemError, "accept4");
});

Deno.test("acceptor: beyond the connection limit clients get 503 and are closed, with one warning", () => {
  const made = bench([], 2);
  const sockets = arrive(made.os, 5);
  made.acceptor.run();
  assertEquals(tasksOf(made), [sockets[0]!.descriptor, sockets[1]!.descriptor]);
  const answer = new Uint8Array(4096);
  for (const socket of sockets.slice(2)) {
    const text = textOf(answer.subarray(0, socket.readAsPeer(answer)));
    assert(text.startsWith("HTTP/1.1 503 Service Unavailable\r\n"), text);
    assert(text.includes("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), text);
    assert(text.includes("\r\nConnection: close\r\n"), text);
    assert(!Number.isNaN(socket.closedAt));
  }
  assertEquals(made.warnings.length, 1);
  assertEquals(made.state.total(COLUMN.refused), 3);
  // One served connection has closed: there is room for one.
  made.state.counters(0).add(COLUMN.connectionsClosed, 1);
  arrive(made.os, 2);
  made.acceptor.run();
  assertEquals(tasksOf(made).length, 1);
});

Deno.test("acceptor: refused connections are polled until their time is over, while no other connection comes", () => {
  const made = bench([], 0);
  const { os } = made;
  const [refused] = arrive(os, 1);
  const waits: number[] = [];
  os.awaitConnection = () => {
    if (os.backlog.length > 0) return true;
    waits.push(os.now);
    os.now += 20;
    return false;
  };
  made.acceptor.run();
  // The acceptor blocks in accept again once no refused connection is left.
  const [first] = waits;
  assertEquals(refused!.closedAt - first! >= LINGER_SILENCE, true);
  assertEquals(waits.length < LINGER_SILENCE / 20 + 5, true, `${waits.length} waits`);
});

Deno.test("acceptor: without free descriptors the refused connections are closed at once", () => {
  const made = bench([0, EMFILE], 0);
  const sockets = arrive(made.os, 2);
  made.whileAsleep = () => assertEquals(Number.isNaN(sockets[0]!.closedAt), false);
  made.acceptor.run();
  assertEquals(made.sleeps.length, 1);
});

Deno.test("acceptor: it ends when the listener is shut down", () => {
  const made = bench();
  made.os.shutdownRead(made.os.openOf("listener")[0]!);
  made.acceptor.run();
  assertEquals(made.state.total(COLUMN.accepted), 0);
});

Deno.test("acceptor: with a bell, it ends during a flood, and while it has refused connections", () => {
  for (const maxConnections of [1_000_000, 0]) {
    let accepted = 0;
    const made = bench([], maxConnections, { isRung: () => accepted > 1_000 });
    const { os, state } = made;
    os.mayAccept = () => {
      accepted++;
      arrive(os, 1); // there is always one more connection
      while (state.taskRing.pop(new Int32Array(TASK_WORDS)));
      return true;
    };
    made.acceptor.run();
    assert(accepted < 1_500, `${accepted} accepted`);
  }
});

Deno.test("acceptor: a connection at the ceiling waits for a descriptor below it, and no other is accepted", () => {
  const made = bench([], 100, null, 9);
  const { os } = made;
  // Bell, two doorbells and listener are 3 to 6: two connections fit, the third is 9.
  const sockets = arrive(os, 4);
  const taken: number[] = [];
  made.whileAsleep = () => {
    assertEquals(os.openDescriptors, 7, "the acceptor holds one, and one is in the backlog");
    taken.push(...tasksOf(made));
    if (made.sleeps.length % 3 === 0) os.close(taken.shift()!);
  };
  made.acceptor.run();
  taken.push(...tasksOf(made));
  assertEquals(taken, [7, 8]);
  assertEquals(sockets.map(({ closedAt }) => Number.isNaN(closedAt)), [false, false, true, true]);
  assertEquals(made.warnings.length, 2);
  assert(made.warnings[0]!.includes("too many open files"));
});

Deno.test("acceptor: a connection held at the ceiling is served when the server stops", () => {
  const made = bench([], 100, null, 9);
  arrive(made.os, 3);
  made.whileAsleep = () => made.state.flags.setDraining();
  made.acceptor.run();
  assertEquals(tasksOf(made), [7, 8, 9]);
});

Deno.test("acceptor: while accepting is paused it hands nothing over, and accepts no second connection", () => {
  const made = bench();
  arrive(made.os, 3);
  made.state.flags.setAcceptingPaused(true);
  made.whileAsleep = () => {
    assertEquals([made.state.taskRing.size(), made.os.backlog.length], [0, 2]);
    if (made.sleeps.length === 3) made.state.flags.setAcceptingPaused(false);
  };
  made.acceptor.run();
  assertEquals([made.sleeps.length, tasksOf(made).length], [3, 3]);
});

Deno.test("acceptor: while workers load it never blocks, and gives the few that serve no more than they may take", async () => {
  const made = bench();
  const { os, state } = made;
  const { flags } = state;
  os.awaitConnection = (_listener, milliseconds) => {
    assertEquals(milliseconds, 0, "it blocks");
    return os.backlog.length > 0;
  };
  arrive(os, 3 * FREE_SHARE);
  const accepted: number[] = [];
  made.whileAsleep = () => void tasksOf(made); // the ring was full
  made.whilePaused = () => {
    tasksOf(made);
    accepted.push(state.total(COLUMN.accepted));
    if (accepted.length <= 2) flags.setAlive(accepted.length - 1);
    if (accepted.length === 4) state.counters(0).add(COLUMN.connectionsClosed, 1);
    if (accepted.length === 6) flags.setAllLoaded(true);
  };
  await made.acceptor.acceptWhileLoading();
  const [one, two] = [FREE_SHARE, 2 * FREE_SHARE];
  assertEquals(accepted, [0, one, two, two, two + 1, two + 1]);
  assertEquals(os.backlog.length, FREE_SHARE - 1);
});

Deno.test("acceptor: while workers load, a process that shares the listener may be faster, and a shut down listener ends it", async () => {
  const made = bench([EAGAIN, EAGAIN, EINVAL]);
  const { os, state } = made;
  state.flags.setAlive(0);
  arrive(os, 1);
  let pauses = 0;
  made.whilePaused = () => pauses++;
  await made.acceptor.acceptWhileLoading();
  assertEquals([pauses, os.backlog.length], [2, 1]);
});
