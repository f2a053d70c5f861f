/** All fields of a transaction, each label with its meaning; its payload by kind. */
import type { PayloadAnswer } from "../../../api/transaction-shapes.ts";
import type { TransactionAnswer } from "../../../api/transactions.ts";
import { transactionTexts } from "../../bytes/field-texts.ts";
import { Amount } from "../../parts/amount.tsx";
import { Card } from "../../parts/card.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Hash } from "../../parts/hash.tsx";
import { AccountLink } from "../../parts/links.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { useLink } from "../../shell/place.ts";
import { SenderSteps } from "../account/sender-steps.tsx";

type Known = Exclude<TransactionAnswer, { readonly status: "dropped" }>;

export function TransactionFacts({ answer }: { answer: Known }) {
  return (
    <>
      <Card title="What it does">
        <Facts>
          <Fact label="From" meaning={meaningOf("sender")}>
            <AccountLink address={answer.sender} name={answer.senderName} copy />
          </Fact>
          <PayloadFacts payload={answer.payload} />
          <Fact label="Fee" meaning={meaningOf("fee")}>
            <Amount value={answer.fee} />
          </Fact>
        </Facts>
      </Card>
      <Card title="How it was signed">
        <Facts>
          <Fact label="Sequence" meaning={meaningOf("sequence")}>
            <SenderSteps
              sender={answer.sender}
              sequence={answer.sequence}
              height={answer.status === "committed" ? answer.block.height : undefined}
            />
          </Fact>
          <Fact label="Signed at" meaning={meaningOf("timestampMs")}>
            {answer.time ?? answer.timestampMs}
          </Fact>
          <Fact label="Valid until" meaning={meaningOf("validUntil")}>
            {answer.validUntil === 0 ? "no limit" : `block ${answer.validUntil}`}
          </Fact>
          <Fact label="Size" meaning="Of the signed transaction, on the wire and in the block.">
            {answer.bytes} bytes
          </Fact>
          {answer.status === "pending" && (
            <Fact
              label="To replace it"
              meaning="Another transaction with the same sequence takes its place if it pays at least this fee."
            >
              <Amount value={answer.replacementFee} />
            </Fact>
          )}
          <Fact label="Signature" meaning={meaningOf("signature")}>
            <span class="mono small block-long">{answer.signature}</span>
          </Fact>
        </Facts>
      </Card>
    </>
  );
}

function PayloadFacts({ payload }: { payload: PayloadAnswer }) {
  const link = useLink();
  switch (payload.kind) {
    case "transfer":
      return (
        <>
          <Fact label="To" meaning={meaningOf("payload.to")}>
            <AccountLink address={payload.to} name={payload.toName} copy />
          </Fact>
          <Fact label="Amount" meaning="What the receiver gets; the fee comes on top.">
            <Amount
              value={payload.amount ?? payload.amountUnits}
              unit={payload.amount === null ? "base units" : (payload.symbol ?? "AUR")}
            />
          </Fact>
          {payload.assetId !== "AUR" && (
            <Fact label="Asset" meaning={meaningOf("payload.assetId")}>
              <Hash value={payload.assetId} href={link("asset", { id: payload.assetId })} />
            </Fact>
          )}
          <TextFact label="Memo" field="payload.memo" text={payload.memo} />
        </>
      );
    case "record":
      return <TextFact label="Data" field="payload.data" text={payload.data} />;
    case "registerUser":
      return (
        <Fact label="Name" meaning="From now on the ledger says that the name is the sender's.">
          <a href={link("user", { name: payload.name })}>
            <UserText text={payload.name} />
          </a>
        </Fact>
      );
    case "issueAsset":
      return (
        <>
          <Fact label="Symbol" meaning={meaningOf("payload.symbol")}>
            <a href={link("asset", { id: payload.assetId })}>
              <UserText text={payload.symbol} />
            </a>
          </Fact>
          <Fact label="Name" meaning="The asset's long name.">
            <UserText text={payload.name} />
          </Fact>
          <Fact label="Supply" meaning="All that there will ever be; the sender holds it at first.">
            <Amount value={payload.supply} unit={payload.symbol} />
          </Fact>
          <Fact label="Decimals" meaning={meaningOf("payload.decimals")}>
            {payload.decimals}
          </Fact>
          <TextFact label="Metadata" field="payload.metadata" text={payload.metadata} />
        </>
      );
    case "authorityVote":
      return (
        <>
          <Fact label="Votes to" meaning={meaningOf("payload.action")}>
            {payload.action}
          </Fact>
          <Fact label="Authority" meaning={meaningOf("payload.authority")}>
            <AccountLink address={payload.authority} name={payload.authorityName} copy />
          </Fact>
          <Fact label="Node id" meaning="The same key, as nodes call each other.">
            <span class="mono small block-long">{payload.nodeId}</span>
          </Fact>
          <Fact label="Counts until" meaning={meaningOf("payload.expiresAtHeight")}>
            block {payload.expiresAtHeight}
          </Fact>
        </>
      );
  }
}

function TextFact({ label, field, text }: { label: string; field: string; text: string }) {
  return (
    <Fact label={label} meaning={meaningOf(field)}>
      {text === "" ? (
        <span class="soft">none</span>
      ) : (
        <span class="transaction-text">
          <UserText text={text} />
        </span>
      )}
    </Fact>
  );
}

function meaningOf(field: string): string {
  return transactionTexts[field]?.meaning ?? "";
}
