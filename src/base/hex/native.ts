/** Hex by Node's Buffer, several times as fast as plain JavaScript. */
import type { HexPort } from "./port.ts";

export const toHex: HexPort["toHex"] = (bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

export const fromHexDigits: HexPort["fromHexDigits"] = (digits) => new Uint8Array(Buffer.from(digits, "hex"));

export const hexTarget: HexPort["hexTarget"] = (length) => Buffer.alloc(length);

export const writeHex: HexPort["writeHex"] = (target, digits, start) =>
  (target as Buffer).write(digits, start, "hex");
