/** Which authorities' signatures make a block final, opened from its proof. */
import { getBlockProof } from "../../../api/light.ts";
import { addressOf, type CertifiedBlock, fromHex, openCertificates, toHex } from "../../../client/index.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { useNamesOfKeys } from "../../live/use-names-of-keys.ts";
import { Card } from "../../parts/card.tsx";
import { AccountLink } from "../../parts/links.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { useLink } from "../../shell/place.ts";
import type { Standing } from "./standing.ts";

export function FinalityCard({ hash, standing }: { hash: string; standing: Standing }) {
  return (
    <Card title="Who made it final">
      {standing.kind === "final" ? (
        <Certificates hash={hash} />
      ) : (
        <p class="soft">
          {standing.kind === "beside"
            ? "Nobody: it is beside the chain."
            : "Nobody so far: the authorities vote for each block, and two thirds of them make it final."}
        </p>
      )}
    </Card>
  );
}

function Certificates({ hash }: { hash: string }) {
  const { chainId } = useNode();
  const { answer, problem } = useAnswer(
    async ({ api }, signal) => {
      const id = chainId === undefined ? undefined : fromHex(chainId, 32);
      if (!id) return [];
      const proof = await api.call(getBlockProof, { params: { reference: hash } }, { signal });
      const opened = await openCertificates(proof, id);
      if (!opened.ok) throw new Error(opened.fault.reason);
      return opened.value;
    },
    [hash],
  );
  if (!answer) {
    if (problem !== undefined) return <ProblemNote problem={problem} />;
    return <p class="loading">Loading …</p>;
  }
  if (answer.length === 0) return <p class="soft">It follows from the chain's first rules.</p>;
  return (
    <div class="stack">
      <p class="soft small">
        These certificates, which the node shows, make it final. Verify checks each signature.
      </p>
      {answer.map((certified) => (
        <Certificate key={certified.target.height} certified={certified} />
      ))}
    </div>
  );
}

function Certificate({ certified: { target, authorities, votes } }: { certified: CertifiedBlock }) {
  const link = useLink();
  const names = useNamesOfKeys();
  const voters = new Set(votes.map(({ voter }) => toHex(voter)));
  return (
    <div>
      <p>
        Votes for <a href={link("block", { reference: toHex(target.hash) })}>block {target.height}</a>:{" "}
        {votes.length} of {authorities.length}
      </p>
      <ul class="block-votes">
        {authorities.map((key) => {
          const address = addressOf(key);
          const hasVoted = voters.has(toHex(key));
          return (
            <li key={address} class={hasVoted ? "voted" : "silent"}>
              <span aria-hidden="true">{hasVoted ? "✓" : "–"}</span>
              <span class="unseen">{hasVoted ? "signed: " : "not in it: "}</span>
              <AccountLink address={address} name={names.get(address) ?? null} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}
