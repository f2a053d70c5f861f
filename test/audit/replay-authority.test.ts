/** Check 5 on Proof of Authority chains: seals, turns, votes, evidence, certificates, what is final, and trust recovery. */
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { before, describe, it } from "node:test";
import { auditLedger } from "../../src/audit/audit-ledger.ts";
import { AuditThreads } from "../../src/audit/audit-threads.ts";
import { SignatureBatches } from "../../src/audit/signature-batches.ts";
import { toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { type Certificate, CertificateType } from "../../src/protocol/certificate.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { alice, type BlockWishes, type BuiltBlock } from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";
import {
  AuthorityChain,
  type ChildWishes,
  certificateBy,
  checkpointOf,
} from "../consensus/authority-chain.ts";
import { createExportJob } from "../export/local-export-job.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { writeAuthorityLedger } from "./ledgers.ts";
import { change, type Finality, judge, notJudged, told, writeBlocks } from "./replayed.ts";

const chain = new AuthorityChain(4);
const { builder } = chain;
const [a, b, , d] = chain.keys as [KeyPair, KeyPair, KeyPair, KeyPair];
const first = chain.child(chain.genesis);
const start = [chain.genesis, first, ...chain.growCertified(first, 3)];
const tip = start.at(-1) as BuiltBlock;

let folder = "";
let files = 0;
const newFile = () => path.join(folder, `${files++}.sqlite`);
before(async () => {
  folder = await folderUntilEnd("aurex-replay-authority-");
});

async function written(blocks: readonly BuiltBlock[], finality: Finality = {}): Promise<string> {
  const file = newFile();
  await writeBlocks(file, builder, blocks, { final: checkpointOf(start[3] as BuiltBlock), ...finality });
  return file;
}

/** The chain with one more block, good or bad. */
const withBlock = (wishes: ChildWishes & BlockWishes) => written([...start, chain.anyChild(tip, wishes)]);

/** With a bit of its last signature turned. */
function spoiled(certificate: Certificate): Certificate {
  const signatures = certificate.signatures.map((signature) => signature.slice());
  const last = signatures.at(-1) as Uint8Array;
  last[3] = (last[3] as number) ^ 1;
  return { ...certificate, signatures };
}

const authorityFindings = (
  file: string,
  ...given: Parameters<typeof judge> extends [string, ...infer Rest] ? Rest : never
) => told(judge(file, ...given)).filter((text) => text.startsWith("authority"));

describe("a Proof of Authority chain is replayed", () => {
  it("without a finding through votes, a slashed authority, orphans, certificates and amounts over 2^63", async () => {
    const file = newFile();
    await writeAuthorityLedger(file);
    const judgement = judge(file);
    assert.deepEqual([told(judgement), notJudged(judgement)], [[], []]);
    assert.ok(judgement.authority.rows >= 7, "each change of the set was looked at");
    assert.match(String(judgement.work.notApplicable), /Proof of Authority/);
  });

  it("and says that one authority alone can have sealed it where nothing is final", async () => {
    const file = newFile();
    const alone = chain.grow(chain.genesis, 5, { producer: a });
    await writeBlocks(file, builder, [chain.genesis, ...alone], { final: checkpointOf(chain.genesis) });
    const { holds, chains } = await auditLedger({ file, genesis: [toHex(chain.chainId)], jobs: 1 });
    assert.ok(holds);
    assert.match(
      JSON.stringify(chains[0]?.notProved),
      /a single authority can have sealed all of them alone/,
    );
    assert.doesNotMatch(JSON.stringify(chains[0]?.proved), /is final/);
  });

  it("with names that the tables write as hex, since they look like it", async () => {
    const named = builder.sign(alice, 0, { kind: "registerUser", name: Buffer.from("0xalice@example.com") });
    const asset = {
      symbol: Buffer.from("GOLD"),
      name: Buffer.from("gold"),
      decimals: 2,
      supply: 5n,
    } as const;
    const issued = builder.sign(alice, 1, { kind: "issueAsset", ...asset, metadata: new Uint8Array(0) });
    const file = await written([...start, chain.child(tip, { transactions: [named, issued] })]);
    const { chains } = await auditLedger({ file, jobs: 1 });
    assert.deepEqual(chains[0]?.findings, []);
  });

  it("and finds a block that breaks a rule, at the block and in the column that shows it", async () => {
    const stranger = chain.candidates[0] as KeyPair;
    const evidence = chain.doubleSeal(start[1] as BuiltBlock, d);
    const unsigned = { ...evidence, second: evidence.first } as typeof evidence;
    const vote = { by: stranger, action: "remove", authority: a } as const;
    const few = certificateBy(tip, chain.membersOf(tip), chain.votes(tip, [a, b]));
    const other = chain.certificate(chain.anyChild(tip, { laterMs: 9 }));
    const early = tip.record.header.timestampMs + 1;
    const cases: readonly (readonly [string, ChildWishes & BlockWishes, string[]])[] = [
      ["a stranger", { producer: stranger }, ["blocks, block 5, producer"]],
      ["a turn too early", { header: { timestampMs: early } }, ["blocks, block 5, timestamp_ms"]],
      ["another's seal", { sealedBy: stranger }, ["blocks, block 5, seal_signature"]],
      ["no seal", { seal: { signature: new Uint8Array(0) } }, ["blocks, block 5, seal_signature"]],
      ["a target", { header: { target: new Uint8Array(32).fill(1) } }, ["blocks, block 5, target"]],
      [
        "a forged vote",
        { certificate: spoiled(chain.certificate(tip)) },
        ["blocks, block 5, consensus_bytes"],
      ],
      ["too few votes", { certificate: few }, ["blocks, block 5, consensus_bytes"]],
      ["votes for another block", { certificate: other }, ["blocks, block 5, consensus_bytes"]],
      ["no evidence", { evidence: [unsigned] }, ["blocks, block 5, consensus_bytes"]],
      ["a stranger's vote", { ballots: [vote] }, ["transactions, block 5, transaction 0, from_account"]],
      [
        "another state",
        { header: { consensusStateHash: new Uint8Array(32).fill(2) } },
        ["blocks, block 5, consensus_state_hash"],
      ],
    ];
    for (const [what, wishes, places] of cases) {
      const found = authorityFindings(await withBlock(wishes));
      assert.deepEqual(
        found.filter((text) => !text.includes("consensus_state_hash") || what === "another state"),
        places.map((place) => `authority: ${place}`),
        what,
      );
    }
  });

  it("with seals and votes verified on other threads, in batches", async () => {
    const threads = new AuditThreads(1);
    const batches = new SignatureBatches((items) => threads.run({ kind: "signatures" as const, items }));
    try {
      const forged = { certificate: spoiled(chain.certificate(tip)), sealedBy: b, producer: a };
      const judgement = judge(await withBlock(forged), { signatures: batches });
      const signatures = () => told(judgement).filter((text) => !text.includes("consensus_state_hash"));
      assert.deepEqual(signatures(), [], "nothing is verified yet");
      await batches.room();
      await batches.settle();
      const places = ["seal_signature", "consensus_bytes"].map(
        (column) => `authority: blocks, block 5, ${column}`,
      );
      assert.deepEqual(signatures().sort(), places.sort());
    } finally {
      await threads.close();
    }
  });

  it("and knows the authorities again where the header commits to what the rules give", async () => {
    const lying = chain.anyChild(tip, { header: { consensusStateHash: new Uint8Array(32) } });
    const above = chain.grow(lying, 2);
    const judgement = judge(await written([...start, lying, ...above]));
    assert.deepEqual(told(judgement), ["authority: blocks, block 5, consensus_state_hash"]);
    assert.match(notJudged(judgement).join(), /who the authorities of block 6 were/);
  });

  it("and does not let an authority seal that evidence has put out", async () => {
    const guilty = chain.doubleSeal(start[1] as BuiltBlock, d);
    const slashing = chain.child(tip, { producer: a, evidence: [guilty] });
    const sealed = builder.on(slashing, { producer: d, laterMs: 60_000 });
    assert.deepEqual(authorityFindings(await written([...start, slashing])), []);
    const found = authorityFindings(await written([...start, slashing, sealed]));
    assert.deepEqual(found[0], "authority: blocks, block 6, producer");
  });
});

describe("what a file says is final", () => {
  /** Certificates in the blocks make block 2 final; with votes for the tip, block 3 is. */
  const certificate = chain.certificate(tip);
  const final = checkpointOf(start[3] as BuiltBlock);
  const proved = { final, certificate };

  it("is what its certificates prove", async () => {
    const judgement = judge(await written(start, proved));
    assert.deepEqual([told(judgement), notJudged(judgement)], [[], []]);
  });

  const hashOf = (height: number) => (start[height] as BuiltBlock).block.hashHex;
  const bytesOf = (forged: Certificate) => toHex(CertificateType.serialize(forged));
  const cases: readonly (readonly [string, string, string])[] = [
    ["lower", `final_index = 1, final_hash = '${hashOf(1)}'`, "final_index"],
    ["higher", `final_index = 4, final_hash = '${hashOf(4)}'`, "final_index"],
    ["not in the file", "final_index = 9", "final_index"],
    ["unknown", "final_index = NULL, final_hash = NULL", "final_index"],
    ["another block", `final_hash = '${hashOf(2)}'`, "final_hash"],
    ["no certificate", "final_certificate = x'0102'", "final_certificate"],
    ["a forged vote", `final_certificate = x'${bytesOf(spoiled(certificate))}'`, "final_certificate"],
    [
      "of a block that is not there",
      `final_certificate = x'${bytesOf({ ...certificate, targetHeight: 9 })}'`,
      "final_certificate",
    ],
  ];
  for (const [what, set, column] of cases) {
    it(`is found out if it is ${what}`, async () => {
      const file = await written(start, proved);
      change(file, `UPDATE meta SET ${set}`);
      const found = authorityFindings(file);
      assert.ok(
        found.some((text) => text.endsWith(`, ${column}`)),
        `${column}: ${found.join("; ")}`,
      );
    });
  }

  it("is called not proved without a certificate below the last block, as by a node that has forgotten the votes", async () => {
    const judgement = judge(await written(start, { final }));
    assert.deepEqual([told(judgement), notJudged(judgement)], [[], []]);
    assert.match(String(judgement.authority.notProved[0]?.what), /^That block 3 can never be replaced/);
  });

  it("is proved in a ledger of final blocks alone by the votes for the first block that it lacks", async () => {
    const judgement = judge(await written(start, { ...proved, finalizedOnly: true }));
    assert.deepEqual([told(judgement), notJudged(judgement), judgement.authority.notProved], [[], [], []]);
    const forged = judge(
      await written(start, { final, certificate: spoiled(certificate), finalizedOnly: true }),
    );
    assert.match(notJudged(forged).join(), /the votes for the block above it do not hold/);
  });

  it("is called not proved if every block is said to be final, and nothing shows it", async () => {
    const judgement = judge(await written(start, { final: checkpointOf(tip) }));
    assert.deepEqual([told(judgement), notJudged(judgement)], [[], []]);
    assert.match(String(judgement.authority.notProved[0]?.what), /^That blocks 3 to 4 can never be replaced/);
  });
});

describe("the rows of authority_changes", () => {
  let rich = "";
  before(async () => {
    rich = newFile();
    await writeAuthorityLedger(rich);
  });

  const cases: readonly (readonly [string, RegExp])[] = [
    ["UPDATE authority_changes SET change = 'removed' WHERE change = 'slashed'", /change$/],
    ["DELETE FROM authority_changes WHERE change = 'slashed'", /authority_changes, account/],
    [
      "UPDATE authority_changes SET block_id = block_id + 1 WHERE change = 'removed'",
      /authority_changes, account/,
    ],
    ["UPDATE authority_changes SET node_id = 'x' WHERE block_id = 0", /node_id$/],
    ["UPDATE authority_changes SET origin = 'chain' WHERE block_id = 0", /origin$/],
    ["UPDATE blocks SET cumulative_weight = '1' WHERE \"index\" = 3", /cumulative_weight$/],
  ];
  for (const [statement, place] of cases) {
    it(`follow from the votes, and not after ${statement.slice(0, 60)}`, async () => {
      const file = newFile();
      await copyFile(rich, file);
      change(file, statement);
      assert.match(authorityFindings(file).join("\n"), new RegExp(place.source, "m"));
    });
  }
});

describe("trust recovery", () => {
  const three = new AuthorityChain(3);
  const [alone] = three.keys as [KeyPair];
  const lower = three.child(three.genesis);
  const certified = [lower, ...three.growCertified(lower, 3)];
  const lonely = three.grow(certified[3] as BuiltBlock, 8, { producer: alone });
  const trusted = lonely[5] as BuiltBlock;
  /** Two blocks above the trusted one were sealed before operators declared it final. */
  let effective = three.builder.restated(
    trusted,
    three.engine.authority!.recoveredState(trusted.record) as never,
  );
  for (const built of lonely.slice(6)) {
    const advanced = three.builder.advance({ ...built.block, ...built.block.header }, effective);
    assert.ok(advanced.ok);
    effective = three.builder.restated(built, advanced.value);
  }
  const onward = three.child(effective, { laterMs: 60_000 });
  const later = [onward, ...three.growCertified(onward, 2, { laterMs: 60_000 })];

  it("is a finding that names the block, unless its hash is trusted", async () => {
    const file = newFile();
    const trustRecovery = trusted.block.hash;
    const open = await openChain({ spec: three.builder.spec, trustRecovery });
    for (const block of [...certified, ...lonely, ...later]) await open.give(block);
    assert.equal(open.chain.head.hashHex, later.at(-1)?.block.hashHex);
    const job = createExportJob({ file }, { source: open.chain, clock: systemClock, logger: silentLogger });
    await job.catchUp();
    job.close();
    const hash = trusted.block.hashHex;
    const judgement = judge(file);
    const found = judgement.authority.kept;
    assert.deepEqual(told(judgement), ["authority: blocks, block 10, hash"]);
    assert.equal(found[0]?.found, hash);
    assert.match(String(found[0]?.meaning), /without a quorum/);
    const trusting = judge(file, { trustedHashes: [hash] });
    assert.deepEqual([told(trusting), notJudged(trusting)], [[], []]);
    assert.match(trusting.authority.notes.join(), /declared final by operators/);
  });
});
