/** What every piece of the page "Send" works with, for the chain that the node is on. */
import type { Keep } from "../../wallet/keep.ts";
import type { KeyRing } from "../../wallet/key-ring.ts";
import type { Outbox } from "../../wallet/outbox.ts";
import type { SendContext } from "../../wallet/sending.ts";

export interface SendTools extends SendContext {
  readonly keep: Keep;
  readonly ring: KeyRing;
  readonly outbox: Outbox;
}
