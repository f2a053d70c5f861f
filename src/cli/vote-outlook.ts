/** What will become of a vote on the set of authorities, as far as the node knows. */
import type { AuthoritiesAnswer, AuthorityAction } from "../api/consensus.ts";
import type { Advice } from "../api/node-status.ts";

export interface VoteOutlook {
  readonly canPass: boolean;
  /** For people. */
  readonly lines: readonly string[];
}

/**
 * @param advice of the node that voted
 * @param address of the authority or candidate that the vote is about
 */
export function voteOutlook(
  action: AuthorityAction,
  address: string,
  { authorities, majority }: Pick<AuthoritiesAnswer, "authorities" | "majority">,
  advice: readonly Advice[],
): VoteOutlook {
  const count = authorities.length;
  const stuck = advice.find(({ code }) => code === "finality");
  if (stuck) {
    const lines = [
      `as things stand it cannot come into force: ${stuck.what}`,
      stuck.why,
      `next: ${stuck.next}`,
    ];
    return { canPass: false, lines };
  }
  const others = authorities.filter((authority) => authority.address !== address).length;
  const isOwn = authorities.some((authority) => authority.self && authority.address === address);
  if (action === "remove" && !isOwn && others < majority) {
    return {
      canPass: false,
      lines: [
        `it cannot pass without the vote of ${address} itself: a change needs ${majority} of ${count} votes`,
        "next: run aurex-node authority leave on its machine; if that machine is gone for good, aurex-node doctor has the way out as soon as it is no longer heard",
      ],
    };
  }
  return {
    canPass: true,
    lines: [`it passes with ${majority} of ${count} votes; see aurex-node authority list`],
  };
}
