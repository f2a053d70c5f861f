/** Cursors: where a list goes on, as a text that says nothing to its reader and fits one list alone. */
import { base64urlnopad } from "@scure/base";
import { type TSchema, Type } from "typebox";
import { Check } from "typebox/value";
import { fromUtf8, toUtf8 } from "../base/bytes.ts";
import type { Said } from "./route.ts";

/** A node of another version may read cursors otherwise; it refuses those of this one. */
const version = 1;

export interface CursorCodec<Position> {
  encode(position: Position): string;
  /** Undefined for what this codec did not write: another text, another list's cursor, another version's. */
  decode(text: string): Position | undefined;
}

/**
 * @param list the list that the cursors belong to, e.g. `blocks newest`; all that a page before it has fixed is a part of
 *   it or of the position, so that a cursor is not taken to another account or order
 * @param shape of a position; JSON
 */
export function cursorCodec<const Shape extends TSchema>(
  list: string,
  shape: Shape,
): CursorCodec<Said<Shape>> {
  const whole = Type.Tuple([Type.Literal(version), Type.Literal(list), shape]);
  return {
    encode: (position) => base64urlnopad.encode(fromUtf8(JSON.stringify([version, list, position]))),
    decode(text) {
      const read = readJson(text);
      return Check(whole, read) ? ((read as unknown[])[2] as Said<Shape>) : undefined;
    },
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(toUtf8(base64urlnopad.decode(text)) ?? "");
  } catch {
    // Whatever is no base64 or no JSON was not written here.
    return undefined;
  }
}
