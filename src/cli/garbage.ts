/**
 * Bounds the garbage of a node: V8 lets 64 MiB of buffers outside the heap lie, and more while it marks, and lets a small
 * heap grow to several times its size.
 */
import v8 from "node:v8";
import vm from "node:vm";

const lookEveryMs = 200;
/** A message of 1 MiB leaves several times its size behind: what the socket, the cipher and the frame held. */
const pileMinBytes = 24 * 2 ** 20;
/** A collection walks through the whole heap. A large heap lets more lie, so that the walk stays worth it. */
const pilePart = 1 / 4;
/** V8's own rules hold above: an import of a long chain needs its heap, and each collection walks through all of it. */
const smallHeapBytes = 128 * 2 ** 20;
/** How much a small heap may grow after a collection before the next one begins. */
const growthPercent = 80;

export interface Memory {
  /** Bytes in use on the heap. */
  readonly heapUsed: number;
  /** Bytes of buffers outside the heap, also of those that nobody holds any more. */
  readonly arrayBuffers: number;
}

export interface GarbageModules {
  readonly memory: () => Memory;
  /** Collects all garbage at once. */
  readonly collect: () => void;
  /** @param percent of what is held after a collection; 0: V8's own rules */
  readonly setGrowth: (percent: number) => void;
}

/**
 * Looks at how much lies outside the heap, and collects if that is much more than after the last collection. Tells V8 by how
 * much the heap may grow.
 */
export class Garbage {
  readonly #modules: GarbageModules;
  /** The least that was seen since the last collection: what is really held. */
  #floorBytes: number;
  #growthPercent = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(modules: GarbageModules = { memory: process.memoryUsage, collect: collector(), setGrowth }) {
    this.#modules = modules;
    this.#floorBytes = modules.memory().arrayBuffers;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const { memory, collect } = this.#modules;
    const { arrayBuffers, heapUsed } = memory();
    this.#bound(heapUsed);
    this.#floorBytes = Math.min(this.#floorBytes, arrayBuffers);
    if (arrayBuffers - this.#floorBytes < Math.max(pileMinBytes, heapUsed * pilePart)) return;
    collect();
    this.#floorBytes = memory().arrayBuffers;
  }

  #bound(heapUsed: number): void {
    const percent = heapUsed < smallHeapBytes ? growthPercent : 0;
    if (percent === this.#growthPercent) return;
    this.#growthPercent = percent;
    this.#modules.setGrowth(percent);
  }
}

function setGrowth(percent: number): void {
  v8.setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/** V8's own collector, without the flag on the command line that a program would otherwise need. */
function collector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc") as () => void;
}
