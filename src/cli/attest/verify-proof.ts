/** `aurex-node verify-proof`: whether a proof holds, without a network. */
import { InvalidArgumentError } from "commander";
import type { ProvenFact } from "../../attest/proof/verify-proof.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { visibleText } from "../../base/visible-text.ts";
import { type ExitCode, exitCodes } from "../../node/operator-error.ts";
import { AurexCommand } from "../command.ts";
import { usageError } from "../failure.ts";
import { addJsonFlag, type JsonFlag } from "../shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "../terminal.ts";
import { notUsable, readDocument } from "./ledger-work.ts";
import { tellProof } from "./proof-text.ts";

interface VerifyFlags extends JsonFlag {
  readonly genesis?: string;
  readonly trustRecovery: readonly Uint8Array[];
}

export function verifyProofCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("verify-proof", terminal)
    .description(
      "Verify a file that aurex-node prove has written. No network, no node and no ledger is asked. All follows from the chain id: give it with --genesis as you know it from elsewhere. Exit code 9 if the proof does not hold.",
    )
    .argument("<proof.json>", "the proof; - is stdin")
    .option(
      "--genesis <spec.json|id>",
      "the chain spec, or the chain id of 64 hex digits, from somebody you trust",
    )
    .option(
      "--trust-recovery <hash>",
      "a block that operators declared final without a quorum, if you believe them; may be repeated",
      addHash,
      [],
    )
    .examples("aurex-node verify-proof proof.json", "aurex-node verify-proof proof.json --genesis 2f…")
    .runs((file: string, flags: VerifyFlags) => verify(file, flags, terminal));
  return addJsonFlag(command);
}

async function verify(file: string, flags: VerifyFlags, terminal: Terminal): Promise<ExitCode> {
  const { proofBytesMax, readProof } = await import("../../attest/proof/proof-document.ts");
  const { verifyProof } = await import("../../attest/proof/verify-proof.ts");
  const chainId = flags.genesis === undefined ? undefined : await chainIdOfGenesis(flags.genesis, terminal);
  const read = readProof(await readDocument(file, proofBytesMax, terminal));
  if (!read.ok) throw notUsable(file, read.fault);
  const verified = verifyProof(read.value, { chainId, trusted: flags.trustRecovery, nowMs: Date.now() });
  if (!verified.ok) {
    if (flags.json) writeJson(terminal, { holds: false, reason: verified.fault });
    else writeLine(terminal, `The proof does not hold: ${visibleText(verified.fault)}`);
    return exitCodes.doesNotHold;
  }
  const fact = verified.value;
  if (flags.json) writeJson(terminal, jsonOf(fact));
  else {
    tellProof(fact, terminal);
    writeLine(terminal, "The proof holds.");
  }
  return exitCodes.ok;
}

/** For commander. */
function addHash(text: string, before: readonly Uint8Array[]): readonly Uint8Array[] {
  const hash = fromHex(text, 32);
  if (hash) return [...before, hash];
  throw new InvalidArgumentError("It must be a hash of 64 hex digits.");
}

function jsonOf({ spec, header, hash, claim, finality, isChainGiven }: ProvenFact): object {
  return {
    holds: true,
    chainId: toHex(spec.chainId),
    isChainGiven,
    name: spec.name,
    block: { height: header.height, hash, timestampMs: header.timestampMs },
    claim,
    finality:
      finality.consensus === "poa"
        ? finality
        : { ...finality, workAbove: finality.workAbove.toString(), work: finality.work.toString() },
  };
}

/** A chain id as it is, or the one of a chain spec in a file. */
async function chainIdOfGenesis(genesis: string, terminal: Terminal): Promise<Uint8Array> {
  const id = fromHex(genesis, 32);
  if (id) return id;
  const { chainSpecFromJson } = await import("../../protocol/chain-spec-json.ts");
  const spec = chainSpecFromJson(await readDocument(genesis, 32 * 1024 * 1024, terminal));
  if (spec.ok) return spec.value.chainId;
  throw usageError(
    `${genesis} is no chain spec`,
    `${spec.fault.field}: ${spec.fault.reason}`,
    "name a chain spec, or give the chain id of 64 hex digits",
  );
}
