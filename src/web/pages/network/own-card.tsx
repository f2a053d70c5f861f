/** How this node can be reached, and what the other clocks say about its own. */
import type { ClockAnswer } from "../../../api/node.ts";
import type { NodeAnswer } from "../../../api/node-status.ts";
import { shellWord } from "../../../base/shell-word.ts";
import { Card } from "../../parts/card.tsx";
import { CommandLine } from "../../parts/command-line.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Hash } from "../../parts/hash.tsx";
import { Note } from "../../parts/note.tsx";
import { spanText } from "../../parts/quantity-text.ts";
import { offsetText } from "./peer-texts.ts";

/** Only nodes of the same machine reach it there. */
const isLoopback = (address: string) => /^\/ip4\/127\.|^\/ip6\/::1\//.test(address);

interface OwnCardProps {
  readonly status: NodeAnswer;
  readonly clock: ClockAnswer | undefined;
}

export function OwnCard({ status, clock }: OwnCardProps) {
  const address = status.addresses.find((each) => !isLoopback(each)) ?? status.addresses[0];
  return (
    <Card title="This node">
      <div class="stack">
        {clock?.note && (
          <Note kind={clock.off ? "bad" : "warn"} title="Clocks differ">
            {clock.note}
          </Note>
        )}
        <Facts>
          <Fact label="Node id" meaning="The node's public key, by which others know it">
            <Hash value={status.nodeId} />
          </Fact>
          <Fact label="Software">{status.software}</Fact>
          {clock && (
            <Fact
              label="Clock"
              meaning={`A node whose clock is off by more than ${spanText(clock.toleranceMs)} seals and votes nothing`}
            >
              {clock.offsetMs === null
                ? `too few other clocks: ${clock.measuredAgainst} of ${clock.needed} that it takes`
                : `${offsetText(clock.offsetMs)}, against the median of ${clock.measuredAgainst} others`}
            </Fact>
          )}
          <Fact label="Addresses" meaning="Where other nodes reach it">
            <ul class="network-addresses">
              {status.addresses.map((each) => (
                <li key={each}>
                  <code class="network-address">{each}</code>
                </li>
              ))}
            </ul>
          </Fact>
        </Facts>
        {address !== undefined && (
          <div>
            <p class="soft small">To connect another node with this one:</p>
            <CommandLine
              command={`aurex-node --consensus ${status.consensus} --network ${shellWord(status.network)} --bootstrap ${address}`}
            />
          </div>
        )}
        {status.mdnsFault !== null && (
          <p class="soft">Nobody can be found by mDNS on this machine: {status.mdnsFault}.</p>
        )}
      </div>
    </Card>
  );
}
