/** What a transaction does, in one line: for lists and for the head of its own page. */
import type { PayloadAnswer } from "../../api/transaction-shapes.ts";
import { Amount } from "./amount.tsx";
import { AccountLink } from "./links.tsx";
import { UserText } from "./user-text.tsx";

/** @param withoutTo true where the receiver stands beside it */
export function PayloadText({ payload, withoutTo = false }: { payload: PayloadAnswer; withoutTo?: boolean }) {
  switch (payload.kind) {
    case "transfer":
      return (
        <span>
          {withoutTo ? "Sends " : ""}
          <Amount
            value={payload.amount ?? payload.amountUnits}
            unit={payload.amount === null ? "base units" : (payload.symbol ?? "AUR")}
          />
          {!withoutTo && (
            <>
              {" to "}
              <AccountLink address={payload.to} name={payload.toName} />
            </>
          )}
        </span>
      );
    case "record":
      return <span>Records data</span>;
    case "registerUser":
      return (
        <span>
          Registers <UserText text={payload.name} />
        </span>
      );
    case "issueAsset":
      return (
        <span>
          Issues <Amount value={payload.supply} unit={payload.symbol} />
        </span>
      );
    case "authorityVote":
      return (
        <span>
          Votes to {payload.action} <AccountLink address={payload.authority} name={payload.authorityName} />
        </span>
      );
  }
}
