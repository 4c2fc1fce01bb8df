/**
 * What a soak finds out: one thing that was looked at, whether it is well, and the figures that say so.
 */

/** One line of the soak's report. */
export interface Check {
  /** What was looked at. */
  readonly name: string;
  /** Whether it is as it should be. */
  readonly passed: boolean;
  /** The figures, for a reader. */
  readonly figures: string;
}
