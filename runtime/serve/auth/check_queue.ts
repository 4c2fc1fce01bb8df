/**
 * The password checks of one worker that wait to be computed, fair by client address.
 *
 * In: checks, each with the clients that wait for its verdict. Out: the next check to compute, called for by
 * basic_auth.ts. Addresses take turns (IPv6: per /64). Within an address the newest check is first, and a
 * client that has ended its stream is last, as it has probably left. So a client that waits is soon served,
 * however many wrong passwords were sent before. Checks above a limit, and checks whose clients have all
 * left, are dropped: they are never computed.
 */

import { formatIpAddress, parseIpAddress } from "../../../protocol/mod.ts";
import type { JudgedClient } from "../session/mod.ts";

/** Checks that may wait in all. */
const WAITING = 32;
/** Checks of one address that may wait. */
const WAITING_PER_ADDRESS = 8;
/** The bytes of an IPv6 address that name the network: a client has all addresses of a /64. */
const NETWORK_BYTES = 8;

/** A check that waits. */
export interface WaitingCheck {
  /** The clients that wait for its verdict; at least one. The first one's address counts. */
  readonly clients: readonly JudgedClient[];
}

/** The checks that wait. */
export class CheckQueue<Check extends WaitingCheck> {
  /** By address, whose turn is next first; each list is not empty, its oldest check first. */
  readonly #waiting = new Map<string, Check[]>();
  readonly #drop: (check: Check) => void;

  /** @param drop called with each check that will not be computed */
  constructor(drop: (check: Check) => void) {
    this.#drop = drop;
  }

  /** Adds a check; drops another one, or this one, if too many wait. */
  add(check: Check): void {
    this.#dropLeft();
    const address = networkOf(check.clients[0]!.clientAddress);
    const own = this.#waiting.get(address) ?? [];
    this.#waiting.set(address, own);
    own.push(check);
    if (own.length > WAITING_PER_ADDRESS) this.#dropFrom(address);
    else if (this.#size() > WAITING) this.#dropFrom(this.#longest());
  }

  /** Removes the next check to compute; undefined if none waits. */
  take(): Check | undefined {
    this.#dropLeft();
    const next = this.#waiting.entries().next().value;
    if (next === undefined) return undefined;
    const [address, checks] = next;
    const at = checks.findLastIndex(isExpected);
    const [check] = checks.splice(at, 1); // -1 is the newest one
    // The address goes to the end: the others have their turns first.
    this.#waiting.delete(address);
    if (checks.length > 0) this.#waiting.set(address, checks);
    return check;
  }

  #dropLeft(): void {
    for (const [address, checks] of this.#waiting) {
      const left = checks.filter(({ clients }) => clients.every(({ hasLeft }) => hasLeft));
      if (left.length === 0) continue;
      this.#keep(address, checks.filter((check) => !left.includes(check)));
      for (const check of left) this.#drop(check);
    }
  }

  /** Drops the check of this address that would be the last one to be computed. */
  #dropFrom(address: string): void {
    const checks = this.#waiting.get(address) ?? [];
    const last = checks.find((check) => !isExpected(check)) ?? checks[0];
    if (last === undefined) return;
    this.#keep(address, checks.filter((check) => check !== last));
    this.#drop(last);
  }

  #keep(address: string, checks: Check[]): void {
    if (checks.length > 0) this.#waiting.set(address, checks);
    else this.#waiting.delete(address);
  }

  /** The address with the most checks; of several, the one that came last. */
  #longest(): string {
    let longest: [address: string, count: number] = ["", 0];
    for (const [address, { length }] of this.#waiting) {
      if (length >= longest[1]) longest = [address, length];
    }
    return longest[0];
  }

  #size(): number {
    let size = 0;
    for (const { length } of this.#waiting.values()) size += length;
    return size;
  }
}

/** Whether a client that waits for it has not ended its stream. */
function isExpected({ clients }: WaitingCheck): boolean {
  return clients.some(({ hasEnded }) => !hasEnded);
}

/** An IPv4 address, or the network of an IPv6 address; any other text unchanged. */
function networkOf(address: string): string {
  const bytes = parseIpAddress(address);
  if (bytes === null) return address;
  const text = formatIpAddress(bytes);
  return text.includes(":") ? bytes.subarray(0, NETWORK_BYTES).join(".") : text;
}
