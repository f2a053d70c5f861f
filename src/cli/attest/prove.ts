/** `aurex-node prove`: a file that proves one transaction, or what an account has, from the chain id alone. */
import type { ProofDocument } from "../../attest/proof/proof-document.ts";
import type { ProofWish } from "../../attest/proof/prove.ts";
import { toHex } from "../../base/bytes.ts";
import { AurexCommand } from "../command.ts";
import { usageError } from "../failure.ts";
import { wholeNumber } from "../flag-values.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "../shared-flags.ts";
import { type Terminal, writeJson } from "../terminal.ts";
import { blockProgress, type OutFlags, withLedger, writeDocument } from "./ledger-work.ts";
import { tellProof } from "./proof-text.ts";

interface ProveFlags extends ApiFlags, JsonFlag, OutFlags {
  readonly ledger?: string;
  readonly chain?: string;
  readonly at?: number;
}

export function proveCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("prove", terminal)
    .description(
      "Write a file that proves a transaction, or what an account has, to somebody who knows only the chain id: aurex-node verify-proof FILE, without a network. From a ledger file with --ledger, else from a running node. In Proof of Authority it has the changes of the authorities and the certificates that make the block final: some KB. In Proof of Work it has the header of every block, 455 bytes each in the file, and proves how much work stands above the block; a chain of more than 500000 blocks has no such file.",
    )
    .argument(
      "<transaction|account>",
      "id of a transaction; or an account: address, node id, public key of 64 hex digits, or registered name",
    )
    .option("--ledger <file.sqlite>", "prove it from this ledger (default: ask a running node)")
    .option(
      "--chain <id>",
      "with --ledger: the chain, if it holds several: its id, the first 8 digits of it, or its name",
    )
    .option(
      "--at <height>",
      "with --ledger: what the account has after this block (default: the newest that can be proved)",
      wholeNumber,
    )
    .option("--out <file>", "file to write (default: print it)")
    .option("--force", "with --out: replace a file that is there")
    .examples(
      "aurex-node prove alice@example.com --ledger ledger.sqlite --chain local-pow --out proof.json",
      "aurex-node prove alice@example.com --ledger ledger.sqlite --chain local-pow --at 1 --json",
      "aurex-node prove aurex1… --data-dir ./alpha > proof.json",
    )
    .runs(async (reference: string, flags: ProveFlags) => {
      checkFlags(flags);
      const proof =
        flags.ledger === undefined
          ? await proveByNode(reference, flags, terminal)
          : await proveByLedger(reference, flags.ledger, flags, terminal);
      await hand(proof, flags, terminal);
    });
  return addJsonFlag(addApiFlags(command));
}

function checkFlags({ ledger, chain, at, force, out }: ProveFlags): void {
  const astray =
    ledger === undefined ? (chain !== undefined && "--chain") || (at !== undefined && "--at") : undefined;
  if (astray) {
    throw usageError(
      `${astray} belongs to --ledger`,
      "a running node proves its own chain, and what accounts have after its newest final block",
      `add --ledger FILE, or leave ${astray} out`,
    );
  }
  if (force && out === undefined) {
    throw usageError("--force belongs to --out", "without it the flag does nothing", "leave --force out");
  }
}

async function proveByLedger(
  reference: string,
  file: string,
  flags: ProveFlags,
  terminal: Terminal,
): Promise<ProofDocument> {
  const { proveFromLedger } = await import("../../attest/proof/prove.ts");
  const { accountIn } = await import("../../attest/account-reference.ts");
  return withLedger(file, async (ledger, signal) => {
    const chain = ledger.chain(flags.chain);
    const isId = /^[0-9a-fA-F]{64}$/.test(reference);
    let wish: ProofWish;
    let name: string | undefined;
    if (isId && ledger.heightOfTransaction(chain, reference) !== undefined) {
      if (flags.at !== undefined) {
        throw usageError(
          "--at belongs to accounts",
          "a transaction stands in the block that it stands in",
          "leave --at out",
        );
      }
      wish = { transactionId: reference };
    } else {
      const account = accountIn(ledger, chain, reference);
      wish = { account: account.publicKey, height: flags.at };
      name = account.name;
    }
    const modules = { nowMs: Date.now(), onProgress: blockProgress(terminal), signal };
    const proof = await proveFromLedger(ledger, chain, wish, modules);
    requireName(proof, name);
    return proof;
  });
}

/** The row of `users` that led to the account is nobody's word: the proof has to show the name. */
function requireName({ claim, block }: ProofDocument, name: string | undefined): void {
  if (name === undefined || claim.kind !== "account" || claim.name === name) return;
  throw usageError(
    `the account does not bear the name ${name} after block ${block.height}`,
    "the name was registered later, or the ledger's table of users is wrong",
    "name the account by its address, or name a later block with --at",
    "attest/not-found",
  );
}

async function proveByNode(reference: string, flags: ProveFlags, terminal: Terminal): Promise<ProofDocument> {
  const { proveByApi } = await import("./prove-by-api.ts");
  return proveByApi(reference, await connect(flags, terminal));
}

async function hand(proof: ProofDocument, flags: ProveFlags, terminal: Terminal): Promise<void> {
  const { encodeProof } = await import("../../attest/proof/proof-document.ts");
  const { recoveriesIn, verifyProof } = await import("../../attest/proof/verify-proof.ts");
  const trusted = recoveriesIn(proof);
  const text = encodeProof(proof);
  if (flags.out === undefined) {
    if (flags.json) writeJson(terminal, proof);
    else terminal.stdout.write(text);
    return;
  }
  await writeDocument(flags.out, text, flags.force ?? false);
  const verified = verifyProof(proof, { trusted, nowMs: Date.now() });
  if (!verified.ok) throw new Error(`the proof was verified before: ${verified.fault}`);
  if (flags.json) {
    writeJson(terminal, { file: flags.out, bytes: Buffer.byteLength(text), claim: proof.claim });
    return;
  }
  tellProof(verified.value, terminal);
  const trusting = trusted.map((hash) => ` --trust-recovery ${toHex(hash)}`).join("");
  if (trusting !== "") {
    terminal.stderr.write(
      "Note:  operators declared a block of this chain final without a quorum; the proof holds for those who trust that.\n",
    );
  }
  terminal.stderr.write(
    `The proof is in ${flags.out}, ${Buffer.byteLength(text)} bytes. Anybody verifies it with: aurex-node verify-proof ${flags.out} --genesis ${proof.chainId}${trusting}\n`,
  );
}
