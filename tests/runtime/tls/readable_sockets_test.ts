import { assertEquals } from "@std/assert";
import { EPOLLERR, EpollEvents, EPOLLIN } from "../../../runtime/os/mod.ts";
import { ReadableSockets } from "../../../runtime/tls/readable_sockets.ts";
import { TlsSocket } from "../../../runtime/tls/tls_socket.ts";

const ROOM = 8;

function readable(descriptor: number): TlsSocket {
  const socket = new TlsSocket(descriptor);
  return Object.assign(socket, { epoll: 3, events: EPOLLIN, isReadable: true });
}

/** The descriptors that a wait reports which has got `count` events of the kernel. */
function report(list: ReadableSockets, events: EpollEvents, count = 0): number[] {
  const total = list.appendTo(events, count);
  return Array.from({ length: total - count }, (_, i) => events.descriptor(count + i));
}

Deno.test("readable sockets: more than a wait has room for take turns", () => {
  const list = new ReadableSockets();
  const events = new EpollEvents(ROOM);
  for (let descriptor = 100; descriptor < 120; descriptor++) list.add(readable(descriptor));
  const reported = Array.from({ length: 5 }, () => report(list, events)).flat();
  const times = new Map<number, number>();
  for (const descriptor of reported) times.set(descriptor, (times.get(descriptor) ?? 0) + 1);
  assertEquals(times.size, 20);
  assertEquals([...times.values()], Array(20).fill(2));
});

Deno.test("readable sockets: the kernel and they have half of the room at least", () => {
  const list = new ReadableSockets();
  const events = new EpollEvents(ROOM);
  assertEquals(list.roomForKernel(events), ROOM);
  list.add(readable(100));
  assertEquals(list.roomForKernel(events), ROOM - 1);
  for (let descriptor = 101; descriptor < 120; descriptor++) list.add(readable(descriptor));
  const room = list.roomForKernel(events);
  assertEquals(room, ROOM / 2);
  assertEquals(report(list, events, room), [100, 101, 102, 103]);
});

Deno.test("readable sockets: those that are not wanted are dropped, errors are reported", () => {
  const list = new ReadableSockets();
  const events = new EpollEvents(ROOM);
  const [paused, broken, read] = [readable(100), readable(101), readable(102)] as const;
  for (const socket of [paused, broken, read]) list.add(socket);
  paused.events = 0;
  broken.events = 0;
  broken.outcome = -1;
  read.isReadable = false;
  assertEquals(list.hasAny(), true);
  assertEquals(report(list, events), [101]);
  assertEquals(events.events(0), EPOLLIN | EPOLLERR);
  list.remove(broken);
  assertEquals(list.hasAny(), false);
});
