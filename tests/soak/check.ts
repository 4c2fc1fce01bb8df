/**
 * The result of one check of a soak test: its name, whether it passed, and the measured figures.
 */

/** One line of the soak's report. */
export interface Check {
  /** What was checked. */
  readonly name: string;
  /** Whether the check passed. */
  readonly passed: boolean;
  /** The measured figures, as text. */
  readonly figures: string;
}
