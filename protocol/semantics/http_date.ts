/**
 * HTTP dates: parsed in all three forms, written as IMF-fixdate (RFC 9110 section 5.6.7).
 *
 * In: a field value and the current time, or a time to write. Out: seconds since 1970, or the text;
 * undefined if the value is not a date, so that the caller ignores the field. Nothing is thrown. Called
 * by the preconditions and by code that writes Last-Modified. There is no clock here: two-digit years
 * depend on the current time, which is an argument.
 */

import { latin1 } from "../ascii.ts";
import { DATE_LENGTH, DateField } from "../http1/mod.ts";

const WEEKDAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun";
const LONG_WEEKDAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"].concat(
  ["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
);
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = "(?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2})";

/**
 * RFC 9110 section 5.6.7. Names are case-sensitive. Whether the weekday fits the date is not checked: it
 * adds no information.
 * ```abnf
 * IMF-fixdate  = day-name "," SP date1 SP time-of-day SP GMT   ; Sun, 06 Nov 1994 08:49:37 GMT
 * rfc850-date  = day-name-l "," SP date2 SP time-of-day SP GMT ; Sunday, 06-Nov-94 08:49:37 GMT
 * asctime-date = day-name SP date3 SP time-of-day SP year      ; Sun Nov  6 08:49:37 1994
 * ```
 */
const FORMS: readonly RegExp[] = [
  `(?:${WEEKDAYS}), (?<day>[0-9]{2}) ${MONTH} (?<year>[0-9]{4}) ${TIME} GMT`,
  `(?:${LONG_WEEKDAYS}), (?<day>[0-9]{2})-${MONTH}-(?<year>[0-9]{2}) ${TIME} GMT`,
  `(?:${WEEKDAYS}) ${MONTH} (?<day>[0-9]{2}| [0-9]) ${TIME} (?<year>[0-9]{4})`,
].map((form) => new RegExp(`^${form}$`));

const MONTH_DAYS: readonly number[] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const FEBRUARY = 1;
const YEARS_AHEAD = 50;
const DAY_SECONDS = 86_400;
/** The mean length of a year in days, over the calendar's cycle of 400 years. */
const YEAR_DAYS = 146_097 / 400;

/**
 * Parses a date in any of the three forms.
 *
 * @param now the current time in seconds since 1970; decides the century of a two-digit year
 * @returns seconds since 1970, negative for earlier dates; undefined if the text is not a date
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  for (const form of FORMS) {
    const groups = form.exec(text)?.groups;
    if (groups !== undefined) return secondsOf(groups, now);
  }
  return undefined;
}

/**
 * Formats a date, `Sun, 06 Nov 1994 08:49:37 GMT`; fractions of a second are truncated.
 *
 * @returns undefined for a time before 1970 or after the year 9999: the caller sends no date then
 */
export function formatHttpDate(epochSeconds: number): string | undefined {
  if (!DateField.canFormat(epochSeconds)) return undefined;
  return latin1(new DateField(epochSeconds * 1000).bytes, 0, DATE_LENGTH);
}

function secondsOf(groups: Record<string, string>, now: number): number | undefined {
  const month = MONTHS.indexOf(groups["month"] ?? "");
  const digits = groups["year"] ?? "";
  const year = digits.length === 2 ? fullYear(Number(digits), now) : Number(digits);
  const day = Number(groups["day"]);
  const [hour, minute, second] = [groups["hour"], groups["minute"], groups["second"]].map(Number);
  if (hour === undefined || minute === undefined || second === undefined) return undefined;
  // 60 is a leap second: RFC 9110 allows it, by reference to RFC 5322.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  if (day < 1 || day > daysOf(month, year)) return undefined;
  return dayNumber(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
}

/** RFC 9110 section 5.6.7: a year more than 50 years in the future means the last past year with these digits. */
function fullYear(twoDigits: number, now: number): number {
  const thisYear = 1970 + Math.floor(now / DAY_SECONDS / YEAR_DAYS);
  const year = thisYear - thisYear % 100 + twoDigits;
  return year > thisYear + YEARS_AHEAD ? year - 100 : year;
}

function daysOf(month: number, year: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === FEBRUARY && !isLeap ? 28 : MONTH_DAYS[month] ?? 0;
}

/** Days since 1970-01-01, by Howard Hinnant's "chrono-compatible date algorithms". */
function dayNumber(year: number, month: number, day: number): number {
  const shifted = month > FEBRUARY ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const monthFromMarch = (month + 10) % 12;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) +
    dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
