/** Puts a proof together from a ledger file alone, by executing its chain up to the block. */
import { setImmediate as turn } from "node:timers/promises";
import { concatBytes, toHex } from "../../base/bytes.ts";
import { type AuthorityState, authorityStateOf } from "../../consensus/poa/authority-state.ts";
import type { StateChange } from "../../ledger/entry.ts";
import { entryKeys } from "../../ledger/entry.ts";
import type { LedgerDraft, LedgerState } from "../../ledger/ledger-state.ts";
import { AttestedBlockType } from "../../light/attested-block.ts";
import { stepInto } from "../../light/build-steps.ts";
import { accountProofsOf, entryProofOf } from "../../light/entry-proof.ts";
import { type FinalityProof, finalityProofOf } from "../../light/finality-proof.ts";
import { encodeLightStep } from "../../light/light-step.ts";
import { transactionProofOf } from "../../light/transaction-proof.ts";
import { encodeMinedHeader } from "../../light/work-light.ts";
import { type Block, type HeaderRecord, HeaderType } from "../../protocol/block.ts";
import { addressOf } from "../../protocol/identity.ts";
import { AttestError } from "../attest-error.ts";
import type { LedgerBlocks, LedgerChain } from "../ledger-blocks.ts";
import { LedgerReplay } from "../ledger-replay.ts";
import { stopped } from "../stopped.ts";
import {
  type ProofClaim,
  type ProofDocument,
  type ProofItem,
  proofFormat,
  proofHeadersMax,
  proofItemOf,
  proofItemsMax,
} from "./proof-document.ts";
import { recoveriesIn, verifyProof } from "./verify-proof.ts";

export type ProofWish =
  /** 64 hex digits. */
  | { readonly transactionId: string }
  /** A public key; after which block (undefined: the newest that the ledger can prove). */
  | { readonly account: Uint8Array; readonly height?: number | undefined };

export interface ReplayProgress {
  readonly height: number;
  readonly headHeight: number;
}

export interface ReplayModules {
  readonly nowMs: number;
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Sees every block with what it changed, before the next one is executed. */
  readonly onBlock?:
    | ((block: Block, change: StateChange | undefined, replay: LedgerReplay) => void)
    | undefined;
}

/** How long the process may be held by one stretch of the replay. */
const stretchMs = 50;
/** Blocks that are taken back at most to reach the newest provable one. */
const backBlocksMax = 256;
/** Entries of the state in those blocks together: some hundred bytes each. */
const backEntriesMax = 500_000;

/**
 * @throws AttestError if the ledger has no such thing, does not follow from its genesis, or cannot prove it
 */
export async function proveFromLedger(
  ledger: LedgerBlocks,
  chain: LedgerChain,
  wish: ProofWish,
  modules: ReplayModules,
): Promise<ProofDocument> {
  const builder = new ProofBuilder(ledger, chain, wish);
  await builder.replay(modules);
  const document = builder.document();
  const { chainId } = chain.spec;
  // Whoever verifies it has to trust the operators in this, too; that is not for us to say.
  const trusted = recoveriesIn(document);
  const verified = verifyProof(document, { chainId, trusted, nowMs: modules.nowMs });
  if (verified.ok) return document;
  throw notProvable(`the proof that this ledger gives does not hold: ${verified.fault}`);
}

/** The part under the block's header, with the block. */
interface Shown {
  readonly record: HeaderRecord;
  readonly claim: ProofClaim;
  readonly part: Pick<ProofDocument, "transaction"> | { readonly items: readonly ProofItem[] };
}

class ProofBuilder {
  readonly #ledger: LedgerBlocks;
  readonly #chain: LedgerChain;
  readonly #wish: ProofWish;
  readonly #height: number | undefined;
  readonly #replay: LedgerReplay;
  #steps: { readonly height: number; readonly bytes: Uint8Array }[] = [];
  #recoveriesSeen = 0;
  readonly #mined: Uint8Array[] = [];
  readonly #changes: StateChange[] = [];
  #keptEntries = 0;
  #shown: Shown | undefined;
  #final: FinalityProof | undefined;

  constructor(ledger: LedgerBlocks, chain: LedgerChain, wish: ProofWish) {
    this.#ledger = ledger;
    this.#chain = chain;
    this.#wish = wish;
    this.#replay = new LedgerReplay(chain.spec);
    this.#height = this.#wishedHeight();
  }

