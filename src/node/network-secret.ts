/** The secret of a closed network: made by its founder, or brought by an invitation; kept in the data directory. */

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { bytesEqual, fromHex, fromUtf8, toHex } from "../base/bytes.ts";
import { createDurableFile } from "../base/durable-file.ts";
import { makeDirectory } from "../base/make-directory.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import { decodeInvitation, type Invitation, networkSecretBytes } from "../protocol/invitation.ts";
import { pinnedChainSpec } from "./data-directory.ts";
import { exitCodes, OperatorError } from "./operator-error.ts";

const secretMode = 0o600;

/** `network-secret` is the founder's own; `invitation` holds the whole token, the secret with it. */
function placesIn(dataDir: string): { readonly secret: string; readonly invitation: string } {
  return { secret: path.join(dataDir, "network-secret"), invitation: path.join(dataDir, "invitation") };
}

/**
 * The secret with which this data directory's network is closed: 32 bytes; undefined where the network is open.
 *
 * @throws OperatorError where what is there cannot be read
 */
export async function loadNetworkSecret(dataDir: string): Promise<Uint8Array | undefined> {
  const file = placesIn(dataDir).secret;
  const text = await textOf(file);
  if (text === undefined) return (await readJoinedInvitation(dataDir))?.secret;
  const secret = fromHex(text.trim(), networkSecretBytes);
  if (secret) return secret;
  throw damaged(file, `it must hold ${networkSecretBytes} bytes in hex`);
}

/** For the founder: the secret that is there already, else a new one, on disk when this resolves. */
export async function createNetworkSecret(dataDir: string): Promise<Uint8Array> {
  const known = await loadNetworkSecret(dataDir);
  if (known) return known;
  const secret = new Uint8Array(randomBytes(networkSecretBytes));
  makeDirectory(dataDir);
  await createDurableFile(placesIn(dataDir).secret, fromUtf8(`${toHex(secret)}\n`), secretMode);
  return secret;
}

/**
 * Sees to it that a node of a chain with admission by token is closed to strangers before it listens: whoever can
 * connect to such a node is admitted. The first authority of the chain makes the secret; every other node brings it by
 * an invitation.
 *
 * @throws OperatorError with exit code 7 if the node has no secret and must not make one
 */
export async function closeNetworkOf(
  dataDir: string,
  { admission, genesis }: ChainSpec,
  { publicKey, isAuthority }: { readonly publicKey: Uint8Array; readonly isAuthority: boolean },
): Promise<void> {
  if (admission !== "token" || (await loadNetworkSecret(dataDir))) return;
  const [first] = genesis.authorities;
  if (first && isAuthority && bytesEqual(first, publicKey)) {
    await createNetworkSecret(dataDir);
    return;
  }
  throw new OperatorError("this chain's network is closed, and this node has no invitation to it", {
    code: "node/no-network-secret",
    exitCode: exitCodes.key,
    why: `without the network's secret nobody answers; the node of ${first ? addressOf(first) : "its founder"} makes it at its first start`,
    next: `on that machine: aurex-node invite; then here, with the token in a file: aurex-node join --invitation-file FILE --data-dir '${dataDir}'`,
  });
}

/** What `join` has left in a data directory: the chain to expect, its network and whom to dial. */
export async function readJoinedInvitation(dataDir: string): Promise<Invitation | undefined> {
  const file = placesIn(dataDir).invitation;
  const text = await textOf(file);
  if (text === undefined) return undefined;
  const decoded = decodeInvitation(text.trim());
  if (decoded.ok) return decoded.value;
  throw damaged(file, decoded.fault.reason);
}

/**
 * Holds a data directory to the network of an invitation. The same one again changes nothing.
 *
 * @throws OperatorError where the token is none, or the directory belongs to another network
 */
export async function keepInvitation(dataDir: string, token: string): Promise<Invitation> {
  const invitation = openInvitation(token);
  const pinned = await pinnedChainSpec(dataDir);
  if (pinned && !bytesEqual(pinned.chainId, invitation.chainId)) {
    throw taken(dataDir, `chain ${toHex(pinned.chainId)} (${pinned.name})`, invitation);
  }
  const earlier = await readJoinedInvitation(dataDir);
  const secret = await loadNetworkSecret(dataDir);
  const isOther =
    (earlier && !bytesEqual(earlier.chainId, invitation.chainId)) ||
    (secret && !bytesEqual(secret, invitation.secret));
  if (isOther) throw taken(dataDir, "another network, with a secret of its own", invitation);
  if (earlier) return invitation;
  makeDirectory(dataDir);
  await createDurableFile(placesIn(dataDir).invitation, fromUtf8(`${token.trim()}\n`), secretMode);
  return invitation;
}

/** @throws OperatorError where the text is no invitation */
export function openInvitation(token: string): Invitation {
  const decoded = decodeInvitation(token.trim());
  if (decoded.ok) return decoded.value;
  throw new OperatorError("this is no invitation", {
    code: "node/invitation-invalid",
    exitCode: exitCodes.usage,
    why: decoded.fault.reason,
    next: "copy the whole token again, from aurex1. to its end; aurex-node invite prints it on a machine of the network",
  });
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

function damaged(file: string, why: string): OperatorError {
  return new OperatorError(`${file} is damaged`, {
    code: "node/network-secret-damaged",
    exitCode: exitCodes.key,
    why,
    next: "move it aside and join again with a token that aurex-node invite prints on a machine of the network",
  });
}

function taken(dataDir: string, by: string, { chainId }: Invitation): OperatorError {
  return new OperatorError(`${dataDir} belongs to another network`, {
    code: "node/genesis-mismatch",
    exitCode: exitCodes.genesisMismatch,
    why: `it holds ${by}, and this invitation is to chain ${toHex(chainId)}`,
    next: "name another --data-dir (or --name) to join with",
  });
}
