/** Follows a Proof of Work chain: the heaviest chain of headers, through its reorganizations. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import {
  beginWorkLight,
  decodeMinedHeader,
  decodeWorkLight,
  encodeWorkLight,
  followHeaders,
  heightOf,
  type MinedHeader,
  minedHash,
  type WorkLight,
  type WorkPoint,
} from "../light/work-light.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { type AskWay, type Follower, pagesMax } from "./follower.ts";
import { held, NotVerified } from "./verified.ts";

/** How far below the tip a fork is looked for first; each further look goes eight times as far. */
const stepBackFirst = 8;

/** @param stored what `encode` gave another time */
export function followWork(spec: ChainSpec, stored: Uint8Array | undefined, now: () => number): Follower {
  let light = stored === undefined ? beginWorkLight(spec) : resumed(spec, stored);
  const tipOf = ({ points }: WorkLight) => points.at(-1) as WorkPoint;
  const height = () => light.points.length - 1;

  /** Takes headers over if they are heavier than what stands above their parent. */
  function take(headers: readonly MinedHeader[]): "taken" | "lighter" | "unknown" {
    const next = followHeaders(light, headers, { spec, nowMs: now() });
    if (next.ok) {
      light = next.value;
      return "taken";
    }
    if (next.fault.code === "light/block-unknown") return "unknown";
    // A node may be behind, or on a lighter branch: what is known stays.
    if (next.fault.code === "light/not-heavier") return "lighter";
    throw new NotVerified(next.fault.code, next.fault.reason);
  }

  /** @returns false if the first header stands on no block that is known */
  async function takeFrom(from: number, ask: AskWay): Promise<boolean> {
    // Another branch counts as a whole. Each page is judged as it comes, so none can fill the memory without true work.
    let branch: MinedHeader[] = [];
    for await (const headers of pagesFrom(from, ask)) {
      branch.push(...headers);
      const taken = take(branch);
      if (taken === "unknown") return false;
      if (taken === "taken") branch = [];
    }
    return true;
  }

  return {
    get tip() {
      return { height: height(), hash: tipOf(light).hash };
    },
    authorities: undefined,
    authoritiesAt: () => undefined,
    async follow(ask, check) {
      const before = height();
      let isKnown = await takeFrom(before, ask);
      for (let back = stepBackFirst; !isKnown; back *= 8) {
        const from = Math.max(0, before - back);
        isKnown = await takeFrom(from, ask);
        if (!isKnown && from === 0) {
          throw new NotVerified("light/link-broken", "the headers do not begin at the genesis");
        }
      }
      check("work", `${height()} headers with their work; the newest is ${toHex(tipOf(light).hash)}`);
    },
    judge({ mined }, check) {
      const at = held(heightOf(light, mined));
      const hash = minedHash(mined);
      check("header", `block ${at} has the hash ${toHex(hash)}`);
      check("seal", `the hash is no higher than its target ${toHex(mined.header.target)}: that is the work`);
      const confirmations = height() - at + 1;
      check("heaviest", `it is on the heaviest chain, under ${confirmations - 1} more blocks`);
      return { header: mined.header, hash, confirmations };
    },
    encode: () => encodeWorkLight(light),
  };
}

async function* pagesFrom(start: number, ask: AskWay): AsyncGenerator<MinedHeader[]> {
  let from = start;
  for (let pages = 0; ; pages += 1) {
    const { items, next } = await ask(from);
    const headers = items.map((bytes) => held(decodeMinedHeader(bytes)));
    if (headers.length > 0) yield headers;
    if (next === undefined) return;
    if (next <= from || pages === pagesMax) {
      throw new NotVerified("light/malformed", `the way does not lead on from block ${from}`);
    }
    from = next;
  }
}

function resumed(spec: ChainSpec, stored: Uint8Array): WorkLight {
  const light = decodeWorkLight(stored);
  const [genesis] = beginWorkLight(spec).points;
  if (light && bytesEqual(light.points[0]?.hash ?? new Uint8Array(0), genesis!.hash)) return light;
  throw new NotVerified("light/stored-invalid", "what was stored is no state of this chain");
}
