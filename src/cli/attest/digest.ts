/** `aurex-node digest`: what a ledger comes to at one height, signed if asked for; and whether it still comes to that. */
import type { DigestDifference, DigestDocument } from "../../attest/digest-document.ts";
import { visibleText } from "../../base/visible-text.ts";
import { type ExitCode, exitCodes } from "../../node/operator-error.ts";
import { AurexCommand } from "../command.ts";
import { usageError } from "../failure.ts";
import { fieldList } from "../field-list.ts";
import { wholeNumber } from "../flag-values.ts";
import { addPassphraseFlag, openKey, type PassphraseFlags } from "../passphrase.ts";
import { addJsonFlag, addPlaceFlags, type JsonFlag, type PlaceFlags, settingsOf } from "../shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "../terminal.ts";
import {
  blockProgress,
  ledgerNamed,
  notUsable,
  type OutFlags,
  readDocument,
  withLedger,
  writeDocument,
} from "./ledger-work.ts";

interface DigestFlags extends PlaceFlags, JsonFlag, PassphraseFlags, OutFlags {
  readonly chain?: string;
  readonly at?: number;
  readonly sign?: boolean;
  readonly key?: string;
  readonly verify?: string;
}

export function digestCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("digest", terminal)
    .description(
      "Write the digest of a ledger in one document: its last block, its newest final block, the state root, and the digest of all rows that follow from the chain. If you keep the document, you can see later whether blocks were cut off or rows were changed: with --verify, or with aurex-node audit --since. A digest says what the file holds. Only aurex-node audit says whether that is right.",
    )
    .argument("[ledger.sqlite]", "the ledger (default: that of the node)")
    .option(
      "--chain <id>",
      "the chain, if the ledger holds several: its id, the first 8 digits of it, or its name",
    )
    .option("--at <height>", "up to this block (default: the last one)", wholeNumber)
    .option("--sign", "sign it with a key of the data directory")
    .option("--key <name>", 'with --sign: the key (default: "node", the node\'s own)')
    .option("--out <file>", "file to write the document to")
    .option("--force", "with --out: replace a file that is there")
    .option(
      "--verify <digest.json>",
      "hold the ledger against this document, which was made before; - is stdin. Exit code 9 if they differ",
    )
    .examples(
      "aurex-node digest ledger.sqlite --chain local-poa",
      "aurex-node digest ledger.sqlite --chain local-poa --at 1 --out digest.json",
      "aurex-node digest ledger.sqlite --verify digest.json",
      "aurex-node digest --sign --out today.json --data-dir ./alpha",
    )
    .runs((file: string | undefined, flags: DigestFlags) => {
      checkFlags(flags);
      return flags.verify === undefined
        ? make(file, flags, terminal)
        : verify(file, flags.verify, flags, terminal);
    });
  return addJsonFlag(addPlaceFlags(addPassphraseFlag(command)));
}

function checkFlags({ sign, key, verify, at, out, force, chain }: DigestFlags): void {
  const astray = (flag: string, of: string) =>
    usageError(`${flag} belongs to ${of}`, "without it the flag does nothing", `leave ${flag} out`);
  if (key !== undefined && !sign) throw astray("--key", "--sign");
  if (force && out === undefined) throw astray("--force", "--out");
  if (verify === undefined) return;
  const other = [
    ["--sign", sign],
    ["--at", at],
    ["--out", out],
    ["--chain", chain],
  ].find(([, value]) => value !== undefined);
  if (!other) return;
  throw usageError(
    `--verify and ${other[0]} exclude each other`,
    "the document says what it is to be held against",
    `leave ${other[0]} out`,
  );
}

