/**
 * The slot of a Redis Cluster that a hash tag belongs to: CRC-16/XMODEM of its bytes, modulo {@link SLOTS}.
 *
 * In: what stands in the braces of a name, which is never empty. Out: the slot. Pure. The specification of the cluster has the function:
 * https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
 */

/** How many there are. */
export const SLOTS = 16_384;
const POLYNOMIAL = 0x1021;
const ENCODER = new TextEncoder();

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? POLYNOMIAL : 0);
  return crc;
});

/** The slot of a tag. */
export function hashSlot(tag: string): number {
  let crc = 0;
  for (const byte of ENCODER.encode(tag)) {
    crc = ((crc << 8) ^ TABLE[(crc >>> 8) ^ byte]!) & 0xffff;
  }
  return crc % SLOTS;
}
