/** The first bytes of the packets on the channel for connections: what each is stands in store_packets.ts and connection_packets.ts. */

/** One number for each. */
export const PACKET = { identity: 2, memory: 3, text: 4, records: 5 } as const;
