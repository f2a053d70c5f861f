/** What `meta` says is final, against what the certificates in the file prove: not lower, and not higher. */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { type CertifiedTarget, certificateFault } from "../../consensus/finality/certify.ts";
import { linkFinalizes } from "../../consensus/finality/vote-rule.ts";
import { type AuthorityState, authorityStateOf } from "../../consensus/poa/authority-state.ts";
import type { HeaderRecord } from "../../protocol/block.ts";
import { type Certificate, CertificateType } from "../../protocol/certificate.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import { nodeIdOf } from "../../protocol/identity.ts";
import type { ChainCheckContext } from "../chain-check.ts";
import type { LedgerBlock, SqlValue } from "../ledger-block.ts";
import type { ChainReplay } from "../replay/chain-replay.ts";
import { decodedFrom, type ReadBlock, wholeNumber } from "../replay/read-block.ts";
import { inlineSignatures } from "../replay/signature-sink.ts";

export class FinalityClaim {
  readonly #context: ChainCheckContext;
  readonly #height: number | undefined;
  /** Of the block at the height that is said to be final, hex. */
  #hash: string | undefined;

  constructor(context: ChainCheckContext) {
    this.#context = context;
    this.#height = wholeNumber(context.meta.final_index);
  }

  block({ height }: LedgerBlock, parts: ReadBlock | undefined): void {
    if (height === this.#height && parts) this.#hash = toHex(parts.hash);
  }

  end({ consensus }: ChainReplay): void {
    const { meta, report } = this.#context;
    const tip = consensus.tip;
    if (!tip) {
      report.cannotJudge("what is final: the authorities after the last block are not known");
      return;
    }
    const state = authorityStateOf(tip);
    const { final_index: index, final_hash: hash, final_certificate: bytes } = meta;
    const shown = state.finalized;
    if (index === null && hash === null && bytes === null && shown.height === 0) return;
    const height = this.#height;
    if (height === undefined || height < shown.height) {
      const meaning = "certificates in the blocks make a higher block final than the file says";
      this.#finding("final_index", BigInt(shown.height), index, meaning);
      return;
    }
    if (height > tip.header.height) {
      const meaning = "a block is said to be final that is not in the file";
      this.#finding("final_index", `at most ${tip.header.height}`, index, meaning);
      return;
    }
    const finalHash = height === shown.height ? toHex(shown.hash) : this.#hash;
    if (finalHash !== hash) {
      const meaning = "the hash is not that of the block that is said to be final";
      this.#finding("final_hash", finalHash, hash, meaning);
    }
    if (bytes === null || bytes === undefined) this.#withoutCertificate(height, shown.height);
    else this.#judge(bytes, { height, tip, target: consensus.watched });
  }

  /** The blocks themselves prove what lies far enough below the last one. */
  #withoutCertificate(height: number, shownHeight: number): void {
    if (height <= shownHeight) return;
    const blocks = `${shownHeight + 1 === height ? "block" : `blocks ${shownHeight + 1} to`} ${height}`;
    // A node that was restarted has forgotten the votes, and a ledger of final blocks alone ends below the certificates.
    this.#context.report.notProved({
      what: `That ${blocks} can never be replaced: the file says so, and its certificates do not reach so far.`,
      next: `aurex-node block ${height} --api URL, with nodes of others: they show whether it is final`,
    });
  }

  #judge(bytes: SqlValue, { height, tip, target }: Claim): void {
    const certificate = decodedFrom(CertificateType, bytes, "certificate");
    if (!certificate) {
      this.#finding("final_certificate", "the SSZ bytes of a certificate", bytes, provesNothing);
      return;
    }
    const { targetHeight, targetHash } = certificate;
    if (height === tip.header.height && targetHeight === height + 1) {
      this.#judgeAbove(certificate, tip);
      return;
    }
    if (!target || !bytesEqual(target.hash, targetHash)) {
      const found = `${toHex(targetHash)} at height ${targetHeight}`;
      this.#finding("final_certificate", "a certificate of a block in the file", found, provesNothing);
      return;
    }
    const { authorities, justified: source } = authorityStateOf(target);
    const checkpoint = { height: targetHeight, hash: targetHash };
    const isProven = this.#verified(certificate, { checkpoint, authorities, source }, (expected, found) =>
      this.#finding("final_certificate", expected, found, provesNothing),
    );
    if (isProven) this.#compare(height, source, targetHeight, authorityStateOf(tip));
  }

  /**
   * The certified block is the first that the file does not hold. Its set is that of the last block, unless it changed
   * in that very block: then nothing can be said.
   */
  #judgeAbove(certificate: Certificate, tip: HeaderRecord): void {
    const { authorities } = authorityStateOf(tip);
    const { targetHeight: height, targetHash: hash } = certificate;
    const source = { height: tip.header.height, hash: tip.hash };
    this.#verified(certificate, { checkpoint: { height, hash }, authorities, source }, (_, found) =>
      this.#context.report.cannotJudge(
        `whether block ${source.height} can be replaced: the votes for the block above it do not hold (${found})`,
      ),
    );
  }

  /** The final block that the certificate names, and how far above it the certified block stands. */
  #compare(height: number, source: Checkpoint, targetHeight: number, state: AuthorityState): void {
    if (source.height !== height) {
      const meaning = "the certificate in the file makes another block final than the file says";
      this.#finding("final_index", BigInt(source.height), this.#context.meta.final_index, meaning);
      return;
    }
    if (source.height <= state.finalized.height) return;
    const isCertified = (between: number) => state.justifiedHeights.includes(between);
    if (linkFinalizes(source.height, targetHeight, isCertified)) return;
    this.#context.report.cannotJudge(
      `whether block ${height} can be replaced: not every block from it to block ${targetHeight}, which is certified, has its certificate in the file`,
    );
  }

  #verified(
    certificate: Certificate,
    target: CertifiedTarget,
    onFault: (expected: string, found: string) => void,
  ): boolean {
    const { spec, signatures = inlineSignatures } = this.#context;
    const fault = certificateFault(certificate, target, spec.chainId, (message, signature, voter) => {
      signatures.add(message, signature, voter, () =>
        onFault(`a vote of ${nodeIdOf(voter)}`, "a signature that does not hold"),
      );
      return true;
    });
    if (fault) onFault("the votes of a quorum", fault);
    return fault === undefined;
  }

  #finding(
    column: string,
    expected: SqlValue | undefined,
    found: SqlValue | undefined,
    meaning: string,
  ): void {
    const { meta, report } = this.#context;
    report.finding({ table: "meta", row: `chain ${meta.chain_id}`, column, expected, found, meaning });
  }
}

interface Claim {
  /** Of the block that is said to be final. */
  readonly height: number;
  readonly tip: HeaderRecord;
  /** The block that the certificate is for, if the file has it. */
  readonly target: HeaderRecord | undefined;
}

const provesNothing = "the certificate does not prove that the block is final";
