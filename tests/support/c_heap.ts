/**
 * The heap of C, where OpenSSL has its connections.
 *
 * In: nothing. Out: its size, by mallinfo2 of glibc.
 */

/** Bytes in use in the C heap of this thread. */
export function heapBytes(): number {
  const size = "usize" as const;
  const libc = Deno.dlopen("libc.so.6", {
    mallinfo2: { parameters: [], result: { struct: Array(10).fill(size) } },
  });
  const info = libc.symbols.mallinfo2();
  libc.close();
  // size_t uordblks, the eighth.
  return Number(new BigUint64Array(info.buffer)[7]);
}
