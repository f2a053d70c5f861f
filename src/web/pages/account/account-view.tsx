/** All of an account: what it has, what waits for it, what it holds, and what has happened to it. */
import { type AccountAnswer, getAccount } from "../../../api/accounts.ts";
import { groupedAddress } from "../../../base/visible-text.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Amount } from "../../parts/amount.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Hash, HashStrip } from "../../parts/hash.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Note } from "../../parts/note.tsx";
import { QrCode } from "../../parts/qr-code.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { useLink } from "../../shell/place.ts";
import { VerifyCard } from "../../verify/verify-card.tsx";
import { AccountHistory } from "./account-history.tsx";
import { AccountPending } from "./account-pending.tsx";
import { BalanceChart } from "./balance-chart.tsx";
import { balanceLine } from "./balance-line.ts";
import { Holdings } from "./holdings.tsx";
import "./account.css";

/** @param reference an address, a public key or a name */
export function AccountView({ reference }: { reference: string }) {
  const account = useAnswer(
    ({ api }, signal) => api.call(getAccount, { params: { account: reference } }, { signal }),
    [reference],
    { reloadOn: ["head", "final", "mempool", "reorg"] },
  );
  return (
    <Loaded of={account}>
      {(answer) => (
        <>
          <div class="account-top">
            <Balance account={answer} />
            <Identity account={answer} />
          </div>
          <AccountPending account={answer} />
          {answer.itemCount !== null && <BalanceChart account={answer} />}
          {answer.assetCount > 0 && <Holdings account={answer} />}
          <VerifyCard
            key={answer.address}
            what="this balance"
            question={{ kind: "balance", account: answer.address, shown: answer }}
            onOutdated={account.reload}
          />
          {answer.itemCount === null ? <NoHistory /> : <AccountHistory account={answer} />}
        </>
      )}
    </Loaded>
  );
}

/** Asked for all the same, the history would be an error. */
function NoHistory() {
  const { status } = useNode();
  const { kept, blocks, of } = status?.accountIndex ?? { kept: true, blocks: 0, of: 0 };
  return (
    <Card title="History">
      {kept ? (
        <Note title="The account index is being built">
          It covers {blocks} of {of} blocks. The history is shown here when it covers all of them.
        </Note>
      ) : (
        <Note title="This node keeps no account index">
          So it has no histories. Start it without --no-account-index, or ask another node.
        </Note>
      )}
    </Card>
  );
}

function Balance({ account }: { account: AccountAnswer }) {
  const { balances, immature, immatureUnits, sequence, itemCount } = account;
  return (
    <Card title="Balance">
      <p class="account-balance">
        {balanceLine(balances)} <span class="soft">AUR</span>
      </p>
      {itemCount === 0 && <p class="soft">Nothing has happened to this account yet.</p>}
      <Facts>
        {balances.final !== null && (
          <Fact label="Final" meaning="At the final block: no reorganization can take it back.">
            <Amount value={balances.final} />
          </Fact>
        )}
        <Fact label="In the chain" meaning="At the newest block, the head.">
          <Amount value={balances.committed} />
        </Fact>
        <Fact label="↓ Pending in" meaning="What waiting transfers to this account would bring.">
          <Amount value={balances.pendingIn} />
        </Fact>
        <Fact label="↑ Pending out" meaning="What its own waiting transactions take, fees included.">
          <Amount value={balances.pendingOut} />
        </Fact>
        <Fact
          label="Spendable"
          meaning="What another transaction may take now: in the chain, less what waits to go out."
        >
          <Amount value={balances.spendable} />
        </Fact>
        {immatureUnits !== "0" && (
          <Fact label="Immature" meaning="Earned by its blocks, and not to be spent before they are older.">
            <Amount value={immature} />
          </Fact>
        )}
        <Fact label="Transactions sent" meaning="The sequence that the next one has to have.">
          {sequence.toLocaleString("en-GB")}
        </Fact>
      </Facts>
    </Card>
  );
}

function Identity({ account: { address, name, publicKey } }: { account: AccountAnswer }) {
  const link = useLink();
  return (
    <Card title="Who it is" lead={<a href={link("send", {}, { to: address })}>Send to it</a>}>
      <div class="account-identity">
        <Facts>
          <Fact label="Name" meaning="Registered on the chain, by this account alone.">
            {name === null ? (
              <span class="soft">none</span>
            ) : (
              <Badge kind="accent">
                <UserText text={name} />
              </Badge>
            )}
          </Fact>
          <Fact label="Address" meaning="In groups, so that the eye can compare it with another one.">
            <span class="account-address" data-same={address}>
              <HashStrip value={address} /> <span class="mono">{groupedAddress(address)}</span>{" "}
              <CopyButton text={address} label="Copy the address" />
            </span>
          </Fact>
          <Fact label="Public key" meaning="The same as the address, as programs write it.">
            <Hash value={publicKey} />
          </Fact>
        </Facts>
        <QrCode text={address} label={`QR code of the address ${address}`} />
      </div>
    </Card>
  );
}
