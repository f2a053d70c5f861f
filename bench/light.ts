/** A reader without bodies: how long and how many bytes from the chain id to the final block, and to one old block. */
import { toHex } from "../src/base/bytes.ts";
import { beginAuthorityLight, followStep } from "../src/light/authority-light.ts";
import { stepsAfter } from "../src/light/build-steps.ts";
import { finalityProofOf, verifyFinality } from "../src/light/finality-proof.ts";
import { decodeLightStep, encodeLightStep } from "../src/light/light-step.ts";
import { equationHolds as verifyPortably } from "../src/protocol/crypto/portable.ts";
import { meetsConditions, verifySignature } from "../src/protocol/signing.ts";
import { LightChain } from "./light-chain.ts";
import { elapsedMs, type Figure, median, type Section } from "./measure.ts";

const changes = 50;

type Verify = typeof verifySignature;

export const measureLight: Section = async ({ quick, progress }) => {
  const blocks = quick ? 1_000 : 10_000;
  const chain = new LightChain();
  const between = Math.floor(blocks / changes) - 4;
  for (let change = 0; change < changes; change += 1) {
    chain.grow(between);
    chain.change();
  }
  chain.grow(blocks - chain.height);
  progress(`${chain.height} blocks, ${changes} changes of the authorities`);
  const source = chain.source();
  const pages = stepsAfter(0, source, 1_000).steps.map(({ step }) => toHex(encodeLightStep(step)));
  const { spec } = chain;

  const asked: Parameters<Verify>[] = [];
  const follow = (verify: Verify) => {
    let light = beginAuthorityLight(spec);
    for (const page of pages) {
      const step = decodeLightStep(Buffer.from(page, "hex"));
      const next = step.ok ? followStep(light, step.value, { spec, verify }) : step;
      if (!next.ok) throw new Error(next.fault.reason);
      light = next.value;
    }
    if (light.final.height < blocks - 2) throw new Error(`only ${light.final.height} blocks are final`);
    return light;
  };
  const light = follow((...call) => {
    asked.push(call);
    return verifySignature(...call);
  });
  const verifyBrowser: Verify = (message, signature, key) =>
    meetsConditions(signature, key) && verifyPortably(message, signature, key);
  const proof = finalityProofOf(Math.floor(blocks / 2), source);
  if (typeof proof === "string") throw new Error(proof);
  const proofMs = (): Promise<number> =>
    elapsedMs(() => {
      const verified = verifyFinality(light, proof, { spec, verify: verifySignature });
      if (!verified.ok) throw new Error(verified.fault.reason);
    });

  const rounds = quick ? 2 : 7;
  const times: Record<"build" | "node" | "browser" | "bare" | "proof", number[]> = {
    build: [],
    node: [],
    browser: [],
    bare: [],
    proof: [],
  };
  for (let round = 0; round < rounds; round += 1) {
    times.build.push(await elapsedMs(() => stepsAfter(0, source, 1_000)));
    times.node.push(await elapsedMs(() => follow(verifySignature)));
    times.bare.push(
      await elapsedMs(() => {
        for (const call of asked) verifySignature(...call);
      }),
    );
    times.proof.push(await proofMs());
  }
  for (let round = 0; round < (quick ? 1 : 3); round += 1) {
    times.browser.push(await elapsedMs(() => follow(verifyBrowser)));
  }
  const bytes = pages.reduce((sum, page) => sum + page.length, 0);
  const what = `${blocks.toLocaleString("en-US")} blocks, ${changes} changes`;
  const figures: Figure[] = [
    {
      name: `light: ${what}, in Node`,
      value: median(times.node),
      unit: "ms",
      limit: { value: median(times.bare), meaning: `${asked.length} signatures verified, nothing else` },
    },
    {
      name: `light: ${what}, with the browser's cryptography`,
      value: median(times.browser),
      unit: "ms",
    },
    { name: `light: ${what}, as hex`, value: bytes / 1_000, unit: "kB" },
    { name: "light: the way put together by the node", value: median(times.build), unit: "ms" },
    { name: "light: the proof of one old block verified", value: median(times.proof), unit: "ms" },
  ];
  return figures;
};
