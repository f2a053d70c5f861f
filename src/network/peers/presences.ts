/** Which processes were heard lately under which key: whoever runs one key twice is told so by everybody else. Bounded. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { bytesEqual, toHex } from "../../base/bytes.ts";
import type { Presence } from "../../protocol/presence.ts";

const keysMax = 256;
/** The older one and the newer one; a third says nothing that the two do not. */
const instancesMax = 2;
/** What was heard longer ago may have been stopped in good order. */
const heardLastsMs = 60_000;

interface Heard {
  readonly presence: Presence;
  readonly monotonicMs: number;
}

export class Presences {
  readonly #byKey = new BoundedMap<string, BoundedMap<string, Heard>>(keysMax);

  /**
   * Takes in what a peer said over its own connection, which has proven its key.
   *
   * @returns whether this key is heard from a second process
   */
  heard(publicKey: Uint8Array, presence: Presence, monotonicMs: number): boolean {
    const keyHex = toHex(publicKey);
    const instances = this.#byKey.get(keyHex) ?? new BoundedMap<string, Heard>(instancesMax);
    const instanceHex = toHex(presence.instance);
    const isSecond = instances.size > 0 && !instances.has(instanceHex);
    instances.set(instanceHex, { presence, monotonicMs });
    this.#byKey.set(keyHex, instances);
    return isSecond;
  }

  /** The latest word of another process with this key; undefined where none was heard lately. */
  twinOf(publicKey: Uint8Array, monotonicMs: number): Presence | undefined {
    const [latest, ...others] = [...(this.#byKey.get(toHex(publicKey))?.values() ?? [])].reverse();
    // Who asks has just been heard, so it is the latest.
    const twin = others.find(({ presence }) => !bytesEqual(presence.instance, latest!.presence.instance));
    return twin && monotonicMs - twin.monotonicMs <= heardLastsMs ? twin.presence : undefined;
  }
}
