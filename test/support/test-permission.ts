/** A signing permission that a test gives and takes. */
import { EventEmitter } from "node:events";
import type { NotSealingReason } from "../../src/sealing/not-sealing.ts";
import type { SigningPermission, SigningPermissionEvents } from "../../src/sealing/signing-permission.ts";

export class TestPermission implements SigningPermission {
  readonly events = new EventEmitter<SigningPermissionEvents>();
  #reason: NotSealingReason | undefined;

  /** @param reason at the beginning */
  constructor(reason?: NotSealingReason) {
    this.#reason = reason;
  }

  get reason(): NotSealingReason | undefined {
    return this.#reason;
  }

  /** From now on this is the reason; undefined gives the permission. */
  set(reason: NotSealingReason | undefined): void {
    this.#reason = reason;
    this.events.emit("changed");
  }
}
