/** What the page of the tests is given besides the client itself: the ports and the comparison with their vectors. */
import * as hex from "../../src/base/hex/native.ts";
import * as crypto from "../../src/protocol/crypto/native.ts";
import { meetsConditions } from "../../src/protocol/signing.ts";
import { type PortVectors, portMismatches } from "../protocol/port-vectors.ts";

export * from "../../src/client/index.ts";

export function mismatches(vectors: PortVectors): string[] {
  return portMismatches(vectors, { crypto, hex, meetsConditions });
}
