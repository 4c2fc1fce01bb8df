import { assertEquals, assertRejects } from "@std/assert";
import { DescriptorReserve } from "../../../runtime/executor/descriptor_reserve.ts";
import { LinuxOs, lowestDescriptor } from "../../../runtime/os/mod.ts";
import { waitFor } from "../../support/wait_for.ts";

const os = new LinuxOs(); // at the top, as load_libc.ts says

function bench(count: number) {
  const held: boolean[] = [];
  const reserve = new DescriptorReserve(count, {
    setAcceptingPaused: (now) => void held.push(now),
  });
  return { reserve, held };
}

Deno.test("descriptor reserve: it holds descriptors, lends them, and takes them back", async () => {
  const { reserve, held } = bench(5);
  const before = lowestDescriptor(os);
  assertEquals(reserve.fill(), true);
  assertEquals(lowestDescriptor(os) > before, true);
  const lent = await reserve.lend(() => {
    assertEquals([lowestDescriptor(os), held], [before, [true]]);
    return Promise.resolve("done");
  });
  assertEquals(lent, "done");
  await waitFor(() => held.at(-1) === false, { what: "accepting to resume" });
  assertEquals(lowestDescriptor(os) > before, true);
  reserve.close();
  assertEquals(lowestDescriptor(os), before);
});

Deno.test("descriptor reserve: accepting resumes after the last of two borrowers, and after a failure", async () => {
  const { reserve, held } = bench(2);
  reserve.fill();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const lending = [reserve.lend(() => first.promise), reserve.lend(() => second.promise)];
  first.resolve();
  await lending[0];
  assertEquals(held, [true, true]);
  second.reject(new Error("failed"));
  await assertRejects(() => lending[1]!, Error, "failed");
  await waitFor(() => held.at(-1) === false, { what: "accepting to resume" });
  reserve.close();
});

Deno.test("descriptor reserve: lends nothing while other descriptors are free", async () => {
  const { reserve, held } = bench(2);
  reserve.fill();
  await reserve.lendIfShort(() => Promise.resolve());
  assertEquals(held, []);
  reserve.close();
});
