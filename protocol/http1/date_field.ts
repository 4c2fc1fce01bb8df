/**
 * The value of the Date field, as bytes that change once a second (RFC 9110 section 5.6.7).
 *
 * In: the time, from whoever has a clock. Out: `bytes`, always 29 of them, rewritten in place, and a
 * `version` that tells when. Read by the response encoder; a worker has one and sets it from its
 * timer. The calendar is reckoned by hand, so that no clock comes near the protocol.
 */
import { latin1Bytes } from "../ascii.ts";

/** Bytes of an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export const DATE_LENGTH = 29;

const WEEKDAYS = latin1Bytes("ThuFriSatSunMonTueWed");
const MONTHS = latin1Bytes("JanFebMarAprMayJunJulAugSepOctNovDec");
const NAME_LENGTH = 3;
const DAY_SECONDS = 86_400;
const LAST_SECOND = 253_402_300_799; // 9999-12-31T23:59:59Z, the last that four digits can say

/** The current date in the form that HTTP wants. */
export class DateField {
  /** The IMF-fixdate, {@link DATE_LENGTH} bytes. */
  readonly bytes: Uint8Array<ArrayBuffer> = latin1Bytes("Thu, 01 Jan 1970 00:00:00 GMT");
  /** Grows by one whenever {@link bytes} change. */
  version = 0;
  #second = 0;

  /** @param epochMilliseconds the time to begin with */
  constructor(epochMilliseconds = 0) {
    this.set(epochMilliseconds);
  }

  /** Whether a second since 1970 can be said: it has a year of four digits, not before 1970. */
  static canSay(epochSecond: number): boolean {
    return epochSecond >= 0 && Math.floor(epochSecond) <= LAST_SECOND;
  }

  /** The time that {@link bytes} say, in whole seconds since 1970. */
  get second(): number {
    return this.#second;
  }

  /**
   * Sets the time, in milliseconds since 1970 (UTC). Free unless the second is another one. Throws
   * RangeError outside of 1970–9999.
   */
  set(epochMilliseconds: number): void {
    const second = Math.floor(epochMilliseconds / 1000);
    if (second === this.#second) return;
    if (!DateField.canSay(second)) {
      throw new RangeError(`Cannot write the time ${epochMilliseconds}: it is not in 1970 to 9999`);
    }
    this.#second = second;
    this.version++;
    const day = Math.floor(second / DAY_SECONDS);
    this.#writeDay(day);
    this.#writeTime(second - day * DAY_SECONDS);
  }

  #writeDay(day: number): void {
    this.#writeName(0, WEEKDAYS, day % 7);
    // Days are counted from 1 March of year 0, so that a leap day is the last of its year and
    // months have the lengths of one formula (Howard Hinnant, "chrono-compatible date algorithms").
    const shifted = day + 719_468;
    const era = Math.floor(shifted / 146_097);
    const dayOfEra = shifted - era * 146_097;
    const yearOfEra = Math.floor(
      (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
        Math.floor(dayOfEra / 146_096)) / 365,
    );
    const dayOfYear = dayOfEra -
      (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
    const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
    const dayOfMonth = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
    const month = (monthFromMarch + 2) % 12;
    const year = yearOfEra + era * 400 + (month < 2 ? 1 : 0);
    this.#writeTwoDigits(5, dayOfMonth);
    this.#writeName(8, MONTHS, month);
    this.#writeTwoDigits(12, Math.floor(year / 100));
    this.#writeTwoDigits(14, year % 100);
  }

  #writeTime(secondOfDay: number): void {
    this.#writeTwoDigits(17, Math.floor(secondOfDay / 3600));
    this.#writeTwoDigits(20, Math.floor(secondOfDay / 60) % 60);
    this.#writeTwoDigits(23, secondOfDay % 60);
  }

  #writeName(at: number, names: Uint8Array, index: number): void {
    for (let i = 0; i < NAME_LENGTH; i++) this.bytes[at + i] = names[index * NAME_LENGTH + i]!;
  }

  #writeTwoDigits(at: number, value: number): void {
    this.bytes[at] = 0x30 + Math.floor(value / 10);
    this.bytes[at + 1] = 0x30 + value % 10;
  }
}
