/**
 * The value of the Date field, as bytes that are updated once a second (RFC 9110 section 5.6.7).
 *
 * In: the time, from the caller's clock. Out: `bytes`, always 29, updated in place, and a `version` that
 * grows with each update. Read by the response encoder. Each worker has one and sets it from its timer.
 * The calendar is computed here, without the Date object: the protocol has no access to a clock.
 */
import { latin1Bytes } from "../ascii.ts";

/** Bytes of an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export const DATE_LENGTH = 29;

const WEEKDAYS = latin1Bytes("ThuFriSatSunMonTueWed");
const MONTHS = latin1Bytes("JanFebMarAprMayJunJulAugSepOctNovDec");
const NAME_LENGTH = 3;
const DAY_SECONDS = 86_400;
const LAST_SECOND = 253_402_300_799; // 9999-12-31T23:59:59Z, the last with a four-digit year

/** The current date as an IMF-fixdate. */
export class DateField {
  /** The IMF-fixdate, {@link DATE_LENGTH} bytes. */
  readonly bytes: Uint8Array<ArrayBuffer> = latin1Bytes("Thu, 01 Jan 1970 00:00:00 GMT");
  /** Grows by one whenever {@link bytes} changes. */
  version = 0;
  #second = 0;

  /** @param epochMilliseconds the initial time */
  constructor(epochMilliseconds = 0) {
    this.set(epochMilliseconds);
  }

  /** Whether a time in seconds since 1970 can be formatted: from 1970 to 9999. */
  static canFormat(epochSecond: number): boolean {
    return epochSecond >= 0 && Math.floor(epochSecond) <= LAST_SECOND;
  }

  /** The time of {@link bytes}, in whole seconds since 1970. */
  get second(): number {
    return this.#second;
  }

  /**
   * Sets the time, in milliseconds since 1970 (UTC). Does nothing if the second is unchanged. Throws
   * RangeError outside 1970–9999.
   */
  set(epochMilliseconds: number): void {
    const second = Math.floor(epochMilliseconds / 1000);
    if (second === this.#second) return;
    if (!DateField.canFormat(second)) {
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
    // Days are counted from 1 March of year 0: a leap day is then the last day of its year, and one formula
    // gives the lengths of the months (Howard Hinnant, "chrono-compatible date algorithms").
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
