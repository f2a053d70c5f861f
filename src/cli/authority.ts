/** `aurex-node authority`: who seals a Proof of Authority chain, and votes on who shall. */

import type { AuthoritiesAnswer, AuthorityAction, VoteBody } from "../api/consensus.ts";
import type { SubmitAnswer } from "../api/transactions.ts";
import { shortened } from "../base/text-table.ts";
import { visibleText } from "../base/visible-text.ts";
import type { ApiClient } from "../client/api-client.ts";
import { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import { fieldList, wrapped } from "./field-list.ts";
import { duration, oneOf, wholeNumber } from "./flag-values.ts";
import { withPlace } from "./place/follow-up.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";
import { agoText, localTime } from "./time-text.ts";
import { voteOutlook } from "./vote-outlook.ts";

type Flags = ApiFlags & JsonFlag;

export function authorityCommand(terminal: Terminal): AurexCommand {
  const authority = new AurexCommand("authority", terminal)
    .description(
      "Who seals the chain of a running Proof of Authority node, and this node's votes on who shall. A change passes with the votes of more than half of the authorities, and is in force once the block that it passed in is final.",
    )
    .examples(
      "aurex-node authority list",
      "aurex-node authority vote add aurex1…",
      "aurex-node authority open --for 10m",
    );
  for (const command of [
    listCommand(terminal),
    proposeCommand(terminal),
    voteCommand(terminal),
    openCommand(terminal),
    leaveCommand(terminal),
  ])
    authority.addCommand(addJsonFlag(addApiFlags(command)));
  return authority;
}

function listCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("list", terminal)
    .summary("show authorities, candidates and open votes")
    .description("Show the authorities, who asks to become one, and what is being voted on.")
    .examples("aurex-node authority list", "aurex-node authority list --json | jq .candidates")
    .runs(async (flags: Flags) => {
      const client = await connect(flags, terminal);
      const answer = await client.authorities();
      if (flags.json) writeJson(terminal, answer);
      else terminal.stdout.write(listText(answer, terminal.columns));
    });
}

/** An address has 64 letters and is there to be copied: whatever else is known of it stands on the next line. */
function listText(answer: AuthoritiesAnswer, columns: number): string {
  const { authorities, candidates, ballots, inFlight, slashed } = answer;
  const nowMs = Date.now();
  const section = (title: string, entries: readonly (readonly [line: string, about: string])[]) =>
    entries.length === 0
      ? ""
      : `\n${title}\n${entries.flatMap(([line, about]) => [`  ${visibleText(line)}`, ...wrapped(visibleText(about), columns - 6).map((text) => `      ${text}`)]).join("\n")}\n`;
  const terms = fieldList(
    {
      admission: answer.admission,
      "join window": answer.joinWindowEndsAtMs === null ? undefined : windowText(answer.joinWindowEndsAtMs),
      "finality needs": `${answer.quorum} of ${authorities.length}`,
      "a change needs": `${answer.majority} of ${authorities.length} votes`,
      "in flight": inFlight ? `${inFlight.action} ${inFlight.address}` : undefined,
      slashed: slashed.map(({ address, why }) => `${address}: ${why}`),
    },
    columns,
  );
  return [
    terms,
    section(
      "Authorities",
      authorities.map(({ address, name, lastHeardMs, sealedHeight, self }) => {
        const heard = lastHeardMs === null ? "never heard" : `heard ${agoText(lastHeardMs, nowMs)}`;
        const about = [self ? "" : heard, `last sealed block ${sealedHeight}`].filter((part) => part !== "");
        return [
          `${address}  ${self ? "this node" : shortened(name ?? "", columns - 68, "end")}`.trimEnd(),
          about.join(", "),
        ];
      }),
    ),
    section(
      "Candidates",
      candidates.map(({ address, name, height, waitingBecause }) => [
        `${address}  ${shortened(name, columns - 68, "end")}`.trimEnd(),
        `at height ${height}; ${waitingBecause === null ? "this node voted for it" : `not voted for: ${waitingBecause}`}`,
      ]),
    ),
    section(
      "Open votes",
      ballots.map(({ voter, action, address, expiresAtHeight }) => [
        `${action} ${address}`,
        `by ${voter} until block ${expiresAtHeight}`,
      ]),
    ),
  ].join("");
}

function windowText(endsAtMs: number): string {
  const isOpen = endsAtMs > Date.now();
  return `${isOpen ? "open until" : "closed since"} ${localTime(endsAtMs)} (${agoText(endsAtMs, Date.now())})`;
}

function proposeCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("propose", terminal)
    .summary("ask to become an authority")
    .description(
      "Print this node's consent to become an authority, for those who vote. A connected authority hears of it by itself; the consent is for one that is not.",
    )
    .examples("aurex-node authority propose", "aurex-node authority propose --json")
    .runs(async (flags: Flags) => {
      const client = await connect(flags, terminal);
      const answer = await client.proposeAuthority();
      if (flags.json) return writeJson(terminal, answer);
      const { address, consent, expiresAtHeight } = answer;
      const vote = `aurex-node authority vote add ${address} --consent ${consent} --expires ${expiresAtHeight}`;
      terminal.stdout.write(
        fieldList({
          address,
          "good until height": expiresAtHeight,
          "each authority votes with": vote,
        }),
      );
    });
}

