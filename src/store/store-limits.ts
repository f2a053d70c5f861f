/** The bounds of a store, whatever it is made of. */

/** Hashes of invalid blocks that are remembered: a peer makes them, so there is a bound. */
/** Blocks beside the canonical line that are held in memory, to show the branches of the chain. */
export const sideBlocksMax = 1024;
export const invalidMarksMax = 4096;
/** Below this the store writes no more: LevelDB needs room to compact, and a full disk harms the whole machine. */
export const freeBytesMinDefault = 512 * 1024 * 1024;
/** Blocks that the start-up check walks down from the head. */
export const walkedBlocksDefault = 128;
