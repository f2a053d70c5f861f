/** Lies about blocks, their bodies, and headers with work. */
import { toHex } from "../../../src/base/bytes.ts";
import { BlockType, type Header } from "../../../src/protocol/block.ts";
import type { BuiltBlock } from "../../chain/block-builder.ts";
import {
  type Answer,
  flip,
  flipHex,
  inAttested,
  inBlockProof,
  inHeaders,
  inProvenHeader,
  on,
} from "./edits.ts";
import type { Lie } from "./lying-node.ts";
import {
  type Ask,
  asked,
  badCertificate,
  fewerVotes,
  headerEdits,
  type Stages,
  type Told,
  type ToldLie,
} from "./told.ts";

export async function blockLies({ poa, pow, otherPoa }: Stages, ask: Ask): Promise<ToldLie[]> {
  const proofPath = (height: number | string) => `/v1/blocks/${height}/proof`;
  const { height, hash } = poa.full;
  const next = await ask(poa, proofPath(height + 1));
  const others = await ask(otherPoa, proofPath(height));
  const isProof = /\/proof/;
  const shown = ["light/link-broken", "light/not-final"];
  const changed = Object.entries(headerEdits);
  return [
    ...changed.flatMap(([field, edit]) =>
      asked("poa", { ask: "block", of: hash }, [
        [`another ${field} in the header`, inProvenHeader(edit), ...shown],
      ]),
    ),
    ...changed.flatMap(([field, edit]) =>
      asked("pow", { ask: "block", of: pow.full.hash }, [
        [`another ${field} in the header of work`, inProvenHeader(edit), "light/block-unknown"],
      ]),
    ),
    ...asked("poa", { ask: "block", of: String(height) }, [
      ["another true block than the one of this height", on(isProof, () => next), "light/not-what-was-asked"],
      [
        "the block of another chain",
        on(isProof, () => others),
        "light/wrong-chain",
        "light/certificate-invalid",
      ],
      [
        "a proof without certificates",
        inBlockProof((proof) => ({ ...proof, link: [] })),
        "light/not-final",
        "light/malformed",
      ],
      [
        "a vote with a bit turned in the proof",
        inAttested(({ certificate }) => void flip(certificate.signatures[0]!)),
        badCertificate,
      ],
      [
        "a state with a bit turned in the proof",
        inAttested(({ state }) => void flip(state, 40)),
        "light/state-not-committed",
      ],
      ["fewer votes than a quorum in the proof", inAttested(fewerVotes), badCertificate],
      [
        "a thousand times the same certificates",
        inBlockProof((proof) => ({ ...proof, link: Array(1_000).fill(proof.link[0]) })),
        "light/malformed",
      ],
      ["a header that is no hex", inBlockProof((proof) => ({ ...proof, header: 7 })), "light/malformed"],
      [
        "a header cut short",
        inBlockProof((proof) => ({ ...proof, header: proof.header.slice(2) })),
        "light/malformed",
      ],
    ]),
    ...asked("poa", { ask: "block", of: String(poa.uncertified) }, [
      ["headers that end too early", inAbove((headers) => headers.slice(0, -1)), "light/not-final"],
      ["no headers above the block", inAbove(() => []), "light/not-final"],
      ["a header left out above the block", inAbove((headers) => headers.slice(1)), ...shown],
      ["headers above in another order", inAbove(([a, b, ...rest]) => [b, a, ...rest]), ...shown],
      ["a header above with a bit turned", inAbove(([a, ...rest]) => [flipHex(a, 60), ...rest]), ...shown],
      [
        "certificates in another order",
        inBlockProof((proof) => ({ ...proof, link: proof.link.toReversed().concat(proof.link) })),
        "light/link-broken",
      ],
    ]),
    ...asked("poa", { ask: "block", of: hash }, [
      ["another true block than the one of this hash", on(isProof, () => next), "light/not-what-was-asked"],
    ]),
    ...asked("poa", { ask: "block", of: "final" }, [
      ["the final block of an hour ago", on(isProof, () => poa.early.head), "light/stale"],
    ]),
  ];
}

function inAbove(edit: (headers: Answer[]) => Answer[]): Lie {
  return inBlockProof((proof) => ({ ...proof, headers: edit(proof.headers) }));
}

