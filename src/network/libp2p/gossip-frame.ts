/** What a frame of gossip holds, counted in its bytes: a decoder would make objects of every entry before anybody can say "too many". */

export interface FrameCount {
  readonly messages: number;
  /** Subscriptions, and entries of control: GRAFT, PRUNE, IHAVE, IWANT, IDONTWANT. */
  readonly control: number;
  /** Message ids, and peers that a PRUNE names. */
  readonly ids: number;
}

/** Field numbers of the frame, and of its control message: the field of an entry in which it names ids. */
const frame = { subscriptions: 1, messages: 2, control: 3 } as const;
const idsField: Readonly<Record<number, number>> = { 1: 2, 2: 1, 4: 2, 5: 1 };
/** How Protocol Buffers write a value: a number of one to ten bytes, eight bytes, a length and so many bytes, four bytes. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const varintBytesMax = 10;

/**
 * @returns undefined if the bytes are no frame; also where the decoder is lenient, since it would then find other entries
 * than were counted
 */
export function countFrame(bytes: Uint8Array): FrameCount | undefined {
  const reader = new Reader(bytes);
  const count = { messages: 0, control: 0, ids: 0 };
  while (reader.next(bytes.length)) {
    if (reader.field > frame.control) continue;
    if (!reader.isNested) return undefined;
    if (reader.field === frame.messages) count.messages += 1;
    else if (reader.field === frame.subscriptions) count.control += 1;
    else if (!countControl(reader, count)) return undefined;
  }
  return reader.isMalformed ? undefined : count;
}

function countControl(reader: Reader, count: { control: number; ids: number }): boolean {
  const controlEnd = reader.enter();
  while (reader.next(controlEnd)) {
    if (!reader.isNested) return false;
    count.control += 1;
    const named = idsField[reader.field];
    const entryEnd = reader.enter();
    while (reader.next(entryEnd)) if (reader.field === named) count.ids += 1;
  }
  return !reader.isMalformed;
}

/** Goes from field to field and keeps nothing. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #contentAt = 0;
  field = 0;
  /** Its content is bytes, which may hold fields. */
  isNested = false;
  isMalformed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Reads the next field before `end`, and goes past it; false if there is none, or the bytes are malformed. */
  next(end: number): boolean {
    if (this.isMalformed || this.#at >= end) return false;
    const tag = this.#varint();
    const kind = tag & 7;
    this.field = tag >>> 3;
    this.isNested = kind === wire.bytes;
    const length = this.isNested ? this.#varint() : 0;
    this.#contentAt = this.#at;
    if (kind === wire.varint) this.#varint();
    else if (kind === wire.fixed64) this.#at += 8;
    else if (kind === wire.fixed32) this.#at += 4;
    else if (this.isNested) this.#at += length;
    else this.isMalformed = true;
    if (this.#at > end) this.isMalformed = true;
    return !this.isMalformed;
  }

  /** Goes back to the beginning of the field's content. @returns where it ends */
  enter(): number {
    const end = this.#at;
    this.#at = this.#contentAt;
    return end;
  }

  /** As the decoder reads a length or a tag: the lowest 32 bits. */
  #varint(): number {
    let value = 0;
    for (let index = 0; index < varintBytesMax; index += 1) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      if (index < 5) value = (value | ((byte & 0x7f) << (7 * index))) >>> 0;
      if (byte < 0x80) return value;
    }
    this.isMalformed = true;
    return 0;
  }
}
