/** The inputs of each kind of transaction. */
import type { ComponentChildren } from "preact";
import type { AccountAnswer } from "../../../api/accounts.ts";
import { visibleText } from "../../../base/visible-text.ts";
import { formatAmount } from "../../../client/index.ts";
import { Button } from "../../parts/button.tsx";
import { Field, type InputProps } from "../../parts/field.tsx";
import type { FormFaults, FormField, FormTexts, Holding, WishKind } from "../../wallet/form.ts";
import { sendableUnits } from "../../wallet/form.ts";
import type { ContactRow } from "../../wallet/rows.ts";

export interface FieldsProps {
  readonly texts: FormTexts;
  readonly faults: FormFaults;
  readonly onChange: (field: FormField, text: string) => void;
  readonly account: AccountAnswer;
  /** Of the asset that is chosen. */
  readonly holding: Holding | undefined;
  readonly contacts: readonly ContactRow[];
  readonly fee: bigint;
}

export function KindFields({ kind, ...props }: FieldsProps & { readonly kind: WishKind }) {
  switch (kind) {
    case "transfer":
      return <TransferFields {...props} />;
    case "registerUser":
      return (
        <TextField
          {...props}
          field="name"
          label="Name to register"
          hint="Such as alice@example.com. It is for ever: an account has one name, and a name has one account."
        />
      );
    case "record":
      return (
        <TextField
          {...props}
          field="data"
          label="What is recorded"
          hint="Up to 4,000 bytes. Everybody can read it, and nobody can take it back."
          rows={5}
        />
      );
    case "issueAsset":
      return <AssetFields {...props} />;
  }
}

function TransferFields(props: FieldsProps) {
  const { texts, faults, onChange, account, holding, contacts, fee } = props;
  const held = account.assets.filter(({ balanceUnits }) => balanceUnits !== "0").slice(0, 100);
  const most = holding && sendableUnits(holding, fee);
  return (
    <>
      <TextField
        {...props}
        field="to"
        label="To"
        hint="An address (aurex1…) or a registered name."
        list="send-contacts"
      />
      <datalist id="send-contacts">
        {contacts.slice(0, 50).map(({ address, label }) => (
          <option key={address} value={label || address}>
            {address}
          </option>
        ))}
      </datalist>
      <Field label="Asset" fault={faults.asset}>
        {(input) => (
          <select
            {...input}
            value={texts.asset}
            onInput={({ currentTarget }) => onChange("asset", currentTarget.value)}
          >
            <option value="AUR">AUR</option>
            {held.map(({ assetId, symbol }) => (
              <option key={assetId} value={assetId}>
                {visibleText(symbol)} ({assetId.slice(0, 8)}…)
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field
        label="Amount"
        hint={
          holding && most !== undefined
            ? `This key can send ${formatAmount(most, holding.decimals)} ${visibleText(holding.symbol)} now.`
            : undefined
        }
        fault={faults.amount}
      >
        {(input) => (
          <div class="send-amount">
            <input
              {...input}
              inputMode="decimal"
              autocomplete="off"
              value={texts.amount}
              onInput={({ currentTarget }) => onChange("amount", currentTarget.value)}
            />
            <Button
              disabled={!holding}
              onClick={() => holding && onChange("amount", formatAmount(most ?? 0n, holding.decimals))}
            >
              Max
            </Button>
          </div>
        )}
      </Field>
      <TextField {...props} field="memo" label="Memo" hint="May be empty. Everybody can read it." />
    </>
  );
}

function AssetFields(props: FieldsProps) {
  return (
    <>
      <TextField
        {...props}
        field="symbol"
        label="Symbol of the new asset"
        hint="1 to 12 capital letters and digits. It is no name: others may issue the same symbol, and only the asset's id tells them apart."
      />
      <TextField {...props} field="assetName" label="Name of the asset" hint="Such as Gold in grams." />
      <TextField
        {...props}
        field="decimals"
        label="Decimal places"
        hint="0 to 18; 2 for cents."
        mode="numeric"
      />
      <TextField
        {...props}
        field="supply"
        label="Supply"
        hint="All of it, now and for ever; it belongs to this key at first."
        mode="decimal"
      />
      <TextField
        {...props}
        field="metadata"
        label="Metadata"
        hint="May be empty. Everybody can read it."
        rows={2}
      />
    </>
  );
}

interface TextFieldProps extends Pick<FieldsProps, "texts" | "faults" | "onChange"> {
  readonly field: FormField;
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly rows?: number;
  readonly list?: string;
  readonly mode?: "numeric" | "decimal";
}

export function TextField({ texts, faults, onChange, field, label, hint, rows, list, mode }: TextFieldProps) {
  const input = (props: InputProps) => ({
    ...props,
    value: texts[field],
    autocomplete: "off",
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) =>
      onChange(field, currentTarget.value),
  });
  return (
    <Field label={label} hint={hint} fault={faults[field]}>
      {(props) =>
        rows === undefined ? (
          <input {...input(props)} list={list} inputMode={mode} spellcheck={false} autocapitalize="none" />
        ) : (
          <textarea {...input(props)} rows={rows} />
        )
      }
    </Field>
  );
}
