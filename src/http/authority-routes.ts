/** The routes about the authorities of a chain: who they are, who wants to be one, and this node's own votes. */

import type { FastifyInstance } from "fastify";
import { getAuthorities, postAuthorityVote, postCandidacy, postJoinWindow } from "../api/consensus.ts";
import { fromHex } from "../base/bytes.ts";
import type { Result } from "../base/result.ts";
import type { AdmissionFault } from "../mempool/admission.ts";
import { publicKeyOfAddress } from "../protocol/identity.ts";
import { ApiError } from "./api-error.ts";
import type { AuthorityControl, AuthorityControlFault } from "./authority-control.ts";
import { refusalOf } from "./refusals.ts";
import { answered, serveRoute } from "./serve-route.ts";

/** @param control undefined where the chain has no authorities */
export function addAuthorityRoutes(app: FastifyInstance, control: AuthorityControl | undefined): void {
  serveRoute(app, getAuthorities, () => required(control).view());

  serveRoute(app, postAuthorityVote, async ({ body }) => {
    const { action, address, consent, expiresAtHeight } = body;
    const voted = await required(control).vote({
      action,
      authority: keyOf(address),
      ...(consent === undefined ? {} : { consent: fromHex(consent, 64) as Uint8Array }),
      ...(expiresAtHeight === undefined ? {} : { expiresAtHeight }),
    });
    return answered(202, { id: answerOf(voted), status: "pending" });
  });

  serveRoute(app, postJoinWindow, ({ body }) => ({
    joinWindowEndsAtMs: answerOf(required(control).open(body.forMs)),
  }));

  serveRoute(app, postCandidacy, () => answerOf(required(control).propose()));
}

function required(control: AuthorityControl | undefined): AuthorityControl {
  if (control) return control;
  throw new ApiError(
    409,
    "authority/not-proof-of-authority",
    "this node is on a Proof of Work chain, which has no authorities",
    "ask a node that was started with --consensus poa",
  );
}

function keyOf(address: string): Uint8Array {
  const key = fromHex(address, 32) ?? publicKeyOfAddress(address);
  if (key) return key;
  throw new ApiError(
    400,
    "api/address-invalid",
    `${address} is no address: a letter is wrong or missing`,
    "copy the whole address again; aurex-node authority list shows those of authorities and candidates",
  );
}

function answerOf<Value>(result: Result<Value, AuthorityControlFault | AdmissionFault>): Value {
  if (result.ok) return result.value;
  throw errorOf(result.fault);
}

function errorOf(fault: AuthorityControlFault | AdmissionFault): ApiError {
  switch (fault.code) {
    case "authority/not-an-authority":
      return new ApiError(
        409,
        fault.code,
        "this node is no authority of the chain, so its vote would not count",
        "run the command on the machine of an authority; aurex-node authority list shows them",
      );
    case "authority/consent-missing":
      return new ApiError(
        422,
        fault.code,
        `${fault.address} does not ask this node to become an authority, and nobody is made one against their will`,
        "run aurex-node authority propose on its machine, and vote with the --consent and --expires that it prints",
      );
    case "authority/window-not-used":
      return new ApiError(
        409,
        fault.code,
        `the network's admission policy is ${fault.admission}: only open-lan has a join window`,
        fault.admission === "token"
          ? "aurex-node invite prints a token for the machine that is to join"
          : "aurex-node authority list shows who asks, aurex-node authority vote add ADDRESS votes",
      );
    case "authority/not-started-as-one":
      return new ApiError(
        409,
        fault.code,
        "this node was not started to be an authority: it would seal nothing",
        "start it with --authority",
      );
    case "authority/already-one":
      return new ApiError(409, fault.code, "this node is an authority already", "nothing: it is done");
    case "authority/put-out-for-good":
      return new ApiError(
        409,
        fault.code,
        "evidence has put this node's key out for good: it signed what no honest authority signs",
        "start with a new key: another --data-dir or --name",
      );
    default: {
      const { status, message, next } = refusalOf(fault);
      return new ApiError(status, fault.code, message, next);
    }
  }
}
