import { assert, assertEquals } from "@std/assert";
import { LoopbackBell } from "../../../runtime/native/deno_bell.ts";
import { LinuxOs } from "../../../runtime/os/mod.ts";
import { waitFor, within } from "../../support/wait_for.ts";

const os = new LinuxOs(); // here and not in a test, where Deno 2.4 would report libc as a leak

/** Records the descriptors that the bell holds. */
class Owner {
  readonly held = new Set<number>();
  room = true;
  claims = 0;

  claim(descriptor: number): boolean {
    this.claims++;
    this.held.add(descriptor);
    return this.room;
  }

  release(descriptor: number): void {
    this.held.delete(descriptor);
  }
}

Deno.test("deno bell: connected at the first ring, works from then on, and is closed", async () => {
  const owner = new Owner();
  const bell = new LoopbackBell(os, owner);
  assertEquals(owner.held.size, 0);
  await waitFor(() => bell.ring(), { what: "a bell that is heard" });
  assertEquals(owner.held.size, 1);
  for (let i = 0; i < 100; i++) assertEquals(await bell.ring(), true);
  bell.close();
  assertEquals(owner.held.size, 0);
  assertEquals(await bell.ring(), false);
});

Deno.test("deno bell: closed while it connects, it holds nothing", async () => {
  const owner = new Owner();
  const bell = new LoopbackBell(os, owner);
  const ringing = bell.ring();
  bell.close();
  assertEquals([await ringing, await bell.ring(), owner.held.size], [false, false, 0]);
});

Deno.test("deno bell: a descriptor that cannot be recorded is not used", async () => {
  const owner = new Owner();
  owner.room = false;
  const bell = new LoopbackBell(os, owner);
  assertEquals(await bell.ring(), false);
  assertEquals([owner.claims, owner.held.size], [1, 0]);
  bell.close();
});

Deno.test("deno bell: if its connection is cut, it returns false and connects again", async () => {
  const owner = new Owner();
  const bell = new LoopbackBell(os, owner);
  await waitFor(() => bell.ring(), { what: "a bell that is heard" });
  const [descriptor] = owner.held;
  os.shutdownWrite(descriptor!); // it holds one, since a ring succeeded
  assertEquals(await within(bell.ring(), { what: "an answer" }), false);
  assertEquals(owner.held.size, 0);
  await waitFor(() => bell.ring(), { what: "a ring that succeeds" });
  assert(owner.held.size === 1);
  bell.close();
});