async function make(file: string | undefined, flags: DigestFlags, terminal: Terminal): Promise<void> {
  const { digestOfLedger, encodeDigest, signDigest } = await import("../../attest/digest-document.ts");
  const path = await ledgerNamed(file, flags, terminal);
  const unsigned = await withLedger(path, (ledger, signal) =>
    digestOfLedger(ledger, ledger.chain(flags.chain), flags.at, {
      onProgress: blockProgress(terminal),
      signal,
    }),
  );
  let document = unsigned;
  if (flags.sign) {
    const { dataDir } = await settingsOf(flags, terminal);
    document = signDigest(unsigned, await openKey(dataDir, flags.key ?? "node", flags, terminal));
  }
  if (flags.out !== undefined) {
    await writeDocument(flags.out, encodeDigest(document), flags.force ?? false);
    terminal.stderr.write(
      `The digest is in ${flags.out}. Keep it in a place that people who can change the ledger cannot write to.\n`,
    );
  }
  if (flags.json) writeJson(terminal, document);
  else terminal.stdout.write(digestText(document, terminal.columns));
}

async function verify(
  file: string | undefined,
  documentFile: string,
  flags: DigestFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const { differencesOf, digestBytesMax, digestOfLedger, isSignatureValid, readDigest } = await import(
    "../../attest/digest-document.ts"
  );
  const read = readDigest(await readDocument(documentFile, digestBytesMax, terminal));
  if (!read.ok) throw notUsable(documentFile, read.fault);
  const document = read.value;
  const differences: DigestDifference[] = [];
  if (isSignatureValid(document) === false) {
    const meaning = "the document was changed after it was signed, or another node signed it";
    differences.push({ what: "signature", expected: "a valid signature", found: "an invalid one", meaning });
  }
  const path = await ledgerNamed(file, flags, terminal);
  await withLedger(path, async (ledger, signal) => {
    const chain = ledger.chains().find(({ chainId }) => chainId === document.chainId);
    if (!chain || chain.cursorHeight < document.head.height) {
      differences.push({
        what: chain ? "block" : "chain",
        expected: chain ? `block ${document.head.height}` : document.chainId,
        found: chain ? `block ${chain.cursorHeight} is the last` : "no such chain",
        meaning: chain ? "blocks were cut off the end, or the ledger is older" : "the ledger lacks the chain",
      });
      return;
    }
    const modules = { onProgress: blockProgress(terminal), signal };
    const found = await digestOfLedger(ledger, chain, document.head.height, modules);
    differences.push(...differencesOf(document, found));
  });
  const holds = differences.length === 0;
  const signer = document.signature && isSignatureValid(document) ? document.signature.nodeId : null;
  if (flags.json) writeJson(terminal, { holds, signer, head: document.head, differences });
  else tell(document, signer, differences, terminal);
  return holds ? exitCodes.ok : exitCodes.doesNotHold;
}

function tell(
  { head, name }: DigestDocument,
  signer: string | null,
  differences: readonly DigestDifference[],
  terminal: Terminal,
): void {
  for (const { what, expected, found, meaning } of differences) {
    writeLine(
      terminal,
      `${meaning}: ${what} is ${visibleText(found)}, and the digest says ${visibleText(expected)}`,
    );
  }
  if (differences.length > 0) {
    writeLine(terminal, "The digest does not hold for this ledger.");
    return;
  }
  writeLine(
    terminal,
    `The ledger holds what the digest says, up to block ${head.height} of the chain ${name}.`,
  );
  writeLine(
    terminal,
    signer === null ? "Nobody has signed the digest." : `The node ${signer} has signed the digest.`,
  );
}

export function digestText(document: DigestDocument, columns: number): string {
  const { head, final, signature } = document;
  return fieldList(
    {
      chain: `${document.name} (${document.consensus})`,
      "chain id": document.chainId,
      genesis: document.genesisHash,
      head: `${head.height} ${head.hash}`,
      final: final === null ? "none" : `${final.height} ${final.hash}`,
      "state root": document.stateRoot,
      digest: document.contentDigest,
      "signed by": signature?.nodeId ?? "nobody",
    },
    columns,
  );
}
