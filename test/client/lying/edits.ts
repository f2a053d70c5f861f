/** Changes to what a node answers, made on the values that the bytes stand for. */
import type { Type } from "@chainsafe/ssz";
import { fromHex, toHex } from "../../../src/base/bytes.ts";
import { type AttestedBlock, AttestedBlockType } from "../../../src/light/attested-block.ts";
import { decodeLightStep, encodeLightStep, type LightStep } from "../../../src/light/light-step.ts";
import { decodeMinedHeader, encodeMinedHeader, type MinedHeader } from "../../../src/light/work-light.ts";
import { type Header, HeaderType } from "../../../src/protocol/block.ts";
import type { Lie } from "./lying-node.ts";

// biome-ignore lint/suspicious/noExplicitAny: an answer is changed in any way
export type Answer = any;

export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (!bytes) throw new Error(`no hex: ${hex}`);
  return bytes;
}

/** Turns a bit; `at` may count from the end. */
export function flip(bytes: Uint8Array, at = 0): Uint8Array {
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] as number) ^ 1;
  return bytes;
}

export function flipHex(hex: string, at = 0): string {
  return toHex(flip(bytesOf(hex), at));
}

function edited<Value>(type: Type<Value>, hex: string, edit: (value: Value) => void): string {
  const value = type.deserialize(bytesOf(hex));
  edit(value);
  return toHex(type.serialize(value));
}

export function editedHeader(hex: string, edit: (header: Header) => void): string {
  return edited(HeaderType, hex, edit);
}

/** On answers whose path fits. */
export function on(route: RegExp, edit: (answer: Answer, path: string) => Answer): Lie {
  return (answer, path) => (route.test(path) ? (edit(answer as Answer, path) ?? answer) : answer);
}

const lightPath = /^\/v1\/light/;

/** The steps of the way from set to set, all at once. */
export function inSteps(edit: (steps: LightStep[]) => LightStep[] | undefined): Lie {
  return on(lightPath, (answer) => {
    const steps = (answer.items as { bytes: string }[]).map(({ bytes }) => {
      const step = decodeLightStep(bytesOf(bytes));
      if (!step.ok) throw new Error(step.fault.reason);
      return step.value;
    });
    const told = edit(steps) ?? steps;
    const items = told.map((step) => ({ height: 1, bytes: toHex(encodeLightStep(step)) }));
    return { ...answer, items };
  });
}

/** The first attested block of a step that has one. */
export function inLink(edit: (block: AttestedBlock, steps: LightStep[]) => void): Lie {
  return inSteps((steps) => {
    const step = steps.find(({ link }) => link.length > 0);
    if (step) edit(step.link[0] as AttestedBlock, steps);
    return steps;
  });
}

/** The headers of a chain of work, all at once. */
export function inHeaders(edit: (headers: MinedHeader[]) => MinedHeader[] | undefined): Lie {
  return on(lightPath, (answer) => {
    const headers = (answer.items as { bytes: string }[]).map(({ bytes }) => {
      const header = decodeMinedHeader(bytesOf(bytes));
      if (!header.ok) throw new Error(header.fault.reason);
      return header.value;
    });
    const told = edit(headers) ?? headers;
    return {
      ...answer,
      items: told.map((header) => ({ height: 1, bytes: toHex(encodeMinedHeader(header)) })),
    };
  });
}

/** The proof of a block, wherever it stands: by itself, or under a transaction or an account. */
export function inBlockProof(edit: (proof: Answer) => Answer): Lie {
  return on(/\/proof/, (answer) => {
    if (answer.block === undefined) return edit(answer) ?? answer;
    return { ...answer, block: edit(answer.block) ?? answer.block };
  });
}

export function inProvenHeader(edit: (header: Header) => void): Lie {
  return inBlockProof((proof) => ({ ...proof, header: editedHeader(proof.header, edit) }));
}

export function inAttested(edit: (block: AttestedBlock) => void): Lie {
  return inBlockProof((proof) => ({
    ...proof,
    link: (proof.link as string[]).map((hex, index) =>
      index === 0 ? edited(AttestedBlockType, hex, edit) : hex,
    ),
  }));
}
