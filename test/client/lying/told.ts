/** A lie with the question that it answers and the faults by which it is refused. */
import type { AttestedBlock } from "../../../src/light/attested-block.ts";
import type { Header } from "../../../src/protocol/block.ts";
import type { Question } from "./ask.ts";
import { type Answer, flip } from "./edits.ts";
import type { Lie } from "./lying-node.ts";
import type { AuthorityStage, Stage, WorkStage } from "./stages.ts";

export interface ToldLie extends Omit<Question, "url" | "chainId"> {
  readonly what: string;
  readonly chain: "poa" | "pow";
  readonly lie: Lie;
  /** Any one of them; which comes first is no promise. */
  readonly faults: readonly string[];
}

export type Told = readonly [what: string, lie: Lie, ...faults: string[]];

export function asked(
  chain: ToldLie["chain"],
  question: Pick<Question, "ask" | "of" | "asset">,
  told: readonly Told[],
): ToldLie[] {
  return told.map(([what, lie, ...faults]) => ({ ...question, chain, what, lie, faults }));
}

export interface Stages {
  readonly poa: AuthorityStage;
  readonly pow: WorkStage;
  /** Chains with other chain ids and the same contents. */
  readonly otherPoa: AuthorityStage;
  readonly otherPow: WorkStage;
}

/** Answers of the true nodes that lies are made of. */
export type Ask = (stage: Stage, path: string) => Promise<Answer>;

/** Each field of a header, each changed. */
export const headerEdits: Readonly<Record<string, (header: Header) => void>> = {
  version: (header) => {
    header.version += 1;
  },
  chainId: ({ chainId }) => void flip(chainId),
  height: (header) => {
    header.height += 1;
  },
  parentHash: ({ parentHash }) => void flip(parentHash),
  timestampMs: (header) => {
    header.timestampMs -= 1;
  },
  producer: ({ producer }) => void flip(producer),
  transactionsRoot: ({ transactionsRoot }) => void flip(transactionsRoot),
  transactionCount: (header) => {
    header.transactionCount += 1;
  },
  stateRoot: ({ stateRoot }) => void flip(stateRoot),
  consensusRoot: ({ consensusRoot }) => void flip(consensusRoot),
  consensusStateHash: ({ consensusStateHash }) => void flip(consensusStateHash),
  target: ({ target }) => void flip(target),
  extraData: ({ extraData }) => void flip(extraData),
};

export function fewerVotes({ certificate }: AttestedBlock): void {
  certificate.bitmap = Uint8Array.of(certificate.bitmap[0]! & -certificate.bitmap[0]!);
  certificate.signatures.splice(1);
}

export const badCertificate = "light/certificate-invalid";
