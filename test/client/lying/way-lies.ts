/** Lies about the genesis and about the way from set to set of authorities. */
import { toHex } from "../../../src/base/bytes.ts";
import { AuthorityStateType } from "../../../src/consensus/poa/authority-state.ts";
import { type AttestedBlock, authorityHeaderHash } from "../../../src/light/attested-block.ts";
import { encodeEvidence } from "../../../src/protocol/evidence.ts";
import { GenesisType } from "../../../src/protocol/genesis.ts";
import { sha256 } from "../../../src/protocol/hashing.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import { signVote } from "../../../src/protocol/vote.ts";
import { type Answer, bytesOf, flip, flipHex, inLink, inSteps, on } from "./edits.ts";
import type { Lie } from "./lying-node.ts";
import { type Ask, asked, badCertificate, fewerVotes, type Stages, type ToldLie } from "./told.ts";

export async function genesisLies({ otherPoa }: Stages, ask: Ask): Promise<ToldLie[]> {
  const genesis = /^\/v1\/genesis/;
  const others = await ask(otherPoa, "/v1/genesis");
  const richer = (answer: Answer) => {
    const spec = GenesisType.deserialize(bytesOf(answer.bytes));
    spec.allocations[0]!.amount += 1n;
    return { ...answer, bytes: toHex(GenesisType.serialize(spec)) };
  };
  return asked("poa", { ask: "open" }, [
    ["the genesis of another chain", on(genesis, () => others), "light/wrong-genesis"],
    ["one coin more in the genesis", on(genesis, richer), "light/wrong-genesis"],
    [
      "a bit of the genesis",
      on(genesis, (answer) => ({ ...answer, bytes: flipHex(answer.bytes, -1) })),
      "light/wrong-genesis",
    ],
    ["a genesis of nothing", on(genesis, (answer) => ({ ...answer, bytes: "" })), "light/wrong-genesis"],
    ["a genesis that is no hex", on(genesis, (answer) => ({ ...answer, bytes: "xyz" })), "light/malformed"],
    ["a genesis without bytes", on(genesis, () => ({})), "light/malformed"],
    ["no genesis at all", on(genesis, () => []), "light/malformed"],
  ]);
}

const unexplained = "light/authorities-unexplained";

