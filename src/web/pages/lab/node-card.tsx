/** One node of the lab: how it is, where its own pages are, and what one can do to it. */
import type { LabNode, LabTrouble } from "../../../api/lab.ts";
import { badgesOf, doingText } from "../../lab/node-badges.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Hash } from "../../parts/hash.tsx";
import { sentence } from "../../parts/sentence-text.ts";
import { UserText } from "../../parts/user-text.tsx";
import { useLink } from "../../shell/place.ts";
import { NodeActions } from "./node-actions.tsx";

interface NodeCardProps {
  readonly node: LabNode;
  readonly troubles: readonly LabTrouble[];
  readonly mayAct: boolean;
}

export function NodeCard({ node, troubles, mayAct }: NodeCardProps) {
  const link = useLink(node.name);
  const { name, head, final, peers, mempool, consensus, process, advice, tampered } = node;
  const isUp = process === "running";
  return (
    <section class={isUp ? "card lab-node" : "card lab-node down"} aria-label={name}>
      <header>
        <h3>
          <a href={link("overview")}>{name}</a>
        </h3>
        <div class="row">
          {badgesOf(node).map(({ mood, text }) => (
            <Badge key={text} kind={mood}>
              {text}
            </Badge>
          ))}
        </div>
      </header>
      <dl class="lab-facts">
        <div>
          <dt>Head</dt>
          <dd>
            {head ? (
              <>
                <a href={link("block", { reference: head.hash })}>{head.height}</a>{" "}
                <Hash value={head.hash} copy={false} />
              </>
            ) : (
              "not known"
            )}
          </dd>
        </div>
        {consensus === "poa" && (
          <div>
            <dt>Final</dt>
            <dd>{final ? final.height : "none"}</dd>
          </div>
        )}
        <div>
          <dt>Peers</dt>
          <dd>{peers}</dd>
        </div>
        <div>
          <dt>Waiting</dt>
          <dd>{mempool}</dd>
        </div>
        <div>
          <dt>Newest block</dt>
          <dd>{head ? <AgeTime ms={head.timestampMs} /> : "none"}</dd>
        </div>
      </dl>
      <p class="small lab-doing">
        <UserText text={sentence(doingText(node))} />
      </p>
      {advice
        .filter(({ fault }) => fault)
        .map(({ code, what, next }) => (
          <p key={code} class="small lab-advice">
            <strong>
              <UserText text={sentence(what)} />
            </strong>{" "}
            <UserText text={sentence(next)} />
          </p>
        ))}
      {tampered && (
        <p class="small lab-advice">
          <strong>{sentence(tampered.what)}</strong>{" "}
          {tampered.noticed === null ? (
            "The node has not noticed it so far."
          ) : (
            <UserText text={sentence(tampered.noticed)} />
          )}
        </p>
      )}
      <p class="row small">
        <a href={link("overview")}>Overview</a>
        <a href={link("blocks")}>Blocks</a>
        <a href={link("forks")}>Forks</a>
        <a href={link("consensus")}>Consensus</a>
        <a href={link("network")}>Peers</a>
      </p>
      {mayAct && <NodeActions node={node} troubles={troubles} />}
    </section>
  );
}
