import { Lan } from "../../src/node/lan/lan.ts";
import { OperatorError } from "../../src/node/operator-error.ts";

/** Why the tests of a LAN are skipped here; false where one can be made. */
export function whyNoLan(): string | false {
  try {
    Lan.open(["probe"]).close();
    return false;
  } catch (thrown) {
    if (thrown instanceof OperatorError) return `${thrown.message}: ${thrown.why}`;
    throw thrown;
  }
}
