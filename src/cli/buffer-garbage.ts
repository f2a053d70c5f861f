/** Collects garbage when buffers outside the heap pile up: V8 lets 64 MiB of them lie, and more while it marks. */
import v8 from "node:v8";
import vm from "node:vm";

const lookEveryMs = 200;
/** A message of 1 MiB leaves several times its size behind: what the socket, the cipher and the frame held. */
const pileMinBytes = 24 * 2 ** 20;
/** A collection walks through the whole heap. A large heap lets more lie, so that the walk stays worth it. */
const pilePart = 1 / 4;

export interface BufferMemory {
  /** Bytes in use on the heap. */
  readonly heapUsed: number;
  /** Bytes of buffers outside the heap, also of those that nobody holds any more. */
  readonly arrayBuffers: number;
}

export interface BufferGarbageModules {
  readonly memory: () => BufferMemory;
  /** Collects all garbage at once. */
  readonly collect: () => void;
}

/** Looks at how much lies outside the heap, and collects if that is much more than after the last collection. */
export class BufferGarbage {
  readonly #modules: BufferGarbageModules;
  /** The least that was seen since the last collection: what is really held. */
  #floorBytes: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(modules: BufferGarbageModules = { memory: process.memoryUsage, collect: collector() }) {
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
    this.#floorBytes = Math.min(this.#floorBytes, arrayBuffers);
    if (arrayBuffers - this.#floorBytes < Math.max(pileMinBytes, heapUsed * pilePart)) return;
    collect();
    this.#floorBytes = memory().arrayBuffers;
  }
}

/** V8's own collector, without the flag on the command line that a program would otherwise need. */
function collector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc") as () => void;
}
