/** A key as its commands show it: what is public of it. */
import { toHex } from "../base/bytes.ts";
import type { KeySummary } from "../wallet/keystore.ts";
import { fieldList } from "./field-list.ts";
import type { JsonFlag, PlaceFlags } from "./shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

export type OneKeyFlags = PlaceFlags & JsonFlag & { readonly address?: boolean };

interface ShownBesides {
  readonly nodeId?: string;
  /** For programs alone: a person has confirmed them. */
  readonly words?: string | undefined;
}

export function showKeySummary(
  key: KeySummary,
  flags: OneKeyFlags,
  terminal: Terminal,
  { nodeId, words }: ShownBesides = {},
): void {
  const answer = {
    ...keyAnswer(key),
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(words === undefined ? {} : { words }),
  };
  const text = fieldList({
    name: key.name,
    address: key.address,
    "public key": toHex(key.publicKey),
    "node id": nodeId,
    path: key.path || undefined,
    encrypted: key.isEncrypted ? "yes" : "no",
  });
  if (flags.json) writeJson(terminal, answer);
  else if (flags.address) writeLine(terminal, key.address);
  else terminal.stdout.write(text);
}

export function keyAnswer({ name, address, publicKey, path, isEncrypted }: KeySummary) {
  const from = path === "" ? {} : { path };
  return { name, address, publicKey: toHex(publicKey), encrypted: isEncrypted, ...from };
}
