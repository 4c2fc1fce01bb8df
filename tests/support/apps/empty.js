/** An app that does nothing, for tests whose worker threads have handlers of their own. */

export default {};
