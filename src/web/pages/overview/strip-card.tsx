/** One block of the strip. */
import { AgeTime } from "../../parts/age-time.tsx";
import { HashStrip } from "../../parts/hash.tsx";
import { shortHash } from "../../parts/short-hash.ts";
import { UserText } from "../../parts/user-text.tsx";
import { useLink } from "../../shell/place.ts";
import type { PlacedBlock } from "./strip-layout.ts";

const stateTexts = { head: "head", chain: "", final: "final", branch: "branch" } as const;

interface StripCardProps extends Omit<PlacedBlock, "column"> {
  /** What nodes call themselves, by their addresses. */
  readonly names: ReadonlyMap<string, string>;
}

export function StripCard({ block, state, fill, lane, risesTo, names }: StripCardProps) {
  const link = useLink();
  const { hash, height, timestampMs, transactionCount, producer, producerName } = block;
  return (
    <a
      class={`overview-card ${state}${height === 0 ? " first" : ""}${risesTo === undefined ? "" : " rising"}`}
      href={link("block", { reference: hash })}
      data-same={producer ?? undefined}
      style={{ "--fill": String(fill), "--rise": String(risesTo ?? 0), "--lane": String(lane) }}
    >
      {risesTo !== undefined && <span class="overview-rise" aria-hidden="true" />}
      <span class="overview-fill" aria-hidden="true" />
      <span class="overview-card-top">
        <span class="overview-height">{height.toLocaleString("en-GB")}</span>
        {state === "final" && (
          <span class="overview-lock">
            <LockMark />
            <span class="unseen">final</span>
          </span>
        )}
        {(state === "head" || state === "branch") && <span class="overview-state">{stateTexts[state]}</span>}
      </span>
      <HashStrip value={hash} />
      <span class="overview-count">
        {transactionCount === 0
          ? "empty"
          : `${transactionCount.toLocaleString("en-GB")} ${transactionCount === 1 ? "transaction" : "transactions"}`}
      </span>
      <span class="overview-foot">
        <span class="overview-producer">
          {producer === null ? (
            "the beginning"
          ) : (
            <UserText text={producerName ?? names.get(producer) ?? shortHash(producer)} />
          )}
        </span>
        <AgeTime ms={timestampMs} />
      </span>
    </a>
  );
}

function LockMark() {
  return (
    <svg viewBox="0 0 12 14" width="10" height="12" aria-hidden="true">
      <path d="M3 6V4a3 3 0 0 1 6 0v2" fill="none" stroke="currentColor" stroke-width="1.6" />
      <rect x="1.5" y="6" width="9" height="7" rx="1.4" fill="currentColor" />
    </svg>
  );
}