export function bodyLies({ poa, pow }: Stages): ToldLie[] {
  const inBody = (edit: (block: Answer) => void): Lie =>
    on(/\/raw/, (bytes) => {
      const block = BlockType.deserialize(bytes as Uint8Array);
      edit(block);
      return BlockType.serialize(block);
    });
  const wrong = "light/proof-invalid";
  const told: Told[] = [
    [
      "two transactions in each other's place",
      inBody(({ transactions }) => {
        [transactions[0], transactions[1]] = [transactions[1], transactions[0]];
      }),
      wrong,
    ],
    [
      "the transactions the other way round",
      inBody(({ transactions }) => void transactions.reverse()),
      wrong,
    ],
    ["a transaction left out", inBody(({ transactions }) => void transactions.splice(2, 1)), wrong],
    ["the last transaction left out", inBody(({ transactions }) => void transactions.pop()), wrong],
    ["a transaction twice", inBody(({ transactions }) => void transactions.push(transactions[0])), wrong],
    [
      "a transaction with another signature",
      inBody(({ transactions }) => void flip(transactions[3], 80)),
      wrong,
    ],
    [
      "a section with a certificate more",
      inBody(({ consensusSection }) => void consensusSection.evidence.push(Uint8Array.of(1))),
      wrong,
    ],
    [
      "another header over the body",
      inBody(({ header }) => {
        header.timestampMs += 1;
      }),
      "light/not-what-was-asked",
    ],
    ["bytes that are no block", on(/\/raw/, () => Uint8Array.of(1, 2, 3)), "light/malformed"],
    ["a block of nothing", on(/\/raw/, () => new Uint8Array(0)), "light/malformed"],
  ];
  const inHeaderAnswer = (edit: (answer: Answer) => Answer): Lie => on(/\/header$/, edit);
  return [
    ...asked("poa", { ask: "seal", of: poa.full.hash }, [
      [
        "a seal with a bit turned",
        inHeaderAnswer((answer) => ({ ...answer, sealSignature: flipHex(answer.sealSignature, 40) })),
        "light/signature-invalid",
      ],
      [
        "a seal of zeros",
        inHeaderAnswer((answer) => ({ ...answer, sealSignature: "00".repeat(64) })),
        "light/signature-invalid",
      ],
      ["no seal", inHeaderAnswer((answer) => ({ ...answer, sealSignature: "" })), "light/malformed"],
    ]),
    ...asked("poa", { ask: "body", of: poa.full.hash }, [
      [
        "another producer's seal under the body",
        inBody(({ seal }) => void flip(seal.signature, 40)),
        "light/signature-invalid",
      ],
    ]),
    ...asked("poa", { ask: "body", of: poa.full.hash }, told),
    ...asked("pow", { ask: "body", of: pow.full.hash }, [
      [
        "transactions the other way round under work",
        inBody(({ transactions }) => void transactions.reverse()),
        wrong,
      ],
      [
        "another nonce over the body",
        inBody(({ seal }) => void flip(seal.nonce)),
        "light/not-what-was-asked",
      ],
    ]),
  ];
}

export async function workLies({ pow, otherPow }: Stages, ask: Ask): Promise<ToldLie[]> {
  const others = await ask(otherPow, "/v1/light?from=0");
  const isWay = /^\/v1\/light/;
  const mined = ({ block }: BuiltBlock) => ({ header: block.header, nonce: block.seal.nonce });
  const inHeader = (index: number, edit: (header: Header) => void): Lie =>
    inHeaders((headers) => void edit((headers.at(index) ?? headers[0])!.header));
  const broken = ["light/link-broken", "light/work-invalid", "light/state-not-committed"];
  const lastHeader = Object.entries(headerEdits).map(
    ([field, edit]): Told => [
      `another ${field} in the newest header`,
      inHeader(-1, edit),
      ...broken,
      "light/wrong-chain",
    ],
  );
  const proofOfBeside = pow.beside.at(-1)!;
  const isProof = /\/proof/;
  return [
    ...asked("pow", { ask: "sync" }, [
      ...lastHeader,
      [
        "a nonce without work",
        inHeaders((headers) => void flip(headers.at(-1)!.nonce, 9)),
        "light/work-invalid",
      ],
      ["an easier target", inHeader(-1, ({ target }) => void target.fill(255)), ...broken],
      [
        "a header left out",
        inHeaders((headers) => headers.filter((_, index) => index !== 4)),
        "light/link-broken",
      ],
      ["headers in another order", inHeaders(([a, b, ...rest]) => [b!, a!, ...rest]), "light/link-broken"],
      [
        "the headers without the first",
        inHeaders((headers) => headers.slice(1)),
        "light/link-broken",
        "light/block-unknown",
      ],
      [
        "a header that nobody mined on top",
        inHeaders((headers) => [
          ...headers,
          {
            header: {
              ...headers.at(-1)!.header,
              height: headers.length + 1,
              parentHash: pow.blocks.at(-1)!.block.hash,
            },
            nonce: new Uint8Array(32),
          },
        ]),
        ...broken,
      ],
      [
        "a header of the year 2100",
        inHeader(-1, (header) => {
          header.timestampMs = Date.UTC(2100);
        }),
        ...broken,
      ],
      ["the headers of another chain", on(isWay, () => others), "light/wrong-chain", "light/link-broken"],
      [
        "headers that go round for ever",
        on(isWay, (answer) => ({ ...answer, next: 1, items: answer.items.slice(0, 1) })),
        "light/malformed",
      ],
      [
        "a header of work cut short",
        on(isWay, (answer) => ({
          ...answer,
          items: answer.items.map((item: Answer) => ({ ...item, bytes: item.bytes.slice(2) })),
        })),
        "light/malformed",
      ],
    ]),
    ...asked("pow", { ask: "block", of: proofOfBeside.block.hashHex }, [
      [
        "a block with true work that is beside the chain",
        on(isProof, () => ({
          header: toHex(headerBytes(proofOfBeside)),
          nonce: toHex(mined(proofOfBeside).nonce),
          link: [],
          headers: [],
        })),
        "light/block-unknown",
      ],
    ]),
    ...asked("pow", { ask: "block", of: "head" }, [
      ["the head of an hour ago", on(isProof, () => pow.early.head), "light/stale"],
      [
        "a nonce with a bit turned",
        inBlockProof((proof) => ({ ...proof, nonce: flipHex(proof.nonce) })),
        "light/block-unknown",
      ],
    ]),
  ];
}

function headerBytes({ block }: BuiltBlock): Uint8Array {
  // The header stands first in a block's bytes, and has a fixed length.
  return BlockType.fields.header.serialize(block.header);
}
