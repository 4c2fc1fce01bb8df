import { assertEquals } from "@std/assert";
import { EpollEvents } from "../../../runtime/os/mod.ts";

const PACKED = Deno.build.arch === "x86_64";

Deno.test("epoll events: the layout is that of struct epoll_event on this architecture", () => {
  const events = new EpollEvents(3);
  const size = PACKED ? 12 : 16;
  assertEquals(events.bytes.length, 3 * size);
  const view = new DataView(events.bytes.buffer);
  // As the kernel would write the second of three events.
  view.setUint32(size, 0x8000_0015, true);
  view.setBigUint64(size + (PACKED ? 4 : 8), 0xffff_fffe_0000_1234n, true);
  assertEquals(events.events(1), 0x8000_0015 | 0);
  assertEquals(events.descriptor(1), 0x1234);
  assertEquals(events.generation(1), -2);
  assertEquals([events.events(0), events.descriptor(2)], [0, 0]);
});

Deno.test("epoll events: the first event is what epoll_ctl is given", () => {
  const event = new EpollEvents(1);
  event.setFirst(5, 77, -1);
  const view = new DataView(event.bytes.buffer);
  assertEquals(view.getUint32(0, true), 5);
  assertEquals(view.getBigUint64(PACKED ? 4 : 8, true), 0xffff_ffff_0000_004dn);
  assertEquals([event.events(0), event.descriptor(0), event.generation(0)], [5, 77, -1]);
});

Deno.test("epoll events: beyond the capacity there is no event", () => {
  const events = new EpollEvents(1);
  assertEquals([events.events(1), events.descriptor(1), events.generation(1)], [0, -1, -1]);
});