export async function wayLies({ poa, otherPoa }: Stages, ask: Ask): Promise<ToldLie[]> {
  const others = await ask(otherPoa, "/v1/light?from=0");
  const { authorities } = poa;
  const isWay = /^\/v1\/light/;
  const [first, second] = authorities.keys as [KeyPair, KeyPair];
  return asked("poa", { ask: "sync" }, [
    ["the first change of authorities left out", inSteps((steps) => steps.slice(1)), unexplained],
    ["only the newest block", inSteps((steps) => steps.slice(-1)), unexplained],
    ["the changes in another order", inSteps((steps) => steps.toReversed()), unexplained],
    [
      "a change without what makes it final",
      inSteps((steps) => steps.map((step, index) => (index === 0 ? { ...step, link: [] } : step))),
      unexplained,
    ],
    [
      "an offender put out without the evidence",
      inSteps((steps) => steps.map((step) => ({ ...step, evidence: [] }))),
      unexplained,
    ],
    [
      "evidence with a bit turned",
      inSteps((steps) =>
        steps.map((step) => ({ ...step, evidence: step.evidence.map((bytes) => flip(bytes, -1)) })),
      ),
      "light/evidence-invalid",
    ],
    [
      "evidence of nothing",
      inSteps(([step, ...rest]) => [{ ...step!, evidence: [Uint8Array.of(9)] }, ...rest]),
      "light/evidence-invalid",
    ],
    [
      "true evidence against one who is still in",
      inSteps(([step, ...rest]) =>
        [
          { ...step!, link: [], evidence: [encodeEvidence(authorities.doubleVote(second))] },
          ...rest.slice(0, 0),
        ].concat(rest.slice(1)),
      ),
      unexplained,
    ],
    ["imposters who sign for themselves", imposters(authorities.candidates.slice(1, 5), 0), unexplained],
    ["imposters who say that they came later", imposters(authorities.candidates.slice(1, 5), 3), unexplained],
    [
      "the first authorities, for a time in which others were in",
      inSteps((steps) => [...steps, forgedStep(steps, authorities.keys, 40, 0)]),
      unexplained,
    ],
    [
      "a recovery that nobody was told to trust",
      inLink((block, steps) => steps[0]!.recovery.push({ header: block.header, state: block.state })),
      "light/recovery-not-trusted",
    ],
    [
      "a link with a hole",
      inLink((block, steps) => steps[0]!.link.push(steps.at(-1)!.link[0] ?? block)),
      "light/link-broken",
    ],
    ["the state with a bit turned", inLink(({ state }) => void flip(state)), "light/state-not-committed"],
    [
      "another state under its own hash",
      inLink((block) => {
        block.header.consensusStateHash = sha256(flip(block.state));
      }),
      badCertificate,
      "light/malformed",
    ],
    ["a header with another state root", inLink(({ header }) => void flip(header.stateRoot)), badCertificate],
    [
      "a header of another time",
      inLink(({ header }) => {
        header.timestampMs += 1;
      }),
      badCertificate,
    ],
    [
      "a header of another height",
      inLink(({ header }) => {
        header.height += 1;
      }),
      badCertificate,
    ],
    ["a header of another chain", inLink(({ header }) => void flip(header.chainId)), "light/wrong-chain"],
    [
      "a certificate for another height",
      inLink(({ certificate }) => {
        certificate.targetHeight += 1;
      }),
      badCertificate,
    ],
    [
      "a certificate for another block",
      inLink(({ certificate }) => void flip(certificate.targetHash)),
      badCertificate,
    ],
    [
      "a vote with a bit turned",
      inLink(({ certificate }) => void flip(certificate.signatures[0]!)),
      badCertificate,
    ],
    ["one vote too few", inLink(({ certificate }) => void certificate.signatures.pop()), badCertificate],
    ["fewer votes than a quorum", inLink(fewerVotes), badCertificate],
    [
      "a bitmap of other voters",
      inLink((block) => {
        block.certificate.bitmap = Uint8Array.of(0b1110);
      }),
      badCertificate,
    ],
    [
      "a bitmap of nobody",
      inLink(({ certificate }) => {
        certificate.bitmap = Uint8Array.of(0);
        certificate.signatures = [];
      }),
      badCertificate,
    ],
    [
      "votes in another order",
      inLink(({ certificate }) => void certificate.signatures.reverse()),
      badCertificate,
    ],
    [
      "one voter's vote three times",
      inLink(({ certificate }) => void certificate.signatures.fill(certificate.signatures[0]!)),
      badCertificate,
    ],
    [
      "the certificate of another block of the chain",
      inLink((block, steps) => {
        block.certificate = steps.at(-1)!.link.at(-1)!.certificate;
      }),
      badCertificate,
    ],
    [
      "votes that another key signed",
      inLink((block) => {
        block.certificate.signatures[0] = signVote(
          poa.rig.chain.spec.chainId,
          { height: 0, hash: block.header.parentHash },
          { height: block.header.height, hash: authorityHeaderHash(block.header) },
          first,
        ).signature;
      }),
      badCertificate,
    ],
    ["the way of another chain", on(isWay, () => others), "light/wrong-chain"],
    ["a way that goes round for ever", on(isWay, (answer) => ({ ...answer, next: 0 })), "light/malformed"],
    [
      "bytes that are no step",
      on(isWay, (answer) => ({ ...answer, items: [{ height: 1, bytes: "00ff" }] })),
      "light/malformed",
    ],
    [
      "a step with bytes behind it",
      on(isWay, (answer) => ({
        ...answer,
        items: answer.items.map((item: Answer) => ({ ...item, bytes: `${item.bytes}00` })),
      })),
      "light/malformed",
      "light/evidence-invalid",
    ],
    ["items that are no list", on(isWay, (answer) => ({ ...answer, items: "many" })), "light/malformed"],
    ["a next that is no height", on(isWay, (answer) => ({ ...answer, next: -1.5 })), "light/malformed"],
  ]);
}

function imposters(keys: readonly KeyPair[], sinceHeight: number): Lie {
  return inSteps((steps) => [forgedStep(steps, keys, 40, sinceHeight)]);
}

/** An attested block as those who hold these keys can make it. */
function forgedStep(
  steps: readonly Answer[],
  signers: readonly KeyPair[],
  height: number,
  authoritiesSinceHeight: number,
) {
  const truth = steps.flatMap(({ link }) => link)[0] as AttestedBlock;
  const keys = signers.toSorted((one, other) => (toHex(one.publicKey) < toHex(other.publicKey) ? -1 : 1));
  const before = AuthorityStateType.deserialize(truth.state);
  const state = AuthorityStateType.serialize({
    ...before,
    authorities: keys.map(({ publicKey }) => publicKey),
    sealedHeights: keys.map(() => height),
    authoritiesSinceHeight,
  });
  const header = { ...truth.header, height, consensusStateHash: sha256(state) };
  const target = { height, hash: authorityHeaderHash(header) };
  const votes = keys.map((key) => signVote(truth.header.chainId, before.justified, target, key));
  const certificate = {
    targetHeight: height,
    targetHash: target.hash,
    bitmap: Uint8Array.of(2 ** keys.length - 1),
    signatures: votes.map(({ signature }) => signature),
  };
  return { link: [{ header, state, certificate }], evidence: [], recovery: [] };
}