  async replay({ onProgress, onBlock, signal }: ReplayModules): Promise<void> {
    const headHeight = this.#chain.cursorHeight;
    let turnAt = performance.now() + stretchMs;
    for (const block of this.#ledger.blocks(this.#chain)) {
      const change = this.#replay.step(block);
      this.#remember(block, change);
      onBlock?.(block, change, this.#replay);
      if (block.header.height === this.#height) this.#shown = this.#show(block, this.#replay.ledger);
      if (this.#shown && this.#isProven()) break;
      if (performance.now() < turnAt) continue;
      onProgress?.({ height: block.header.height, headHeight });
      await turn();
      if (signal?.aborted) throw stopped();
      turnAt = performance.now() + stretchMs;
    }
    if (this.#final || (this.#shown && this.#isWork)) return;
    this.#finish();
  }

  document(): ProofDocument {
    const shown = this.#shown as Shown;
    const { chainId, genesisBytes, spec } = this.#chain;
    const { header, seal, hashHex } = shown.record;
    return {
      format: proofFormat,
      chainId,
      name: spec.name,
      consensus: spec.consensus,
      genesis: toHex(genesisBytes),
      claim: shown.claim,
      block: {
        height: header.height,
        hash: hashHex,
        header: toHex(HeaderType.serialize(header)),
        nonce: toHex(seal.nonce),
      },
      ...shown.part,
      ...(this.#final
        ? {
            finality: {
              steps: this.#steps.map(({ bytes }) => toHex(bytes)),
              link: this.#final.link.map((block) => toHex(AttestedBlockType.serialize(block))),
              headers: this.#final.headers.slice(1).map((above) => toHex(HeaderType.serialize(above))),
            },
          }
        : { work: { headers: Buffer.from(concatBytes(this.#mined)).toString("base64") } }),
    };
  }

  get #isWork(): boolean {
    return this.#chain.spec.consensus === "pow";
  }

  #wishedHeight(): number | undefined {
    const { cursorHeight } = this.#chain;
    const wish = this.#wish;
    if ("account" in wish) {
      const { height } = wish;
      if (height !== undefined && height > cursorHeight) {
        throw notFound(`this ledger ends with block ${cursorHeight}`, "name a block up to there with --at");
      }
      return height ?? (this.#isWork ? cursorHeight : undefined);
    }
    const height = this.#ledger.heightOfTransaction(this.#chain, wish.transactionId);
    if (height !== undefined) return height;
    throw notFound(
      `this ledger has no transaction ${wish.transactionId} of the chain ${this.#chain.spec.name}`,
      "check the id, and name another chain of the file with --chain",
    );
  }

  #remember(block: Block, change: StateChange | undefined): void {
    const { header, seal } = block;
    if (change && this.#isFree) this.#keepChange(change);
    if (header.height === 0) return;
    if (this.#isWork) {
      if (this.#mined.length === proofHeadersMax) {
        throw notProvable(
          `a proof of work has the header of every block, and this chain has more than ${proofHeadersMax}: hand over the whole ledger instead (aurex-node export --bundle)`,
        );
      }
      this.#mined.push(encodeMinedHeader({ header, nonce: seal.nonce }));
      return;
    }
    if (this.#replay.recoveries.length > this.#recoveriesSeen) this.#restate(header.height);
    if (this.#state.authoritiesSinceHeight === header.height) this.#addStep(header.height);
  }

  /** Whether the block is for this ledger to choose: the newest that it can prove. */
  get #isFree(): boolean {
    return "account" in this.#wish && this.#height === undefined;
  }

  #keepChange(change: StateChange): void {
    this.#changes.push(change);
    this.#keptEntries += change.changes.length;
    while (this.#changes.length > backBlocksMax || this.#keptEntries > backEntriesMax) {
      const oldest = this.#changes.shift();
      if (!oldest) break;
      this.#keptEntries -= oldest.changes.length;
    }
  }

  /** Operators declared a block below final: the sets from there on are others than they seemed to be. */
  #restate(foundAt: number): void {
    this.#recoveriesSeen = this.#replay.recoveries.length;
    const from = this.#replay.recoveries.at(-1)?.height ?? foundAt;
    this.#steps = this.#steps.filter(({ height }) => height < from);
    const source = this.#replay.source();
    for (let height = from; height < foundAt; height += 1) {
      const record = source.recordAt(height);
      if (record && authorityStateOf(record).authoritiesSinceHeight === height) this.#addStep(height);
    }
  }

  #addStep(height: number): void {
    const step = stepInto(height, this.#replay.source());
    if (step) this.#steps.push({ height, bytes: encodeLightStep(step) });
  }

  get #state(): AuthorityState {
    return authorityStateOf(this.#replay.head);
  }

  /** Whether nothing above the executed blocks is needed. A proof of work is better the more blocks it has. */
  #isProven(): boolean {
    const height = (this.#shown as Shown).record.header.height;
    if (this.#isWork || (height > 0 && this.#state.finalized.height < height)) return false;
    const proof = finalityProofOf(height, this.#replay.source());
    if (typeof proof === "string") return false;
    this.#final = proof;
    return true;
  }

  /** The file's own last word: the certificate in `meta` may make a block final that no certificate in a block does. */
  #finish(): void {
    const source = this.#replay.source(this.#chain.finalCertificate);
    const head = this.#replay.head.header.height;
    const isFree = this.#isFree;
    const first = isFree ? head : (this.#height as number);
    const last = isFree ? head - this.#changes.length : first;
    for (let height = first; height >= last; height -= 1) {
      const proof = finalityProofOf(height, source);
      if (typeof proof === "string") continue;
      this.#final = proof;
      if (isFree) this.#shown = this.#showBack(height);
      return;
    }
    throw notProvable(
      isFree
        ? `none of the last ${this.#changes.length} blocks of this ledger is shown to be final by certificates; name a block that is final with --at`
        : `block ${first} is not shown to be final by the certificates in this ledger: try again once it is final, with a newer ledger`,
    );
  }

  #showBack(height: number): Shown {
    const draft = this.#replay.ledger.draft();
    for (let at = this.#replay.head.header.height; at > height; at -= 1) {
      draft.revert(this.#changes.pop() as StateChange);
    }
    const record = this.#replay.source().recordAt(height) as HeaderRecord;
    return this.#showAccount(record, draft);
  }

  #show(block: Block, ledger: LedgerState): Shown {
    const record = this.#replay.head;
    const wish = this.#wish;
    if ("account" in wish) return this.#showAccount(record, ledger);
    const position = block.transactions.findIndex(({ idHex }) => idHex === wish.transactionId.toLowerCase());
    if (position < 0) {
      throw new AttestError(
        "attest/does-not-follow",
        `block ${block.header.height} does not hold the transaction that the ledger's row says it holds`,
        "aurex-node audit says what is wrong with the ledger",
      );
    }
    const proof = transactionProofOf(block, position);
    return {
      record,
      claim: { kind: "transaction", id: wish.transactionId.toLowerCase(), position },
      part: { transaction: { bytes: toHex(proof.bytes), position, siblings: proof.siblings.map(toHex) } },
    };
  }

  #showAccount(record: HeaderRecord, ledger: LedgerState | LedgerDraft): Shown {
    const { account } = this.#wish as { readonly account: Uint8Array };
    const shown = accountItemsIn(ledger, account);
    if (shown.items.length > 0) return { record, claim: shown.claim, part: { items: shown.items } };
    throw notFound(
      `the ledger has no entry of ${addressOf(account)} after block ${record.header.height}`,
      "that an account is not there cannot be proved; check the address, or name a later block with --at",
    );
  }
}

/** Every entry of an account with its proof: itself, its name, and its holdings. */
export function accountItemsIn(
  ledger: LedgerState | LedgerDraft,
  account: Uint8Array,
): { readonly items: readonly ProofItem[]; readonly claim: ProofClaim } {
  const accountHex = toHex(account);
  const items = accountProofsOf(ledger, accountHex, undefined).map(({ kind, ...proof }) =>
    proofItemOf(kind, proof),
  );
  const holdings = ledger.assetBalancesOf(accountHex, 0, proofItemsMax - items.length);
  for (const { assetId } of holdings) {
    const proof = entryProofOf(ledger, entryKeys.assetBalance(accountHex, assetId));
    if (proof) items.push(proofItemOf("assetBalance", proof));
  }
  const own = ledger.account(accountHex);
  return {
    items,
    claim: {
      kind: "account",
      address: addressOf(account),
      balanceUnits: own?.balance.toString() ?? null,
      sequence: own?.sequence ?? null,
      name: ledger.userOfAccount(accountHex)?.name ?? null,
      assets: holdings.map(({ assetId, balance }) => ({ assetId, balanceUnits: balance.toString() })),
    },
  };
}

function notFound(what: string, next: string): AttestError {
  return new AttestError("attest/not-found", what, next);
}

function notProvable(what: string): AttestError {
  return new AttestError("attest/not-provable", what, "aurex-node prove --help says what a ledger can prove");
}
