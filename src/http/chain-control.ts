/** What the API asks of the node about leaving its chain. */

/** Why a node stays on its chain. */
export type FoundAnewRefusal = "established" | "given" | "not-ahead";

/** Undefined: it leaves the chain now, which ends the API for a moment. */
export type FoundAnew = () => FoundAnewRefusal | undefined;
