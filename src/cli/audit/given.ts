/** What an auditor has from somebody else: a genesis, the hash of a block, a digest of the ledger from before. */
import { open, stat } from "node:fs/promises";
import type { GivenDigest } from "../../audit/audit-ledger.ts";
import { toHex } from "../../base/bytes.ts";
import { usageError } from "../failure.ts";

const hash = /^[0-9a-f]{64}$/;
const digestBytesMax = 64 * 1024;

/** 64 hex digits, in lower case. */
export function hashOf(text: string, flag: string): string {
  const plain = text.trim().toLowerCase().replace(/^0x/, "");
  if (hash.test(plain)) return plain;
  throw usageError(
    `${flag} ${text} is no hash`,
    "a hash is 64 hex digits",
    "aurex-node block --json shows that of a block as hash",
  );
}

/** The chain id, or the hash of block 0, that a hash or a chain spec's file names. */
export async function genesisHash(text: string): Promise<string> {
  const plain = text.trim().toLowerCase().replace(/^0x/, "");
  if (hash.test(plain)) return plain;
  const isThere = await stat(text).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isThere) {
    throw usageError(
      `--genesis ${text} is neither a hash nor a file`,
      "it takes a chain id or the hash of block 0 (64 hex digits), or the file of a chain spec",
      "aurex-node status shows the chain id of a node",
    );
  }
  const { readChainSpec } = await import("../../node/node-options.ts");
  return toHex((await readChainSpec(text)).chainId);
}

/** What is compared of a digest document; its signature is verified by `aurex-node digest --verify`. */
export async function digestOf(file: string): Promise<GivenDigest> {
  const document = await parsed(file);
  const { format, chainId, head, contentDigest } = document as Partial<Record<string, unknown>>;
  const { height, hash: headHash } = (head ?? {}) as Partial<Record<string, unknown>>;
  const hashes = [chainId, headHash, contentDigest];
  const isDigest =
    format === "aurex-ledger-digest/1" &&
    hashes.every((each) => typeof each === "string" && hash.test(each)) &&
    Number.isSafeInteger(height) &&
    (height as number) >= 0;
  if (isDigest) {
    return {
      chainId: chainId as string,
      height: height as number,
      hash: headHash as string,
      contentDigest: contentDigest as string,
    };
  }
  throw notADigest(file, "it has not the fields of one");
}

async function parsed(file: string): Promise<object> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) throw notADigest(file, "it cannot be read");
  try {
    if ((await handle.stat()).size > digestBytesMax) throw notADigest(file, "it is too long to be one");
    const value: unknown = JSON.parse(await handle.readFile("utf8"));
    if (typeof value === "object" && value !== null) return value;
    throw notADigest(file, "it is no JSON object");
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw notADigest(file, "it is not JSON");
    throw thrown;
  } finally {
    await handle.close();
  }
}

function notADigest(file: string, why: string): Error {
  return usageError(
    `${file} is no digest of a ledger`,
    why,
    "aurex-node digest LEDGER --out DIGEST.json makes one",
  );
}
