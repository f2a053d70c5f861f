/** The rich ledgers of both engines in one file, written once for a test file. */
import { LedgerBlocks } from "../../src/attest/ledger-blocks.ts";
import { type ToldChain, writeAuthorityLedger, writeWorkLedger } from "../audit/ledgers.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";

export interface RichLedger {
  readonly folder: string;
  readonly file: string;
  readonly poa: ToldChain;
  readonly pow: ToldChain;
}

/** The names of the chains are those of the examples in every help text. */
export async function richLedger(): Promise<RichLedger> {
  const folder = await folderUntilEnd("aurex-attest-");
  const file = `${folder}/ledger.sqlite`;
  const poa = await writeAuthorityLedger(file, { name: "local-poa" });
  const pow = await writeWorkLedger(file, { name: "local-pow" });
  return { folder, file, poa, pow };
}

/** The process closes it at its end. */
export function opened(file: string): LedgerBlocks {
  return LedgerBlocks.open(file);
}
