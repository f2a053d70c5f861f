/** What bounds the memory of a node from outside: flags of V8 and settings of malloc, which both read them at their start only. */

/**
 * What V8 may leave lying in a node. By itself its young generation grows to 128 MiB under any burst, and a flood of
 * messages is one: a node took 148 MB more under PRUNE though it kept nothing of it. 32 MiB twice; with less an import
 * copies more than it gains.
 */
export const heapFlags = ["--max-semi-space-size=32"];

/**
 * glibc raises the size from which a buffer gets pages of its own with each that is freed, and then keeps what is freed in its
 * heap: 90 MB after a flood of blocks of 1 MiB. A size that is named stays. 512 KiB and 8 MiB: glibc's own 128 KiB hand back
 * so often what an import asks for again that it is a tenth slower. Other systems do not read these.
 */
const mallocSettings = {
  MALLOC_MMAP_THRESHOLD_: String(512 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(8 * 1024 * 1024),
};

/** V8 takes the size of its heap at its start only. An operator who has named one knows better. */
export function hasHeapFlags() {
  const named = `${process.execArgv.join(" ")} ${process.env.NODE_OPTIONS ?? ""}`.replaceAll("_", "-");
  return named.includes("--max-semi-space-size");
}

/** An operator's own settings stand. */
export function environmentWithMalloc() {
  return { ...mallocSettings, ...process.env };
}
