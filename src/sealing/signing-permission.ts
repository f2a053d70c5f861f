/** Whether this node may sign now, as the producer, the voter and admission ask it. */
import type { EventEmitter } from "node:events";
import type { NotSealingReason } from "./not-sealing.ts";

export interface SigningPermissionEvents {
  /** `reason` has another value. */
  changed: [];
}

export interface SigningPermission {
  /**
   * Why this node must not sign now; undefined if it may. The value changes only together with `changed`, so whoever
   * reads a reason does not have to ask again before that event.
   */
  readonly reason: NotSealingReason | undefined;
  readonly events: EventEmitter<SigningPermissionEvents>;
}
