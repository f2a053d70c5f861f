/** Votes out the authority that the chain shows to do nothing; each honest authority casts the same vote by itself. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import { ballotsPerVoterMax, isFor } from "../consensus/poa/ballot-box.ts";
import { describeFault } from "../protocol/faults.ts";
import { addressOf } from "../protocol/identity.ts";
import { authorityActions } from "../protocol/transaction.ts";
import type { SigningPermission } from "../sealing/signing-permission.ts";
import type { MemberWork, Participation } from "./participation.ts";
import { mayBeSilent, silentMember } from "./set-rule.ts";
import type { VoteCaster } from "./vote-caster.ts";

export interface SilenceWatchModules {
  readonly chain: Pick<Chain, "head" | "spec" | "engine">;
  readonly participation: Participation;
  readonly caster: VoteCaster;
  readonly permission: SigningPermission | undefined;
  readonly logger: Logger;
}

/** A vote counts for so many blocks. If the member works again by then, the vote is forgotten. */
const removalBlocks = 64;
const noConsent = new Uint8Array(64);

export class SilenceWatch {
  readonly #publicKey: Uint8Array;
  readonly #modules: SilenceWatchModules;
  #isCasting = false;

  constructor(publicKey: Uint8Array, modules: SilenceWatchModules) {
    this.#publicKey = publicKey;
    this.#modules = modules;
  }

  /** Casts a vote if one is due; to be called on each new head. */
  look(): void {
    const silent = this.#silent();
    if (!silent || this.#isCasting || this.#hasVoted(silent)) return;
    this.#isCasting = true;
    void this.#cast(silent).finally(() => {
      this.#isCasting = false;
    });
  }

  #silent(): MemberWork | undefined {
    const { chain, participation, permission } = this.#modules;
    const { admission } = chain.spec;
    // Where operators decide who comes, they decide who goes.
    if (admission === "vote" || !permission || permission.reason !== undefined) return undefined;
    const set = authoritiesOf(chain.engine, chain.head);
    const isMember = set.some((key) => bytesEqual(key, this.#publicKey));
    const sealedHeights = chain.engine.authority?.finality(chain.head).sealedHeights ?? [];
    if (!isMember || !mayBeSilent(sealedHeights, chain.head.header.height)) return undefined;
    const silent = silentMember(participation.members(), admission === "open-lan");
    return silent && !bytesEqual(silent.publicKey, this.#publicKey) ? silent : undefined;
  }

  #hasVoted({ publicKey }: MemberWork): boolean {
    const { caster, chain } = this.#modules;
    const wish = { action: authorityActions.remove, authority: publicKey };
    if (caster.hasCast(wish) || caster.waiting().some((vote) => isFor(vote, wish))) return true;
    const ballots = chain.engine.authority?.finality(chain.head).ballots ?? [];
    return ballots.filter(({ voter }) => bytesEqual(voter, this.#publicKey)).length >= ballotsPerVoterMax;
  }

  async #cast({ publicKey, idleBlocks, admittedAt }: MemberWork): Promise<void> {
    const { caster, chain, logger } = this.#modules;
    const address = addressOf(publicKey);
    const expiresAtHeight = chain.head.header.height + removalBlocks;
    const vote = {
      action: authorityActions.remove,
      authority: publicKey,
      expiresAtHeight,
      consent: noConsent,
    };
    try {
      const cast = await caster.cast(vote);
      if (cast.ok) {
        const since = admittedAt === undefined ? "" : " since its admission";
        const text = `voted to remove an authority that has neither sealed nor voted${since}; it comes back by operators' votes only`;
        logger.warn({ address, idleBlocks, id: cast.value }, text);
      } else
        logger.debug({ address, fault: describeFault(cast.fault) }, "no vote against a silent authority");
    } catch (thrown) {
      logger.error({ error: toError(thrown), key: toHex(publicKey) }, "a vote could not be submitted");
    }
  }
}
