/** Who seals where in a tree made by chance: no authority twice on one parent, since that would convict it. */
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { BuiltBlock } from "./block-builder.ts";

export interface Turn<Parent> {
  readonly parent: Parent;
  readonly producer: KeyPair;
}

export class HonestTurns {
  readonly #taken = new Set<string>();

  /** The first free turn from a parent and a producer on; the newest block always has free ones. */
  take<Parent>(
    parents: readonly Parent[],
    builtOf: (parent: Parent) => BuiltBlock,
    producers: readonly KeyPair[],
    wish: { readonly parent: number; readonly producer: number },
  ): Turn<Parent> {
    for (let step = 0; step < parents.length; step += 1) {
      const parent = parents[(wish.parent + step) % parents.length] as Parent;
      for (let other = 0; other < producers.length; other += 1) {
        const index = (wish.producer + other) % producers.length;
        const key = `${builtOf(parent).block.hashHex}/${index}`;
        if (this.#taken.has(key)) continue;
        this.#taken.add(key);
        return { parent, producer: producers[index] as KeyPair };
      }
    }
    throw new Error("nobody has sealed on the newest block yet");
  }
}
