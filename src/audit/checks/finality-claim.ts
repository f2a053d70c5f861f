/** What `meta` says is final, against what the certificates in the file prove: not lower, and not higher. */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { certificateFault } from "../../consensus/finality/certify.ts";
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
    const certificate = this.#certificate(bytes, consensus.watched);
    const finalHash = height === shown.height ? toHex(shown.hash) : this.#hash;
    if (finalHash !== hash) {
      this.#finding(
        "final_hash",
        finalHash,
        hash,
        "the hash is not that of the block that is said to be final",
      );
    }
    if (certificate === "false") return;
    if (!certificate) {
      if (height > shown.height) {
        const above =
          height === shown.height + 1 ? `block ${height} is` : `blocks ${shown.height + 1} to ${height} are`;
        report.cannotJudge(`whether ${above} final: the file holds no certificate of it`);
      }
      return;
    }
    this.#compare(height, certificate, state);
  }

  /** The final block that the certificate names, and how far above it the certified block stands. */
  #compare(height: number, { source, target }: ProvenLink, state: AuthorityState): void {
    const { report } = this.#context;
    if (source.height !== height) {
      const meaning = "the certificate in the file makes another block final than the file says";
      this.#finding("final_index", BigInt(source.height), this.#context.meta.final_index, meaning);
      return;
    }
    if (source.height <= state.finalized.height) return;
    const isCertified = (between: number) => state.justifiedHeights.includes(between);
    if (linkFinalizes(source.height, target, isCertified)) return;
    report.cannotJudge(
      `whether block ${height} is final: not every block from it to block ${target}, which is certified, has its certificate in the file`,
    );
  }

  /** What the certificate in `meta` proves; undefined if there is none; "false" if it was found to prove nothing. */
  #certificate(
    bytes: SqlValue | undefined,
    target: HeaderRecord | undefined,
  ): ProvenLink | "false" | undefined {
    if (bytes === null || bytes === undefined) return undefined;
    const certificate = decodedFrom(CertificateType, bytes, "certificate");
    if (!certificate) {
      this.#finding("final_certificate", "the SSZ bytes of a certificate", bytes, provesNothing);
      return "false";
    }
    if (!target || !bytesEqual(target.hash, certificate.targetHash)) {
      const found = `${toHex(certificate.targetHash)} at height ${certificate.targetHeight}`;
      this.#finding("final_certificate", "a certificate of a block in the file", found, provesNothing);
      return "false";
    }
    return this.#verified(certificate, target);
  }

  #verified(certificate: Certificate, target: HeaderRecord): ProvenLink | "false" {
    const { spec, signatures = inlineSignatures } = this.#context;
    const { authorities, justified: source } = authorityStateOf(target);
    const checkpoint = { height: target.header.height, hash: target.hash };
    const fault = certificateFault(
      certificate,
      { checkpoint, authorities, source },
      spec.chainId,
      (message, signature, voter) => {
        signatures.add(message, signature, voter, () =>
          this.#finding(
            "final_certificate",
            `a vote of ${nodeIdOf(voter)}`,
            "a signature that does not hold",
            "the certificate names an authority that did not vote for it",
          ),
        );
        return true;
      },
    );
    if (!fault) return { source, target: checkpoint.height };
    this.#finding("final_certificate", "the votes of a quorum", fault, provesNothing);
    return "false";
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

interface ProvenLink {
  /** The block that the link makes final if all between are certified. */
  readonly source: Checkpoint;
  /** Height of the certified block. */
  readonly target: number;
}

const provesNothing = "the certificate does not prove that the block is final";
