/**
 * Bounds the garbage of a node: V8 lets 64 MiB of buffers outside the heap lie, and more while it marks, and lets a small
 * heap grow to several times its size.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import v8 from "node:v8";
import vm from "node:vm";

const lookEveryMs = 100;
/** A message of 1 MiB leaves several times its size behind: what the socket, the cipher and the frame held. */
const pileYoungBytes = 4 * 2 ** 20;
/** Where V8 itself should have begun to collect all. */
const pileAllBytes = 64 * 2 ** 20;
/** A full collection walks through the whole heap. A large heap lets more lie, so that the walk stays worth it. */
const pilePart = 1 / 4;
/** V8's own rules hold above: an import of a long chain needs its heap, and each collection walks through all of it. */
const smallHeapBytes = 128 * 2 ** 20;
/**
 * How much a small heap may grow after a collection before the next one begins. V8 adds the size of the young generation,
 * up to 64 MiB.
 */
const growthBytes = 40 * 2 ** 20;
const growthPercentMax = 80;

export interface Memory {
  /** Bytes in use on the heap. */
  readonly heapUsed: number;
  /** Bytes of buffers outside the heap, also of those that nobody holds any more. */
  readonly arrayBuffers: number;
}

/** As Node tells of it. */
type GarbageStep = PerformanceEntry & { readonly detail: { readonly kind: number } };

export interface GarbageModules {
  readonly memory: () => Memory;
  /** Collects what was made lately, in milliseconds; V8 frees it on another thread afterwards. */
  readonly collectYoung: () => void;
  /** Collects all garbage at once; the node stands still for a tenth of a second. */
  readonly collectAll: () => void;
  /** @param percent of what is held after a collection; 0: V8's own rules */
  readonly setGrowth: (percent: number) => void;
}

/**
 * Looks at how much lies outside the heap, and collects if that is much more than after the last full collection. Tells V8 by
 * how much the heap may grow.
 */
export class Garbage {
  readonly #modules: GarbageModules;
  /** The least that was seen since the last full collection: what is really held. */
  #floorBytes: number;
  /**
   * What the last young collection left, or what is less since: the next one frees none of it. Seen a look later, since V8
   * frees on another thread. Without it a node that holds 4 MiB more than before, as under every load, collects at each look.
   */
  #leftBytes: number;
  #hasCollectedYoung = false;
  /** On the heap after the last full collection. A heap full of garbage is not a large one. */
  #heapHeldBytes: number;
  /** V8 marks what is alive, a little at a time, to collect all: another collection would make it finish that at once. */
  #isMarking = false;
  #growthPercent = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #observer = new PerformanceObserver((list) => {
    for (const step of list.getEntries() as GarbageStep[]) this.collected(step.detail.kind);
  });

  constructor(modules: GarbageModules = { memory: process.memoryUsage, ...collectors(), setGrowth }) {
    this.#modules = modules;
    const { arrayBuffers, heapUsed } = modules.memory();
    this.#floorBytes = arrayBuffers;
    this.#leftBytes = arrayBuffers;
    this.#heapHeldBytes = heapUsed;
  }

  start(): void {
    this.#bound();
    this.#observer.observe({ entryTypes: ["gc"] });
    this.#timer = setInterval(() => this.look(), lookEveryMs).unref();
  }

  stop(): void {
    this.#observer.disconnect();
    clearInterval(this.#timer);
  }

  look(): void {
    const { memory, collectYoung, collectAll } = this.#modules;
    const { arrayBuffers } = memory();
    this.#floorBytes = Math.min(this.#floorBytes, arrayBuffers);
    this.#leftBytes = this.#hasCollectedYoung ? arrayBuffers : Math.min(this.#leftBytes, arrayBuffers);
    this.#hasCollectedYoung = false;
    const pile = arrayBuffers - this.#floorBytes;
    const young = arrayBuffers - this.#leftBytes;
    const isTooMuch = pile >= Math.max(pileAllBytes, this.#heapHeldBytes * pilePart);
    if (isTooMuch && !this.#isMarking) {
      collectAll();
      this.#countHeld();
    } else if (isTooMuch || (young >= pileYoungBytes && !this.#isMarking)) {
      collectYoung();
      this.#hasCollectedYoung = true;
    }
  }

  /** Called after each step of V8's own collector. @param kind as in `perf_hooks.constants` */
  collected(kind: number): void {
    if (kind === constants.NODE_PERFORMANCE_GC_INCREMENTAL) this.#isMarking = true;
    if (kind !== constants.NODE_PERFORMANCE_GC_MAJOR) return;
    this.#isMarking = false;
    this.#countHeld();
  }

  #countHeld(): void {
    const { arrayBuffers, heapUsed } = this.#modules.memory();
    this.#floorBytes = arrayBuffers;
    this.#leftBytes = arrayBuffers;
    this.#heapHeldBytes = heapUsed;
    this.#bound();
  }

  #bound(): void {
    const held = this.#heapHeldBytes;
    const percent =
      held < smallHeapBytes ? Math.min(growthPercentMax, Math.round((100 * growthBytes) / held)) : 0;
    if (percent === this.#growthPercent) return;
    this.#growthPercent = percent;
    this.#modules.setGrowth(percent);
  }
}

function setGrowth(percent: number): void {
  v8.setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/** V8's own collector, without the flag on the command line that a program would otherwise need. */
function collectors(): Pick<GarbageModules, "collectYoung" | "collectAll"> {
  v8.setFlagsFromString("--expose-gc");
  const gc = vm.runInNewContext("gc") as NodeJS.GCFunction;
  return { collectYoung: () => gc({ type: "minor" }), collectAll: () => gc() };
}
