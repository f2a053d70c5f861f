/** What a block is, each label with its meaning: where it stands and what made it, then the fields of its header. */
import type { BlockAnswer } from "../../../api/blocks.ts";
import { headerTexts } from "../../bytes/field-texts.ts";
import { useNode } from "../../live/node-view.ts";
import { useNamesOfKeys } from "../../live/use-names-of-keys.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Amount } from "../../parts/amount.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Hash } from "../../parts/hash.tsx";
import { AccountLink } from "../../parts/links.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { useLink } from "../../shell/place.ts";
import type { Standing } from "./standing.ts";

export function BlockFacts({ block, standing }: { block: BlockAnswer; standing: Standing }) {
  const link = useLink();
  const names = useNamesOfKeys();
  const { producer, certificate, offenders } = block;
  return (
    <Facts>
      <Fact label="Standing" meaning={standingMeaning(standing)}>
        <StandingBadge standing={standing} />
      </Fact>
      <Fact
        label="Hash"
        meaning="The block's name, computed from its header and nonce: nobody can change a bit of the block and keep it."
      >
        <Hash value={block.hash} whole />
      </Fact>
      <Fact label="Time" meaning={meaningOf("timestampMs")}>
        {block.time}{" "}
        <span class="soft">
          (<AgeTime ms={block.timestampMs} />)
        </span>
      </Fact>
      <Fact label="Producer" meaning={meaningOf("producer")}>
        {producer === null ? (
          "nobody: the chain's beginning"
        ) : (
          <AccountLink address={producer} name={block.producerName ?? names.get(producer) ?? null} copy />
        )}
      </Fact>
      <Fact label="Parent" meaning={meaningOf("parentHash")}>
        {block.height === 0 ? (
          "none"
        ) : (
          <Hash value={block.parentHash} href={link("block", { reference: block.parentHash })} />
        )}
      </Fact>
      <Fact label="Fees" meaning="What the senders of its transactions paid to the producer, all together.">
        <Amount value={block.fees} />
      </Fact>
      <Fact label="Size" meaning="Of the whole block, as nodes send it to each other.">
        {block.bytes.toLocaleString("en-GB")} bytes
      </Fact>
      {certificate && (
        <Fact
          label="Certifies"
          meaning="The block carries a certificate: the votes of a quorum of authorities for a block below it."
        >
          <a href={link("block", { reference: certificate.hash })}>block {certificate.height}</a>
          <span class="soft">, signed by </span>
          <span class="block-names">
            {certificate.signers.map((address) => (
              <AccountLink key={address} address={address} name={names.get(address) ?? null} />
            ))}
          </span>
        </Fact>
      )}
      {offenders.length > 0 && (
        <Fact
          label="Removes"
          meaning="The block carries evidence that these authorities contradicted themselves. They are removed for good."
        >
          <span class="block-names">
            {offenders.map((address) => (
              <AccountLink key={address} address={address} name={names.get(address) ?? null} />
            ))}
          </span>
        </Fact>
      )}
    </Facts>
  );
}

export function HeaderFacts({ block }: { block: BlockAnswer }) {
  const { engine } = useNode();
  return (
    <Facts>
      <Fact label="Transactions root" meaning={meaningOf("transactionsRoot")}>
        <Hash value={block.transactionsRoot} />
      </Fact>
      <Fact label="State root" meaning={meaningOf("stateRoot")}>
        <Hash value={block.stateRoot} />
      </Fact>
      <Fact label="Consensus root" meaning={meaningOf("consensusRoot")}>
        <Hash value={block.consensusRoot} />
      </Fact>
      <Fact label="Consensus state" meaning={meaningOf("consensusStateHash")}>
        <Hash value={block.consensusStateHash} />
      </Fact>
      <Fact label="Chain id" meaning={meaningOf("chainId")}>
        <Hash value={block.chainId} />
      </Fact>
      {engine === "pow" && (
        <>
          <Fact label="Target" meaning={meaningOf("target")}>
            <Hash value={block.target} whole />
          </Fact>
          <Fact
            label="Nonce"
            meaning="The number that the miner counted to until the hash was below the target; then all 32 bytes of the nonce."
          >
            {block.countingNonce} <Hash value={block.nonce} />
          </Fact>
        </>
      )}
      {block.signature !== null && (
        <Fact
          label="Seal"
          meaning="The producer's signature over the hash: the producer's node id, the hash, and 64 bytes of Ed25519."
        >
          <span class="mono small block-long">{block.signature}</span>
        </Fact>
      )}
      <Fact
        label={engine === "pow" ? "Work so far" : "Weight so far"}
        meaning="The sum over the chain up to this block; of two branches the heavier one counts."
      >
        {block.cumulativeWeight}
      </Fact>
      <Fact label="Note" meaning={meaningOf("extraData")}>
        {block.extraData === "" ? <span class="soft">empty</span> : <UserText text={block.extraData} />}
      </Fact>
    </Facts>
  );
}

function meaningOf(field: string): string {
  return headerTexts[field]?.meaning ?? "";
}

function StandingBadge({ standing }: { standing: Standing }) {
  switch (standing.kind) {
    case "final":
      return <Badge kind="good">final</Badge>;
    case "chain":
      return (
        <Badge kind="accent">
          {standing.confirmations === 1 ? "the newest block" : `${standing.confirmations} blocks deep`}
        </Badge>
      );
    case "beside":
      return <Badge kind="warn">beside the chain</Badge>;
  }
}

function standingMeaning({ kind }: Standing): string {
  if (kind === "final") return "Two thirds of the authorities certified it: nothing can undo it.";
  if (kind === "beside")
    return "Another branch is heavier. Its transactions count only if that branch holds them.";
  return "How many blocks stand on it, itself included. The more there are, the harder it is to undo it.";
}