interface VoteFlags extends Flags {
  readonly consent?: string;
  readonly expires?: number;
}

function voteCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("vote", terminal)
    .summary("vote to add or remove an authority")
    .description(
      "Have the node cast its vote to add or remove an authority. Nobody is added against their will: the node knows the consent of who asks it, and takes that of others with --consent.",
    )
    .argument("<action>", "add or remove", oneOf("add", "remove"))
    .argument("<address>", "address of the authority or candidate")
    .option("--consent <hex>", "the candidate's consent, from aurex-node authority propose")
    .option("--expires <height>", "last height at which the vote counts; goes with the consent", wholeNumber)
    .examples(
      "aurex-node authority vote add aurex1…",
      "aurex-node authority vote add aurex1… --consent HEX --expires 1234",
      "aurex-node authority vote remove aurex1…",
    )
    .runs(async (action: AuthorityAction, address: string, flags: VoteFlags) => {
      const client = await connect(flags, terminal);
      const voted = await client.voteOnAuthority(voteOf(action, address, flags));
      const [set, { advice }] = await Promise.all([client.authorities(), client.node()]);
      const { canPass, lines } = voteOutlook(action, address, set, advice);
      const answer = { ...voted, canPass, outlook: lines };
      showVote(answer, flags, terminal, [`voted to ${action} ${address}`, ...lines]);
    });
}

function voteOf(action: AuthorityAction, address: string, { consent, expires }: VoteFlags): VoteBody {
  if (action === "add" && (consent === undefined) !== (expires === undefined)) {
    throw usageError(
      "--consent and --expires go together",
      "a consent is good up to the height that it was signed for",
      "copy both from aurex-node authority propose, or leave both out for a node that asks by itself",
    );
  }
  if (consent !== undefined && !/^[0-9a-f]{128}$/i.test(consent)) {
    throw usageError(
      "--consent is no consent",
      "it must be 128 hex digits",
      "copy it again from aurex-node authority propose",
    );
  }
  return {
    action,
    address,
    ...(consent === undefined ? {} : { consent }),
    ...(expires === undefined ? {} : { expiresAtHeight: expires }),
  };
}

function openCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("open", terminal)
    .summary("open the join window")
    .description(
      "Have the node vote by itself for nodes of this LAN that ask to become authorities, for some time from now (admission policy open-lan). More than half of the authorities have to be open for a newcomer to get in.",
    )
    .requiredOption("--for <duration>", "e.g. 90s, 10m or 2h; a day at most", duration(1, 86_400_000))
    .examples("aurex-node authority open --for 10m")
    .runs(async (flags: Flags & { readonly for: number }) => {
      const client = await connect(flags, terminal);
      const answer = await client.openJoinWindow(flags.for);
      if (flags.json) return writeJson(terminal, answer);
      writeLine(terminal, `the join window is ${windowText(answer.joinWindowEndsAtMs)}`);
    });
}

function leaveCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("leave", terminal)
    .summary("step down as an authority")
    .description(
      "Have the node vote itself out. That passes without other votes. The node goes on sealing until the block with the vote is final, and then only follows the chain.",
    )
    .examples("aurex-node authority leave")
    .runs(async (flags: Flags) => {
      const client = await connect(flags, terminal);
      const { address } = await client.node();
      await refuseToLeave(client);
      const voted = await client.voteOnAuthority({ action: "remove", address });
      showVote(voted, flags, terminal, [
        `${address} leaves the authorities`,
        "it seals until the block with its vote is final, then it only follows the chain: keep it running until aurex-node status says so",
        "started again with --authority it asks to be let in again, and comes back if the operators of more than half of the authorities run aurex-node authority vote add; start it without --authority to stay out",
      ]);
    });
}

async function refuseToLeave(client: ApiClient): Promise<void> {
  const { authorities } = await client.authorities();
  if (!authorities.some(({ self }) => self)) {
    throw usageError(
      "this node is no authority",
      "there is nothing to leave",
      "aurex-node authority list shows the authorities",
      "authority/not-an-authority",
    );
  }
  if (authorities.length > 1) return;
  throw usageError(
    "the last authority cannot leave",
    "nobody could seal a block any more, and nobody could be let in",
    "let another node in first (aurex-node authority open --for 10m, or vote add), then leave",
    "authority/last-one",
  );
}

/** The transaction's id first, for scripts that take one line. */
function showVote(voted: SubmitAnswer, flags: Flags, terminal: Terminal, lines: readonly string[]): void {
  if (flags.json) writeJson(terminal, voted);
  else for (const line of [voted.id, ...lines]) writeLine(terminal, withPlace(line, flags));
}
